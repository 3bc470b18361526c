#include "ingot/plan/market/estimate.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ingot/base/csv.h"
#include "ingot/plan/market/calibration.h"
#include "ingot/plan/market/equilibrium.h"

namespace ingot::market {
namespace {

// Numbers in the order in which names first appear.
struct Codes {
  std::vector<std::string> names;
  std::map<std::string, int32_t> index;
  int32_t add(const std::string& name) {
    const auto [at, is_new] = index.emplace(name, int32_t(names.size()));
    if (is_new) names.push_back(name);
    return at->second;
  }
};

double cell(const CsvTable& table, size_t row, const std::string& column) {
  return column == "1" ? 1 : table.number(row, column);
}

// Rows of one market must be neighbours: BlpData counts on it. Stable, so that a sorted file keeps its order.
std::vector<size_t> by_market(const CsvTable& table, Codes& markets, bool known) {
  std::vector<size_t> order(table.rows.size());
  std::vector<int32_t> market(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const std::string& name = table.text(i, "market_ids");
    require("market", !known || markets.index.count(name), table.origin, ":", table.lines[i], ": market_ids is '", name,
            "', which the products do not have");
    order[i] = i, market[i] = markets.add(name);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return market[a] < market[b]; });
  return order;
}

// Product rule of Gauss-Hermite nodes, the same in every market.
void gauss_hermite_agents(BlpData& d, int n) {
  const auto rule = gauss_hermite(n);
  const int64_t T = d.num_markets();
  size_t count = 1;
  for (int64_t k = 0; k < d.K2; ++k) count *= rule.size();
  require("market", count <= 20000, "agents: ", n, " nodes for each of ", d.K2, " random coefficients make ", count,
          " consumers a market, expected at most 20000; give fewer nodes, or agents with draws");
  for (int64_t t = 0; t < T; ++t)
    for (size_t i = 0; i < count; ++i) {
      double weight = 1;
      size_t rest = i;
      for (int64_t k = 0; k < d.K2; ++k) {
        const auto& [z, w] = rule[rest % rule.size()];
        d.nodes.push_back(z), weight *= w, rest /= rule.size();
      }
      d.agent_market.push_back(int32_t(t)), d.agent_weight.push_back(weight);
    }
}

}  // namespace

Problems EstimateConfig::validate() const {
  Problems problems;
  if (steps != 1 && steps != 2) problems.push_back("steps: got " + std::to_string(steps) + ", expected 1 or 2");
  if (nodes < 1 || nodes > 100) problems.push_back("nodes: got " + std::to_string(nodes) + ", expected 1 to 100");
  if (!sigma.empty() && sigma.size() != random.size())
    problems.push_back("sigma: " + std::to_string(sigma.size()) + " values for " + std::to_string(random.size()) +
                       " random columns");
  if (!pi.empty() && pi.size() != random.size())
    problems.push_back("pi: " + std::to_string(pi.size()) + " rows for " + std::to_string(random.size()) +
                       " random columns");
  for (const auto& row : pi)
    if (row.size() != demographics.size())
      problems.push_back("pi: a row has " + std::to_string(row.size()) + " values for " +
                         std::to_string(demographics.size()) + " demographics");
  if (!costs.empty() && instruments == Instruments::Optimal)
    problems.push_back("instruments: got optimal, expected given: optimal instruments are those of demand alone");
  if (std::find(costs.begin(), costs.end(), "prices") != costs.end())
    problems.push_back("costs: prices is among the columns, expected what is known before the price");
  if (std::find(linear.begin(), linear.end(), "prices") == linear.end())
    problems.push_back("linear: prices is missing, expected among the columns; its coefficient is what pricing needs");
  return problems;
}

