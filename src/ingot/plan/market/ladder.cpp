#include "ingot/plan/market/ladder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "ingot/base/rng.h"
#include "ingot/plan/market/equilibrium.h"

namespace ingot::market {
namespace {

// All (own, sorted rivals) states and where each rival's own view of a state is.
struct States {
  explicit States(int firms, int rungs) : n(firms), L(rungs) {
    std::vector<int> rivals(size_t(n - 1), 1);
    for (int own = 1; own <= L; ++own) {
      std::fill(rivals.begin(), rivals.end(), 1);
      for (;;) {
        index.emplace(key(own, rivals), states.size());
        std::vector<int> state{own};
        state.insert(state.end(), rivals.begin(), rivals.end());
        states.push_back(state);
        int i = n - 2;  // next non-decreasing vector
        while (i >= 0 && rivals[size_t(i)] == L) --i;
        if (i < 0) break;
        const int next = rivals[size_t(i)] + 1;
        for (size_t k = size_t(i); k < rivals.size(); ++k) rivals[k] = next;
      }
    }
  }
  uint64_t key(int own, const std::vector<int>& rivals) const {
    uint64_t k = uint64_t(own);
    for (const int r : rivals) k = k * uint64_t(L + 1) + uint64_t(r);
    return k;
  }
  size_t at(int own, std::vector<int> rivals) const {
    std::sort(rivals.begin(), rivals.end());
    return index.at(key(own, rivals));
  }
  int n, L;
  std::vector<std::vector<int>> states;  // own first
  std::map<uint64_t, size_t> index;
};

double success(const LadderConfig& c, double x) { return c.effectiveness * x / (1 + c.effectiveness * x); }

int clamp_rung(int rung, int L) { return std::clamp(rung, 1, L); }

// x that maximises -x + beta (p(x) W(success) + (1 - p(x)) W(failure)).
double best_investment(const LadderConfig& c, double on_success, double on_failure) {
  const double gain = on_success - on_failure;
  if (!(gain > 0)) return 0;
  return std::max(0.0, (std::sqrt(c.discount * c.effectiveness * gain) - 1) / c.effectiveness);
}

double value_of(const LadderConfig& c, double profit, double x, const std::array<double, 2>& w) {
  const double p = success(c, x);
  return profit - x + c.discount * (p * w[1] + (1 - p) * w[0]);
}

// Where each state's transitions lead; built once, since sweeps visit them thousands of times.
struct Transitions {
  // For state s: rival r sees the industry as state rival_view[s][r]. Outcome o counts in bits: bit 0 the common shock,
  // bit r + 1 the success of rival r; target[s][o][m] is the state after it when the own success is m.
  std::vector<std::vector<size_t>> rival_view;
  std::vector<std::vector<std::array<size_t, 2>>> target;

  explicit Transitions(const States& space) {
    const int rivals = space.n - 1;
    for (const auto& state : space.states) {
      const std::vector<int> others(state.begin() + 1, state.end());
      std::vector<size_t> views;
      for (int r = 0; r < rivals; ++r) {
        std::vector<int> seen = others;
        seen[size_t(r)] = state[0];
        views.push_back(space.at(others[size_t(r)], seen));
      }
      rival_view.push_back(views);
      std::vector<std::array<size_t, 2>> to;
      for (int o = 0; o < 2 << rivals; ++o) {
        const int shock = o & 1;
        std::vector<int> moved = others;
        for (int r = 0; r < rivals; ++r)
          moved[size_t(r)] = clamp_rung(moved[size_t(r)] + (o >> (r + 1) & 1) - shock, space.L);
        to.push_back({space.at(clamp_rung(state[0] - shock, space.L), moved),
                      space.at(clamp_rung(state[0] + 1 - shock, space.L), moved)});
      }
      target.push_back(to);
    }
  }

