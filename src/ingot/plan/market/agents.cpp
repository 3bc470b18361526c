#include "ingot/plan/market/agents.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ingot/base/rng.h"

namespace ingot::market {
namespace {

double profit_of(const Demand& d, const Supply& s, size_t f, const std::vector<double>& price) {
  const auto share = shares(d, price).product;
  double profit = 0, sales = 0;
  for (size_t j = 0; j < price.size(); ++j)
    if (size_t(s.firm[j]) == f) profit += (price[j] - s.cost[j]) * share[j], sales += share[j];
  const bool served = s.capacity.empty() || sales <= s.capacity[f] * (1 + 1e-12);
  return served ? profit : -std::numeric_limits<double>::infinity();
}

bool free_price(const Supply& s, size_t j) { return s.fixed.empty() || std::isnan(s.fixed[j]); }

// Firm f's exact best response: the market in which all other prices are given.
void best_respond(const Demand& d, const Supply& s, size_t f, std::vector<double>& price) {
  Supply alone = s;
  alone.fixed = price;
  if (!alone.capacity.empty())
    for (size_t k = 0; k < alone.capacity.size(); ++k)
      if (k != f) alone.capacity[k] = std::numeric_limits<double>::infinity();
  for (size_t j = 0; j < price.size(); ++j)
    if (size_t(s.firm[j]) == f && free_price(s, j)) alone.fixed[j] = std::nan("");
  SolverConfig solver;
  solver.check_deviations = false;
  const auto answer = solve_prices(d, alone, solver);
  if (answer.status == Status::Converged) price = answer.price;
}

}  // namespace

PriceAgents learn_prices(const Demand& d, const Supply& s, const std::vector<double>& start,
                         const PriceAgentsConfig& config) {
  throw_if_any("market", d.validate());
  throw_if_any("market", s.validate(d));
  require("market", start.size() == s.cost.size(), "start has ", start.size(), " prices, expected ", s.cost.size());
  for (size_t j = 0; j < start.size(); ++j)
    require("market", std::isfinite(start[j]), "start price of product ", j, " is ", start[j],
            ", expected a finite number");
  PriceAgents out;
  out.price = start;
  for (size_t j = 0; j < start.size(); ++j)
    if (!free_price(s, j)) out.price[j] = s.fixed[j];
  out.path.push_back(out.price);
  std::vector<double> step(start.size());
  for (size_t j = 0; j < start.size(); ++j) step[j] = 0.25 * std::max(std::fabs(start[j] - s.cost[j]), 0.1);
  for (out.rounds = 1; out.rounds <= config.max_rounds; ++out.rounds) {
    const auto before = out.price;
    for (size_t f = 0; f < size_t(s.num_firms()); ++f) {
      if (config.rule == PriceRule::BestResponse) {
        best_respond(d, s, f, out.price);
        continue;
      }
      for (size_t j = 0; j < start.size(); ++j) {
        if (size_t(s.firm[j]) != f || !free_price(s, j)) continue;
        const double here = out.price[j], earned = profit_of(d, s, f, out.price);
        bool better = false;
        for (const double sign : {1.0, -1.0}) {
          out.price[j] = here + sign * step[j];
          better = profit_of(d, s, f, out.price) > earned;
          if (better) break;
        }
        if (better) {
          step[j] *= 1.3;
        } else {
          out.price[j] = here;
          step[j] /= 2;
        }
      }
    }
    out.change = 0;
    for (size_t j = 0; j < start.size(); ++j) {
      const double moved = config.rule == PriceRule::BestResponse ? std::fabs(out.price[j] - before[j])
                           : free_price(s, j)                     ? step[j]
                                                                  : 0;
      out.change = std::max(out.change, moved / std::max(std::fabs(out.price[j]), 1e-12));
    }
    out.path.push_back(out.price);
    if (out.change <= config.tolerance) break;
  }
  out.converged = out.change <= config.tolerance;
  out.rounds = std::min(out.rounds, config.max_rounds);
  return out;
}

double LadderAgents::invest_at(const LadderConfig& config, int firm, const std::vector<int>& rungs) const {
  size_t s = 0, scale = 1;
  for (const int w : rungs) s += size_t(w - 1) * scale, scale *= size_t(config.rungs);
  return invest[size_t(firm)][s];
}

LadderAgents learn_ladder(const LadderConfig& c, int max_rounds) {
  throw_if_any("market", c.validate());
  const size_t n = size_t(c.firms), L = size_t(c.rungs);
  double size = 1;
  for (size_t i = 0; i < n; ++i) size *= double(L);
  require("market", n >= 2 && size <= 20000, "the joint states are ", size, " (", L, " rungs, ", n,
          " firms), expected at most 20000 and 2 firms or more; use fewer rungs");
  const size_t S = size_t(size);

  // Static profits by own rung and the sorted rivals', from the same market as the solver's.
  std::vector<std::vector<double>> profit(n, std::vector<double>(S));
  std::vector<std::vector<int>> rungs(S, std::vector<int>(n));
  SolverConfig solver;
  solver.check_deviations = false;
  for (size_t s = 0; s < S; ++s) {
    std::vector<double> quality;
    Supply supply;
    for (size_t k = 0, rest = s; k < n; ++k, rest /= L) {
      rungs[s][k] = int(rest % L) + 1;
      quality.push_back(ladder_quality(c, rungs[s][k]));
      supply.firm.push_back(int32_t(k));
      supply.cost.push_back(c.marginal_cost);
    }
    const auto prices = solve_prices(Demand::logit(quality, 1), supply, solver);
    INGOT_INVARIANT(prices.status == Status::Converged, prices.why);
    for (size_t i = 0; i < n; ++i) profit[i][s] = c.market_size * prices.profit[i];
  }

  LadderAgents a;
  Rng rng(c.seed);
  a.invest.assign(n, std::vector<double>(S));
  a.value = profit;
  for (auto& policy : a.invest)
    for (double& x : policy) x = 5 * rng.uniform();
  for (auto& values : a.value)
    for (double& v : values) v /= 1 - c.discount;

  std::vector<size_t> power(n, 1);
  for (size_t k = 1; k < n; ++k) power[k] = power[k - 1] * L;
  for (a.rounds = 1; a.rounds <= max_rounds; ++a.rounds) {
    a.change = 0;
    for (size_t i = 0; i < n; ++i) {
      // Transitions of the others and the shock do not depend on firm i's choice: [S] lists of (probability, target
      // after own failure, after own success).
      struct Branch {
        double p;
        size_t fail, win;
      };
      std::vector<Branch> branches;
      branches.reserve(S << n);
      for (size_t s = 0; s < S; ++s)
        for (size_t o = 0; o < size_t{1} << n; ++o) {  // bit i: the shock; other bits: success of that rival
          const int shock = int(o >> i & 1);
          double p = shock ? c.depreciation : 1 - c.depreciation;
          size_t to = 0;
          for (size_t k = 0; k < n; ++k) {
            if (k == i) continue;
            const double x = c.effectiveness * a.invest[k][s], win = x / (1 + x);
            const int up = int(o >> k & 1);
            p *= up ? win : 1 - win;
            to += size_t(std::clamp(rungs[s][k] + up - shock, 1, int(L)) - 1) * power[k];
          }
          const auto own = [&](int up) {
            return size_t(std::clamp(rungs[s][i] + up - shock, 1, int(L)) - 1) * power[i];
          };
          branches.push_back({p, to + own(0), to + own(1)});
        }
      auto& value = a.value[i];
      auto& invest = a.invest[i];
      std::vector<double> before = invest;
      for (int sweep = 0; sweep < c.max_iterations; ++sweep) {
        double change = 0;
        for (size_t s = 0; s < S; ++s) {
          double fail = 0, win = 0;
          const Branch* b = branches.data() + (s << n);
          for (size_t o = 0; o < size_t{1} << n; ++o)
            fail += b[o].p * value[b[o].fail], win += b[o].p * value[b[o].win];
          // max_x -x + beta (p(x) win + (1 - p(x)) fail) with p = a x / (1 + a x).
          const double gain = c.discount * c.effectiveness * (win - fail);
          const double x = gain > 1 ? (std::sqrt(gain) - 1) / c.effectiveness : 0;
          const double chance = c.effectiveness * x / (1 + c.effectiveness * x);
          const double v = profit[i][s] - x + c.discount * (chance * win + (1 - chance) * fail);
          change = std::max({change, std::fabs(v - value[s]) / (1 + std::fabs(v)), std::fabs(x - invest[s]) / (1 + x)});
          value[s] = v, invest[s] = x;
        }
        if (change <= c.tolerance) break;
      }
      for (size_t s = 0; s < S; ++s) a.change = std::max(a.change, std::fabs(invest[s] - before[s]) / (1 + invest[s]));
    }
    if (a.change <= 100 * c.tolerance) break;
  }
  a.converged = a.change <= 100 * c.tolerance;
  a.rounds = std::min(a.rounds, max_rounds);
  // Firm i in state s against firm 0 in the state with the rungs of 0 and i exchanged.
  for (size_t i = 1; i < n; ++i)
    for (size_t s = 0; s < S; ++s) {
      auto swapped = rungs[s];
      std::swap(swapped[0], swapped[i]);
      a.asymmetry = std::max(a.asymmetry, std::fabs(a.invest[i][s] - a.invest_at(c, 0, swapped)));
    }
  return a;
}

}  // namespace ingot::market