EstimateInput read_estimate_input(const EstimateConfig& c, const std::filesystem::path& folder) {
  throw_if_any("market", c.validate());
  require("market", !c.products.empty(), "estimate.products is missing, expected a CSV file");
  EstimateInput in;
  BlpData& d = in.data;
  in.linear = c.linear, in.random = c.random, in.demographics = c.demographics, in.costs = c.costs;
  const CsvTable products = read_csv(folder / c.products);
  Codes markets, firms, effects;
  std::vector<std::string> instruments, supply_instruments = c.costs;  // exogenous columns instrument themselves
  for (const auto& name : products.header) {
    if (name.starts_with("demand_instruments")) instruments.push_back(name);
    if (!c.costs.empty() && name.starts_with("supply_instruments")) supply_instruments.push_back(name);
  }
  for (const auto& name : c.linear)
    if (name != "prices") instruments.push_back(name);
  d.K1 = int64_t(c.linear.size()), d.K2 = int64_t(c.random.size()), d.L = int64_t(instruments.size());
  d.K3 = int64_t(c.costs.size()), d.LS = int64_t(supply_instruments.size()), d.log_costs = c.cost_form == CostForm::Log;
  d.D = int64_t(c.demographics.size());
  d.price_in_x1 = std::find(c.linear.begin(), c.linear.end(), "prices") - c.linear.begin();
  const auto at = std::find(c.random.begin(), c.random.end(), "prices");
  d.price_in_x2 = at == c.random.end() ? -1 : at - c.random.begin();
  const bool named = products.has_column("product_ids");
  for (const size_t i : by_market(products, markets, false)) {
    d.market.push_back(markets.add(products.text(i, "market_ids")));
    d.firm.push_back(firms.add(products.text(i, "firm_ids")));
    if (!c.absorb.empty()) d.effect.push_back(effects.add(products.text(i, c.absorb)));
    d.share.push_back(products.number(i, "shares"));
    d.price.push_back(products.number(i, "prices"));
    for (const auto& name : c.linear) d.x1.push_back(cell(products, i, name));
    for (const auto& name : c.random) d.x2.push_back(cell(products, i, name));
    for (const auto& name : instruments) d.z.push_back(cell(products, i, name));
    for (const auto& name : c.costs) d.x3.push_back(cell(products, i, name));
    for (const auto& name : supply_instruments) d.zs.push_back(cell(products, i, name));
    in.products.push_back(named ? products.text(i, "product_ids") : std::to_string(products.lines[i]));
  }
  in.markets = markets.names, in.firms = firms.names;
  if (!c.agents.empty()) {
    const CsvTable agents = read_csv(folder / c.agents);
    for (const size_t i : by_market(agents, markets, true)) {
      d.agent_market.push_back(markets.add(agents.text(i, "market_ids")));
      d.agent_weight.push_back(agents.number(i, "weights"));
      for (int64_t k = 0; k < d.K2; ++k) d.nodes.push_back(agents.number(i, "nodes" + std::to_string(k)));
      for (const auto& name : c.demographics) d.demographics.push_back(agents.number(i, name));
    }
  } else {
    require("market", c.demographics.empty(), "estimate.demographics: got ", c.demographics.size(),
            " columns but no agents, expected a CSV of agents");
    if (d.K2 > 0 || d.K3 > 0) gauss_hermite_agents(d, c.nodes);
  }
  in.start.sigma = c.sigma.empty() ? std::vector<double>(c.random.size(), 0.5) : c.sigma;
  for (const auto& row : c.pi) in.start.pi.insert(in.start.pi.end(), row.begin(), row.end());
  if (c.pi.empty()) in.start.pi.assign(size_t(d.K2 * d.D), 0);
  return in;
}

EstimateResult estimate_market(const EstimateInput& in, const EstimateConfig& c) {
  EstimateResult out;
  const BlpConfig config{.steps = c.steps};
  BlpData data = in.data;
  if (data.K2 == 0 && data.K3 == 0) {
    out.estimate = estimate_logit(data, c.steps == 2);
  } else {
    out.estimate = estimate_blp(data, in.start, config);
    if (c.instruments == Instruments::Optimal) {
      data.z = optimal_instruments(in.data, out.estimate, &data.L);
      out.estimate = estimate_blp(data, out.estimate.theta, config);
    }
  }
  const double alpha = out.estimate.beta[size_t(data.price_in_x1)];
  if (!(alpha < 0)) {
    out.estimate.converged = false;
    out.estimate.why = ingot::detail::join_parts("the price coefficient is ", alpha,
                                                 ", expected < 0: demand would rise with the price; the instruments do "
                                                 "not take out that good products cost more");
  }
  const size_t N = data.share.size();
  out.own_elasticity.resize(N), out.cost.resize(N), out.lerner.resize(N);
  for (int32_t t = 0; t < int32_t(data.num_markets()); ++t) {
    std::vector<int64_t> rows;
    const Demand demand = market_demand(data, out.estimate, t, &rows);
    std::vector<double> price, share;
    Supply supply;
    for (const int64_t row : rows) {
      price.push_back(data.price[size_t(row)]), share.push_back(data.share[size_t(row)]);
      supply.firm.push_back(data.firm[size_t(row)]);
    }
    const auto elasticity = elasticities(demand, price);
    const auto cost = implied_costs(demand, supply, price);
    double mean = 0, inside = 0;
    const size_t J = rows.size();
    for (size_t j = 0; j < J; ++j) {
      const size_t row = size_t(rows[j]);
      out.own_elasticity[row] = elasticity[j * J + j];
      out.cost[row] = cost[j];
      out.lerner[row] = (price[j] - cost[j]) / price[j];
      mean += out.own_elasticity[row] / double(J), inside += share[j];
    }
    out.market_elasticity.push_back(mean);
    out.market_hhi.push_back(hhi(share, supply.firm) * inside * inside);
  }
  return out;
}

}  // namespace ingot::market