  // Expected value after own failure and success, over the shock and the rivals' successes.
  std::array<double, 2> expect(const LadderConfig& c, size_t s, const std::vector<double>& value,
                               const std::vector<double>& invest) const {
    std::array<double, 2> w{};
    const size_t rivals = rival_view[s].size();
    std::array<double, 3> chance{};
    for (size_t r = 0; r < rivals; ++r) chance[r] = success(c, invest[rival_view[s][r]]);
    for (size_t o = 0; o < target[s].size(); ++o) {
      double p = o & 1 ? c.depreciation : 1 - c.depreciation;
      for (size_t r = 0; r < rivals; ++r) p *= o >> (r + 1) & 1 ? chance[r] : 1 - chance[r];
      for (size_t m = 0; m < 2; ++m) w[m] += p * value[target[s][o][m]];
    }
    return w;
  }
};

void static_profits(const LadderConfig& c, const States& space, LadderEquilibrium& e) {
  SolverConfig solver;
  solver.check_deviations = false;
  for (const auto& state : space.states) {
    std::vector<double> quality;
    Supply supply;
    for (size_t f = 0; f < state.size(); ++f) {
      quality.push_back(ladder_quality(c, state[f]));
      supply.firm.push_back(int32_t(f));
      supply.cost.push_back(c.marginal_cost);
    }
    const auto prices = solve_prices(Demand::logit(quality, 1), supply, solver);
    INGOT_INVARIANT(prices.status == Status::Converged, prices.why);
    e.profit.push_back(c.market_size * prices.profit[0]);
    e.price.push_back(prices.price[0]);
  }
}

// Largest relative Bellman and best-response residual of what was found.
double residual_of(const LadderConfig& c, const Transitions& transitions, const LadderEquilibrium& e) {
  double worst = 0;
  for (size_t s = 0; s < e.profit.size(); ++s) {
    const auto w = transitions.expect(c, s, e.value, e.invest);
    const double v = value_of(c, e.profit[s], e.invest[s], w);
    worst = std::max({worst, std::fabs(v - e.value[s]) / (1 + std::fabs(v)),
                      std::fabs(best_investment(c, w[1], w[0]) - e.invest[s]) / (1 + e.invest[s])});
  }
  return worst;
}

// One Gauss-Seidel solution from the values and policies in `e`. A small last step is not yet a small residual.
void iterate(const LadderConfig& c, const Transitions& transitions, LadderEquilibrium& e) {
  const size_t S = e.profit.size();
  for (e.iterations = 1; e.iterations <= c.max_iterations; ++e.iterations) {
    double change = 0;
    for (size_t s = 0; s < S; ++s) {
      const auto w = transitions.expect(c, s, e.value, e.invest);
      const double x = best_investment(c, w[1], w[0]);
      const double v = value_of(c, e.profit[s], x, w);
      change = std::max({change, std::fabs(v - e.value[s]) / (1 + std::fabs(v)), std::fabs(x - e.invest[s]) / (1 + x)});
      e.value[s] = v;
      e.invest[s] = x;
    }
    if (change <= c.tolerance && residual_of(c, transitions, e) <= 10 * c.tolerance) break;
  }
  e.iterations = std::min(e.iterations, c.max_iterations);
  e.residual = residual_of(c, transitions, e);
  e.converged = e.residual <= 10 * c.tolerance;
}

}  // namespace

Problems LadderConfig::validate() const {
  Problems problems;
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  if (firms < 1) complain("firms: got ", firms, ", expected at least 1");
  if (rungs < 2) complain("rungs: got ", rungs, ", expected at least 2");
  if (!(discount > 0 && discount < 1)) complain("discount: got ", discount, ", expected in (0, 1)");
  if (!(effectiveness > 0)) complain("effectiveness: got ", effectiveness, ", expected > 0");
  if (!(depreciation >= 0 && depreciation <= 1)) complain("depreciation: got ", depreciation, ", expected in [0, 1]");
  if (!(market_size > 0 && std::isfinite(market_size))) complain("market_size: got ", market_size, ", expected > 0");
  if (!(marginal_cost >= 0 && std::isfinite(marginal_cost)))
    complain("marginal_cost: got ", marginal_cost, ", expected >= 0");
  // 12 + log(2 - exp(16 - 3 w)) has no value below rung 6.
  if (knee < 5 && rungs > knee) complain("knee: got ", knee, ", expected at least 5, or at least the rungs ", rungs);
  if (!(tolerance > 0 && tolerance < 1)) complain("tolerance: got ", tolerance, ", expected in (0, 1)");
  if (max_iterations < 1) complain("max_iterations: got ", max_iterations, ", expected at least 1");
  if (starts < 1) complain("starts: got ", starts, ", expected at least 1");
  return problems;
}

double ladder_quality(const LadderConfig& config, int rung) {
  return rung <= config.knee ? 3 * rung - 4 : 12 + std::log(2 - std::exp(16 - 3.0 * rung));
}

size_t LadderEquilibrium::state(int own, std::vector<int> rivals) const {
  std::sort(rivals.begin(), rivals.end());
  return States(config.firms, config.rungs).at(own, std::move(rivals));
}

LadderEquilibrium solve_ladder(const LadderConfig& c) {
  throw_if_any("market", c.validate());
  require("market", c.firms >= 2 && c.firms <= 4, "firms is ", c.firms,
          ", expected 2 to 4 for the Markov-perfect equilibrium; use the oblivious one for more");
  const States space(c.firms, c.rungs);
  const Transitions transitions(space);
  LadderEquilibrium best, first;
  best.config = c;
  best.states = space.states;
  static_profits(c, space, best);
  std::vector<LadderEquilibrium> distinct;
  for (int start = 0; start < c.starts; ++start) {
    LadderEquilibrium e = best;
    Rng rng(c.seed, uint64_t(start));
    e.value.resize(space.states.size());
    e.invest.assign(space.states.size(), 0);
    for (size_t s = 0; s < e.value.size(); ++s) {
      e.value[s] = e.profit[s] / (1 - c.discount);
      if (start > 0) e.value[s] *= 2 * rng.uniform(), e.invest[s] = 5 * rng.uniform();
    }
    iterate(c, transitions, e);
    const bool known = std::any_of(distinct.begin(), distinct.end(), [&](const LadderEquilibrium& other) {
      double gap = 0;
      for (size_t s = 0; s < other.invest.size(); ++s)
        gap = std::max(gap, std::fabs(other.invest[s] - e.invest[s]) / (1 + e.invest[s]));
      return gap < 1e-6;
    });
    if (e.converged && !known) distinct.push_back(e);
    if (start == 0 && !e.converged) first = std::move(e);
  }
  if (distinct.empty()) {
    first.num_equilibria = 0;
    return first;
  }
  best = distinct.front();
  best.num_equilibria = int(distinct.size());
  best.others.assign(distinct.begin() + 1, distinct.end());
  return best;
}

std::vector<double> ergodic(const LadderEquilibrium& e, int from) {
  const auto& c = e.config;
  require("market", from >= 1 && from <= c.rungs, "from is ", from, ", expected a rung, 1 to ", c.rungs);
  const States space(c.firms, c.rungs);
  const Transitions transitions(space);
  std::vector<double> now(space.states.size(), 0), next;
  now[space.at(from, std::vector<int>(size_t(c.firms - 1), from))] = 1;
  for (int iteration = 0; iteration < 100000; ++iteration) {
    next.assign(now.size(), 0);
    for (size_t s = 0; s < now.size(); ++s) {
      if (now[s] == 0) continue;
      const double own = success(c, e.invest[s]);
      for (size_t o = 0; o < transitions.target[s].size(); ++o) {
        double p = now[s] * (o & 1 ? c.depreciation : 1 - c.depreciation);
        for (size_t r = 0; r < transitions.rival_view[s].size(); ++r) {
          const double chance = success(c, e.invest[transitions.rival_view[s][r]]);
          p *= o >> (r + 1) & 1 ? chance : 1 - chance;
        }
        next[transitions.target[s][o][0]] += p * (1 - own);
        next[transitions.target[s][o][1]] += p * own;
      }
    }
    double change = 0;
    for (size_t s = 0; s < now.size(); ++s) change = std::max(change, std::fabs(next[s] - now[s]));
    now.swap(next);
    if (change < 1e-15) break;
  }
  return now;
}

LadderSummary summarize(const LadderEquilibrium& e) {
  const auto weight = ergodic(e);
  LadderSummary out;
  out.rungs.assign(size_t(e.config.rungs), 0);
  for (size_t s = 0; s < weight.size(); ++s) {
    const int own = e.states[s][0];
    out.rung += weight[s] * own;
    out.invest += weight[s] * e.invest[s];
    out.price += weight[s] * e.price[s];
    out.profit += weight[s] * e.profit[s];
    out.value += weight[s] * e.value[s];
    out.lead += weight[s] * std::max(0, own - e.states[s].back());
    out.rungs[size_t(own - 1)] += weight[s];
  }
  return out;
}

std::vector<double> ergodic_duopoly(const LadderEquilibrium& e) {
  require("market", e.config.firms == 2, "firms is ", e.config.firms, ", expected 2");
  const int L = e.config.rungs;
  const States space(2, L);
  std::vector<double> invest(size_t(L * L)), now(size_t(L * L), 1.0 / (L * L)), next;
  for (int a = 1; a <= L; ++a)
    for (int b = 1; b <= L; ++b) invest[size_t((a - 1) * L + b - 1)] = e.invest[space.at(a, {b})];
  for (int iteration = 0; iteration < 100000; ++iteration) {
    next.assign(now.size(), 0);
    for (int a = 1; a <= L; ++a)
      for (int b = 1; b <= L; ++b) {
        const double p1 = success(e.config, invest[size_t((a - 1) * L + b - 1)]);
        const double p2 = success(e.config, invest[size_t((b - 1) * L + a - 1)]);
        for (int o = 0; o < 8; ++o) {
          const int shock = o & 1, first = o >> 1 & 1, second = o >> 2;
          const double p = (shock ? e.config.depreciation : 1 - e.config.depreciation) * (first ? p1 : 1 - p1) *
                           (second ? p2 : 1 - p2);
          next[size_t((clamp_rung(a + first - shock, L) - 1) * L + clamp_rung(b + second - shock, L) - 1)] +=
              now[size_t((a - 1) * L + b - 1)] * p;
        }
      }
    double change = 0;
    for (size_t s = 0; s < now.size(); ++s) change = std::max(change, std::fabs(next[s] - now[s]));
    now.swap(next);
    if (change < 1e-16) break;
  }
  return now;
}

ObliviousEquilibrium solve_oblivious(const LadderConfig& c) {
  throw_if_any("market", c.validate());
  const int L = c.rungs;
  ObliviousEquilibrium e;
  e.share_of_firms.assign(size_t(L), 1.0 / L);
  e.value.assign(size_t(L), 0);
  e.invest.assign(size_t(L), 0);
  e.profit.resize(size_t(L));
  SolverConfig solver;
  solver.check_deviations = false;
  double step = 0.5, previous = INFINITY;
  for (e.iterations = 1; e.iterations <= 2000; ++e.iterations) {
    // A firm at rung w against n - 1 rivals spread as the long-run average: rivals at a rung price alike, so each rung
    // is one product whose utility carries the log of the expected number of rivals there.
    for (int w = 1; w <= L; ++w) {
      std::vector<double> quality{ladder_quality(c, w)};
      Supply supply{{0}, {c.marginal_cost}, {std::nan("")}, {}};
      for (int r = 1; r <= L; ++r) {
        const double count = (c.firms - 1) * e.share_of_firms[size_t(r - 1)];
        if (count < 1e-12) continue;
        quality.push_back(ladder_quality(c, r) + std::log(count));
        supply.firm.push_back(int32_t(supply.firm.size()));
        supply.cost.push_back(c.marginal_cost);
        supply.fixed.push_back(c.marginal_cost + 1);  // price takers' markup 1 / alpha, the limit of many firms
      }
      e.profit[size_t(w - 1)] = c.market_size * solve_prices(Demand::logit(quality, 1), supply, solver).profit[0];
    }
    // Best response to that: a one-agent problem.
    for (int sweep = 0; sweep < c.max_iterations; ++sweep) {
      double change = 0;
      for (int w = 0; w < L; ++w) {
        const double up = e.value[size_t(std::min(w + 1, L - 1))], stay = e.value[size_t(w)],
                     down = e.value[size_t(std::max(w - 1, 0))];
        const std::array<double, 2> after{c.depreciation * down + (1 - c.depreciation) * stay,
                                          c.depreciation * stay + (1 - c.depreciation) * up};
        const double x = best_investment(c, after[1], after[0]);
        const double v = value_of(c, e.profit[size_t(w)], x, after);
        change = std::max({change, std::fabs(v - stay) / (1 + std::fabs(v)), std::fabs(x - e.invest[size_t(w)])});
        e.value[size_t(w)] = v;
        e.invest[size_t(w)] = x;
      }
      if (change <= c.tolerance) break;
    }
    // Long-run distribution of one firm: a birth-death chain.
    std::vector<double> next(static_cast<size_t>(L));
    next[0] = 1;
    double total = 1;
    for (int w = 1; w < L; ++w) {
      const double up = (1 - c.depreciation) * success(c, e.invest[size_t(w - 1)]);
      const double down = c.depreciation * (1 - success(c, e.invest[size_t(w)]));
      next[size_t(w)] = down > 0 ? next[size_t(w - 1)] * up / down : 0;
      total += next[size_t(w)];
    }
    e.residual = 0;
    for (int w = 0; w < L; ++w) {
      next[size_t(w)] /= total;
      e.residual = std::max(e.residual, std::fabs(next[size_t(w)] - e.share_of_firms[size_t(w)]));
    }
    if (e.residual > 0.9 * previous) step = std::max(0.01, 0.7 * step);  // best responses overshoot: shorter steps
    previous = e.residual;
    for (int w = 0; w < L; ++w) e.share_of_firms[size_t(w)] += step * (next[size_t(w)] - e.share_of_firms[size_t(w)]);
    if (e.residual <= 1e-10) break;
  }
  e.converged = e.residual <= 1e-10;
  if (!e.converged)
    e.why = ingot::detail::join_parts("residual ", e.residual, " after ", e.iterations - 1,
                                      " best responses; a market this small may not feed ", c.firms, " firms");
  return e;
}

}  // namespace ingot::market
