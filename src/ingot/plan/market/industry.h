// A market as a user writes it (TOML, products also as CSV) and what it becomes: consumer types and offers, ready for
// solve_prices. Mean utilities come from observed shares and prices (Berry 1994; Berry, Levinsohn & Pakes 1995,
// eq. 6.8) and the price coefficient from one elasticity, which is the usual case where micro data are missing.
//   u_ij = base_j + b t_i quality_j + phi_i 1{brand_j = firm of last period} - alpha_i p_j + nested eps(rho_g)
//   alpha_i = alpha * price_sensitivity * exp(sigma_price z1),   t_i = quality_taste + sigma_quality z2
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/base/toml.h"
#include "ingot/plan/market/equilibrium.h"
#include "ingot/plan/market/market_config.h"

namespace ingot::market {

// A segment, split by random coefficients and by the firm of last period.
struct ConsumerType {
  double weight = 0, alpha = 0, quality_taste = 1, loyalty = 0;
  int32_t last = -1;  // firm of last period; -1: none
  int32_t segment = 0;
};

// One product of the market.
struct Offer {
  std::string name, tier, channel;
  int32_t firm = 0;   // owner: sets the price
  int32_t brand = 0;  // firm that buyers are loyal to; a merger changes the owner only
  int32_t nest = -1;
  double base = 0;  // base_j
  double quality = 0;
  double cost = 0;
  bool cost_implied = false;           // by the first-order conditions at observed prices
  std::optional<double> fixed_price;   // open-weights fringe
  std::optional<double> price, share;  // observed; the share is of the whole market
};

struct Industry {
  std::string name, unit, currency, period;
  double size = 1;                   // units a period that the market could buy, the outside option included
  double alpha = 0;                  // median price coefficient at price_sensitivity 1
  double quality_weight = 1;         // b
  std::optional<double> elasticity;  // reached by the calibration
  std::vector<std::string> firms, segments, nests;
  std::vector<double> rho;       // [G]
  std::vector<double> capacity;  // [F] in units a period, infinity: none
  std::vector<ConsumerType> types;
  std::vector<Offer> offers;
  std::vector<std::string> notes;  // assumptions and sources that a reader must know

  Demand demand() const;
  Supply supply() const;
  int32_t firm_index(const std::string& name) const;  // throws NotFound with the nearest name
  size_t offer_index(const std::string& name) const;
};

// Throws InvalidArgument that names every wrong value. `folder`: where relative paths of the config start.
Industry build_industry(const MarketConfig& config, const std::filesystem::path& folder = {});
Industry read_industry(const Document& document, const std::filesystem::path& folder = {});
// The LLM API market of facts/market_llm_api.csv and facts/market_parameters.csv.
MarketConfig default_market();

// base_j at which `industry` has the observed shares; false when the contraction does not converge. Closed form for one
// consumer type, damped by 1 - rho in nests (Grigolon & Verboven 2014).
bool invert_shares(Industry& industry);
// Share-weighted mean of own-price elasticities, of all inside sales to one common price change, or of one product.
double elasticity_at(const Industry& industry, const std::vector<double>& prices, const std::string& which);

}  // namespace ingot::market
