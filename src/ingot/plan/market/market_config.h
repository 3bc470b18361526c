// The TOML form of a market. docs/market-equilibrium.md explains every key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/base/config.h"

namespace ingot::market {

struct MarketSection {
  std::string name = "market", unit = "unit", currency = "USD", period = "month", products;
  double size = 1;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "title of reports");
    v("unit", self.unit, "what one unit is, as in M tokens");
    v("currency", self.currency, "of prices and costs, ISO 4217");
    v("period", self.period, "that size and capacities count");
    v("products", self.products, "CSV with the products, instead of [[products]]");
    v("size", self.size, "units a period that all buyers could buy, the outside option included");
  }
};

enum class ShareBasis { Quantity, Revenue };

struct DemandSection {
  std::optional<double> alpha, elasticity, outside_share;
  std::string elasticity_of = "own";
  ShareBasis shares = ShareBasis::Quantity;
  double rho = 0, quality = 1, sigma_price = 0, sigma_quality = 0;
  int nodes = 15;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("alpha", self.alpha, "price coefficient, > 0; or give an elasticity");
    v("elasticity", self.elasticity, "price elasticity that alpha is calibrated to, < 0");
    v("elasticity_of", self.elasticity_of, "own (share-weighted mean), market, or the name of a product");
    v("outside_share", self.outside_share, "share that buys none of the products; rescales the shares");
    v("shares", self.shares, "quantity or revenue: what the observed shares count");
    v("rho", self.rho, "correlation inside a nest that names none of its own");
    v("quality", self.quality, "utility of one unit of quality");
    v("sigma_price", self.sigma_price, "standard deviation of log price sensitivity");
    v("sigma_quality", self.sigma_quality, "standard deviation of the taste for quality");
    v("nodes", self.nodes, "Gauss-Hermite nodes of each random coefficient");
  }
};

struct NestSection {
  std::string name;
  std::optional<double> rho;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "as products name it");
    v("rho", self.rho, "correlation inside the nest, in [0, 1)");
  }
};

struct SegmentSection {
  std::string name;
  double weight = 1, price_sensitivity = 1, quality_taste = 1, loyalty = 0;
  Json last;  // {firm = share}
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "");
    v("weight", self.weight, "part of the market, in any unit");
    v("price_sensitivity", self.price_sensitivity, "multiplies alpha");
    v("quality_taste", self.quality_taste, "multiplies the utility of quality");
    v("loyalty", self.loyalty, "utility of staying with the firm of last period: the cost of switching");
    v("last", self.last, "share of the segment that each firm served last period (default: observed shares)");
  }
};

struct FirmSection {
  std::string name;
  std::optional<double> capacity, cost;
  bool fringe = false;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "as products name it");
    v("capacity", self.capacity, "units it can serve in a period");
    v("cost", self.cost, "marginal cost of its products that have none");
    v("fringe", self.fringe, "true: price taker, as open weights that anyone may host");
  }
};

struct ProductSection {
  std::string name, firm, tier, channel, nest, serve;
  std::optional<double> price, share, value, cost;
  double quality = 0;
  bool fixed = false;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "");
    v("firm", self.firm, "owner");
    v("tier", self.tier, "as in frontier, small");
    v("channel", self.channel, "as in direct, cloud");
    v("nest", self.nest, "products of a nest replace each other more");
    v("price", self.price, "observed price of a unit");
    v("share", self.share, "observed share");
    v("value", self.value, "utility before price, instead of a share");
    v("cost", self.cost, "marginal cost of a unit; absent: implied by price and share");
    v("serve", self.serve, "serving plan (ingot cost serve) whose cost of a million tokens is the marginal cost");
    v("quality", self.quality, "capability, in units of [demand] quality");
    v("fixed", self.fixed, "true: the price is set from outside");
  }
};

struct MarketConfig {
  MarketSection market;
  DemandSection demand;
  std::vector<NestSection> nests;
  std::vector<SegmentSection> segments;
  std::vector<FirmSection> firms;
  std::vector<ProductSection> products;
  Json scenarios, race, forecast;  // read by the commands of these names
  std::vector<std::string> notes;  // not in the TOML: sources of the default market

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("market", self.market, "names and size");
    v("demand", self.demand, "price coefficient and its calibration");
    v("nests", self.nests, "nests of products");
    v("segments", self.segments, "customer segments");
    v("firms", self.firms, "capacities, costs, fringe");
    v("products", self.products, "what is sold");
    v("scenarios", self.scenarios, "changes that ingot market scenario compares");
    v("race", self.race, "read by ingot market race");
    v("forecast", self.forecast, "read by ingot market forecast");
  }
};

}  // namespace ingot::market

namespace ingot {
template <>
struct EnumNames<market::ShareBasis> {
  static constexpr std::pair<const char*, market::ShareBasis> kValues[] = {{"quantity", market::ShareBasis::Quantity},
                                                                           {"revenue", market::ShareBasis::Revenue}};
};
}  // namespace ingot
