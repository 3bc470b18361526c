// BLP from CSV files: columns as PyBLP names them (market_ids, firm_ids, shares, prices, demand_instruments0, ...).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/plan/market/blp.h"

namespace ingot::market {

enum class Instruments { Given, Optimal };
enum class CostForm { Linear, Log };

struct EstimateConfig {
  std::string products, agents, absorb;
  std::vector<std::string> linear = {"prices"}, random, demographics, costs;
  std::vector<double> sigma;            // start values; 0 stays 0
  std::vector<std::vector<double>> pi;  // [random][demographics]
  int nodes = 7;
  int steps = 1;
  Instruments instruments = Instruments::Given;
  CostForm cost_form = CostForm::Linear;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("products", self.products, "CSV, one row a product and market");
    v("agents", self.agents, "CSV with market_ids, weights, nodes0.. and demographics (default: Gauss-Hermite nodes)");
    v("absorb", self.absorb, "column whose fixed effects are taken out, as in product_ids");
    v("linear", self.linear, "columns with one coefficient; 1 is the constant");
    v("random", self.random, "columns with a coefficient that differs among consumers; 1 is the constant");
    v("demographics", self.demographics, "columns of agents that move the random coefficients");
    v("sigma", self.sigma, "start of the standard deviations, one a random column (default 0.5)");
    v("pi", self.pi, "start of the demographic effects, a row for each random column (default 0: none)");
    v("costs", self.costs,
      "columns that marginal cost depends on, for a supply side; 1 is the constant (default: none)");
    v("cost_form", self.cost_form, "what the columns of costs are linear in: linear, the cost; log, its logarithm");
    v("nodes", self.nodes, "Gauss-Hermite nodes of each random coefficient, without agents");
    v("steps", self.steps, "GMM steps: 2 uses efficient weights");
    v("instruments", self.instruments, "given (columns demand_instruments0..) or optimal (a second round with them)");
  }
  Problems validate() const;
};

struct EstimateInput {
  BlpData data;
  Theta start;
  std::vector<std::string> markets, firms, products;  // names; products [N]: product_ids, else row numbers
  std::vector<std::string> linear, random, demographics, costs;
};
// Throws InvalidArgument or NotFound with file, column and row.
EstimateInput read_estimate_input(const EstimateConfig& config, const std::filesystem::path& folder = {});

// What the estimate says about each product and market.
struct EstimateResult {
  BlpEstimate estimate;
  std::vector<double> own_elasticity, cost, lerner;   // [N]
  std::vector<double> market_elasticity, market_hhi;  // [T] mean own elasticity; HHI of the whole market
};
EstimateResult estimate_market(const EstimateInput& input, const EstimateConfig& config);

}  // namespace ingot::market

namespace ingot {
template <>
struct EnumNames<market::Instruments> {
  static constexpr std::pair<const char*, market::Instruments> kValues[] = {{"given", market::Instruments::Given},
                                                                            {"optimal", market::Instruments::Optimal}};
};
template <>
struct EnumNames<market::CostForm> {
  static constexpr std::pair<const char*, market::CostForm> kValues[] = {{"linear", market::CostForm::Linear},
                                                                         {"log", market::CostForm::Log}};
};
}  // namespace ingot
