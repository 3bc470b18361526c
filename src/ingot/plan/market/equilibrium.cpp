#include "ingot/plan/market/equilibrium.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>

#include "ingot/plan/market/zeta.h"

namespace ingot::market {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool sets_price(const Supply& s, size_t j) { return s.fixed.empty() || std::isnan(s.fixed[j]); }

struct Prices {
  std::vector<double> p;
  int iterations = 0;
  double residual = kInfinity;
};

std::vector<double> firm_sales(const Supply& s, const std::vector<double>& share) {
  std::vector<double> q(size_t(s.num_firms()), 0);
  for (size_t j = 0; j < share.size(); ++j) q[size_t(s.firm[j])] += share[j];
  return q;
}

// x = alpha m of a firm with log weight log_a = log sum_j exp(value_j - alpha c_j) against log D: x = 1 / (1 - a e^-x /
// D), the root of log((x - 1) / x) + x = log a - log D. `x` is the start, > 1.
double firm_markup(double log_ratio, double x) {
  for (int i = 0; i < 100; ++i) {
    const double g = std::log1p(-1 / x) + x - log_ratio;
    const double slope = 1 / (x * (x - 1)) + 1;
    double next = x - g / slope;
    if (!(next > 1)) next = 1 + (x - 1) / 4;
    if (std::fabs(next - x) <= 1e-15 * x) return next;
    x = next;
  }
  return x;
}

// The scalar equation in log D, D = 1 + sum_j exp(value_j - alpha p_j). Plain logit only.
Prices solve_plain(const Demand& d, const Supply& s, const std::vector<double>& cost,
                   const std::vector<double>& fixed) {
  const size_t J = cost.size(), F = size_t(s.num_firms());
  const double alpha = d.alpha[0];
  const auto utility = [&](size_t j) { return d.value[j] - alpha * (sets_price(s, j) ? cost[j] : fixed[j]); };
  double shift = 0;  // everything is scaled by exp(-shift)
  for (size_t j = 0; j < J; ++j) shift = std::max(shift, utility(j));
  std::vector<double> log_a(F, 0);
  double given = std::exp(-shift);
  for (size_t j = 0; j < J; ++j) (sets_price(s, j) ? log_a[size_t(s.firm[j])] : given) += std::exp(utility(j) - shift);
  double low = given > 0 ? std::log(given) : -shift, high = given;
  for (double& a : log_a) high += a, a = std::log(a);
  high = std::log(high);
  Prices out;
  std::vector<double> x(F, 1);  // a firm whose sales vanish keeps 1
  double t = 0.5 * (std::max(low, high - 4) + high);
  for (out.iterations = 1; out.iterations <= 200; ++out.iterations) {
    double total = given, slope = 0;
    for (size_t f = 0; f < F; ++f) {
      if (log_a[f] == -kInfinity) continue;
      const double log_ratio = log_a[f] - t;
      x[f] = firm_markup(log_ratio, x[f] > 1 ? x[f] : 1 + std::min(1.0, std::exp(log_ratio - 1)));
      const double sales = std::exp(log_a[f] - x[f]);
      total += sales;
      slope += sales / (1 + 1 / (x[f] * (x[f] - 1)));  // d sales / dt, from log((x - 1) / x) + x = log a - t
    }
    const double gap = std::log(total) - t;  // falls in t, slope at most -1 + 1
    (gap > 0 ? low : high) = t;
    double next = t - gap / (slope / total - 1);
    if (!(next >= low && next <= high)) next = 0.5 * (low + high);
    const double step = std::fabs(next - t);
    t = next;
    if (step <= 2e-16 * std::max(1.0, std::fabs(t)) || high - low <= 0) break;
  }
  for (size_t f = 0; f < F; ++f)
    if (log_a[f] != -kInfinity) x[f] = firm_markup(log_a[f] - t, x[f]);
  out.p.resize(J);
  for (size_t j = 0; j < J; ++j) out.p[j] = sets_price(s, j) ? cost[j] + x[size_t(s.firm[j])] / alpha : fixed[j];
  return out;
}

// The fixed point p = c + zeta(p) from a start, by Anderson acceleration (Walker & Ni 2011) with restarts, and Newton
// where that is slow.
class FixedPoint {
 public:
  FixedPoint(const Demand& d, const Supply& s, const SolverConfig& config) : supply_(s), config_(config), zeta_(d, s) {
    double alpha = 0;
    for (size_t i = 0; i < d.alpha.size(); ++i) alpha += d.weight[i] * d.alpha[i];
    scale_ = 1 / alpha;
    for (size_t j = 0; j < s.firm.size(); ++j)
      if (sets_price(s, j)) free_.push_back(j);
  }

  Prices solve(const std::vector<double>& cost, const std::vector<double>& fixed, const std::vector<double>* warm) {
    const size_t J = cost.size(), n = free_.size();
    Prices out;
    out.p.resize(J);
    for (size_t j = 0; j < J; ++j)
      out.p[j] = sets_price(supply_, j) ? (warm ? (*warm)[j] : cost[j] + scale_) : fixed[j];
    constexpr Index kDepth = 8;
    MatrixXd dx(Index(n), kDepth), df(Index(n), kDepth);
    VectorXd x = VectorXd::Zero(Index(n)), f = x, last_x = x, last_f = x;
    Index held = 0, newest = 0;
    double best = kInfinity, damping = 1;
    int stalled = 0;
    for (out.iterations = 1; out.iterations <= config_.max_iterations; ++out.iterations) {
      out.residual = residual(cost, out.p);
      if (!std::isfinite(out.residual) || out.residual <= config_.tolerance) break;
      for (size_t k = 0; k < n; ++k) {
        const size_t j = free_[k];
        x(Index(k)) = out.p[j];
        f(Index(k)) = cost[j] + markup_[j] - out.p[j];
      }
      if (out.residual > 4 * best)
        held = 0, damping = std::max(0.1, damping / 2);  // it leads away: start anew, shorter
      stalled = out.residual < 0.9 * best ? 0 : stalled + 1;
      best = std::min(best, out.residual);
      if (stalled > 40 && best < 1e-2) {
        stalled = 0, held = 0;
        if (newton_step(cost, out.p, out.residual)) continue;
      }
      if (out.iterations > 1 && held >= 0) {
        dx.col(newest) = x - last_x, df.col(newest) = f - last_f;
        newest = (newest + 1) % kDepth, held = std::min(held + 1, kDepth);
      }
      last_x = x, last_f = f;
      VectorXd step = damping * f;
      if (held > 0) {
        const auto F = df.leftCols(held);
        MatrixXd normal = F.transpose() * F;
        normal.diagonal().array() *= 1 + 1e-14;
        const VectorXd gamma = normal.ldlt().solve(F.transpose() * f);
        if (gamma.allFinite()) step -= dx.leftCols(held) * gamma + damping * (F * gamma);
      }
      for (size_t k = 0; k < n; ++k) out.p[free_[k]] += step(Index(k));
    }
    return out;
  }

  // max_j |p_j - c_j - zeta_j(p)| / p_j; leaves zeta(p) in markup_ and the shares in zeta_.
  double residual(const std::vector<double>& cost, const std::vector<double>& p) {
    zeta_(cost, p, markup_);
    double worst = 0;
    for (const size_t j : free_) {
      const double gap = std::fabs(p[j] - cost[j] - markup_[j]) / std::max(std::fabs(p[j]), 1e-12);
      worst = std::isfinite(gap) ? std::max(worst, gap) : kInfinity;
    }
    return worst;
  }

  Zeta& zeta() { return zeta_; }

 private:
  // Newton on p - c - zeta(p) with a forward-difference Jacobian; zeta has no spurious root at infinity.
  bool newton_step(const std::vector<double>& cost, std::vector<double>& p, double residual_now) {
    const size_t n = free_.size();
    std::vector<double> base = markup_, q = p;
    MatrixXd jacobian(n, n);
    VectorXd gap(n);
    for (size_t k = 0; k < n; ++k) {
      const size_t j = free_[k];
      const double h = 1e-7 * std::max(std::fabs(p[j]), 1e-3);
      q[j] = p[j] + h;
      zeta_(cost, q, markup_);
      q[j] = p[j];
      for (size_t r = 0; r < n; ++r) jacobian(Index(r), Index(k)) = (r == k) - (markup_[free_[r]] - base[free_[r]]) / h;
      gap(Index(k)) = p[j] - cost[j] - base[j];
    }
    const VectorXd step = jacobian.partialPivLu().solve(gap);
    if (!step.allFinite()) return false;
    for (size_t k = 0; k < n; ++k) q[free_[k]] -= step(Index(k));
    if (!(residual(cost, q) < residual_now)) return false;
    p = q;
    return true;
  }

  const Supply& supply_;
  const SolverConfig& config_;
  Zeta zeta_;
  double scale_ = 1;
  std::vector<size_t> free_;
  std::vector<double> markup_;
};

// Prices at given shadow prices: they add to cost, and to prices set from outside, which a fringe then charges.
class PriceSolver {
 public:
  PriceSolver(const Demand& d, const Supply& s, const SolverConfig& config)
      : demand_(d), supply_(s), point_(d, s, config) {
    plain_ = d.plain();
    std::vector<char> sets(size_t(s.num_firms()), 0), given(sets);
    for (size_t j = 0; j < s.firm.size(); ++j) (sets_price(s, j) ? sets : given)[size_t(s.firm[j])] = 1;
    for (size_t f = 0; f < sets.size(); ++f)
      if (sets[f] && given[f]) plain_ = false;  // a firm that mixes free and fixed prices needs the general form
  }

  Prices solve(const std::vector<double>& shadow, const std::vector<double>* warm = nullptr) {
    cost_ = supply_.cost, fixed_ = supply_.fixed;
    for (size_t j = 0; j < cost_.size(); ++j) {
      cost_[j] += shadow[size_t(supply_.firm[j])];
      if (!fixed_.empty()) fixed_[j] += shadow[size_t(supply_.firm[j])];
    }
    if (!plain_) return point_.solve(cost_, fixed_, warm);
    Prices out = solve_plain(demand_, supply_, cost_, fixed_);
    out.residual = point_.residual(cost_, out.p);
    return out;
  }
  // Sales by firm at the last prices.
  std::vector<double> sales() { return firm_sales(supply_, point_.zeta().share()); }
  Zeta& zeta() { return point_.zeta(); }

 private:
  const Demand& demand_;
  const Supply& supply_;
  FixedPoint point_;
  bool plain_;
  std::vector<double> cost_, fixed_;
};

// lambda >= 0, q <= K, lambda (K - q) = 0: semi-smooth Newton on the active set, in log(q / K), which is nearly linear
// in lambda. Returns false with `why` when no shadow price clears the market.
bool clear_capacity(PriceSolver& solver, const Supply& s, double scale, Prices& found, std::vector<double>& lambda,
                    int& iterations, std::string& why) {
  const size_t F = s.capacity.size();
  const auto solve = [&](const std::vector<double>& at) {
    found = solver.solve(at, &found.p);
    iterations += found.iterations;
    return solver.sales();
  };
  const auto gap_of = [&](const std::vector<double>& at, const std::vector<double>& q, size_t f) {
    const double r = std::log(q[f] / s.capacity[f]);
    return at[f] > 0 ? std::fabs(r) : std::max(r, 0.0);
  };
  const auto merit = [&](const std::vector<double>& at, const std::vector<double>& q) {
    double worst = 0;
    for (size_t f = 0; f < F; ++f)
      if (std::isfinite(s.capacity[f])) worst = std::max(worst, gap_of(at, q, f));
    return worst;
  };
  auto q = solver.sales();
  double gap = merit(lambda, q);
  for (int i = 0; i < 200 && gap > 1e-13; ++i) {
    std::vector<size_t> active;
    for (size_t f = 0; f < F; ++f)
      if (std::isfinite(s.capacity[f]) && (lambda[f] > 0 || q[f] > s.capacity[f])) active.push_back(f);
    const Index n = Index(active.size());
    MatrixXd jacobian(n, n);
    VectorXd r(n);
    const auto at_lambda = found;
    for (Index c = 0; c < n; ++c) {
      auto moved = lambda;
      const double h = 1e-5 * scale;
      moved[active[size_t(c)]] += h;
      found.p = at_lambda.p;
      const auto up = solve(moved);
      for (Index a = 0; a < n; ++a) jacobian(a, c) = std::log(up[active[size_t(a)]] / q[active[size_t(a)]]) / h;
      r(c) = std::log(q[active[size_t(c)]] / s.capacity[active[size_t(c)]]);
    }
    found = at_lambda;
    const VectorXd step = jacobian.partialPivLu().solve(r);
    bool accepted = false;
    for (double length = 1; length > 1e-4 && step.allFinite(); length /= 2) {
      auto next = lambda;
      for (Index a = 0; a < n; ++a) {
        double& x = next[active[size_t(a)]];
        x = std::max(0.0, x - length * std::clamp(step(a), -20 * scale, 20 * scale));
      }
      found = at_lambda;
      const auto sales = solve(next);
      const double next_gap = merit(next, sales);
      if (next_gap < gap || (length < 1e-3 && next_gap < 2 * gap)) {
        lambda = next, q = sales, gap = next_gap, accepted = true;
        break;
      }
    }
    if (!accepted) {
      found = at_lambda;
      q = solve(lambda);
      break;
    }
  }
  if (gap <= 1e-9) return true;
  for (size_t f = 0; f < F; ++f)
    if (std::isfinite(s.capacity[f]) && gap_of(lambda, q, f) > 1e-9)
      why =
          ingot::detail::join_parts("firm ", f, " sells ", q[f], " at the shadow price ", lambda[f],
                                    ", expected at most its capacity ", s.capacity[f], "; no price clears its market");
  return false;
}

std::vector<double> firm_profit(const Supply& s, const std::vector<double>& p, const std::vector<double>& share) {
  std::vector<double> profit(size_t(s.num_firms()), 0);
  for (size_t j = 0; j < p.size(); ++j) profit[size_t(s.firm[j])] += (p[j] - s.cost[j]) * share[j];
  return profit;
}

// Largest relative gain that any firm finds by moving one price or all its prices, staying within its capacity.
double best_deviation(const Demand& d, const Supply& s, Zeta& zeta, const Equilibrium& e) {
  static const std::vector<double> kFactors = {0.25, 0.5,  0.8, 0.9,  0.95, 0.99, 0.999, 1.001,
                                               1.01, 1.05, 1.1, 1.25, 1.5,  2.0,  4.0,   10.0};
  const size_t J = e.price.size(), F = e.profit.size(), K = kFactors.size();
  double best = 0;
  const auto consider = [&](size_t f, double profit, double sales) {
    if (!s.capacity.empty() && sales > s.capacity[f] * (1 + 1e-9)) return;
    const double scale = std::max(std::fabs(e.profit[f]), 1e-300);
    best = std::max(best, (profit - e.profit[f]) / scale);
  };
  std::vector<double> moves(J);
  std::vector<char> any(F, 0);
  for (size_t j = 0; j < J; ++j) moves[j] = sets_price(s, j), any[size_t(s.firm[j])] |= moves[j] != 0;
  if (d.nest.empty()) {
    const auto at = zeta.deviate(s.cost, e.price, moves, kFactors);
    for (size_t row = 0; row < J; ++row) {
      const size_t j = zeta.order()[row];
      for (size_t k = 0; k < K && moves[j] != 0; ++k)
        consider(size_t(s.firm[j]), at.profit[row * K + k], at.sales[row * K + k]);
    }
    for (size_t f = 0; f < F; ++f)
      for (size_t k = 0; k < K && any[f]; ++k) consider(f, at.joint_profit[f * K + k], at.joint_sales[f * K + k]);
    return best;
  }
  std::vector<double> ignored;
  const auto try_prices = [&](size_t f, const std::vector<double>& p) {
    zeta(s.cost, p, ignored);
    double profit = 0, sales = 0;
    for (size_t j = 0; j < J; ++j)
      if (size_t(s.firm[j]) == f) profit += (p[j] - s.cost[j]) * zeta.share()[j], sales += zeta.share()[j];
    consider(f, profit, sales);
  };
  for (const double factor : kFactors) {
    for (size_t f = 0; f < F; ++f) {
      if (!any[f]) continue;
      std::vector<double> all = e.price;
      for (size_t j = 0; j < J; ++j) {
        if (size_t(s.firm[j]) != f || moves[j] == 0) continue;
        all[j] = s.cost[j] + factor * (e.price[j] - s.cost[j]);  // scale the markup, not the price
        std::vector<double> one = e.price;
        one[j] = all[j];
        try_prices(f, one);
      }
      try_prices(f, all);
    }
  }
  return best;
}

}  // namespace

int32_t Supply::num_firms() const {
  int32_t most = -1;
  for (const int32_t f : firm) most = std::max(most, f);
  return most + 1;
}

Problems Supply::validate(const Demand& demand) const {
  Problems problems;
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  const size_t J = size_t(std::max<int64_t>(demand.num_products, 0));
  if (firm.size() != J) complain("firm: ", firm.size(), " owners for ", J, " products");
  if (cost.size() != J) complain("cost: ", cost.size(), " costs for ", J, " products");
  for (const int32_t f : firm)
    if (f < 0) complain("firm: got ", f, ", expected >= 0");
  for (size_t j = 0; j < cost.size(); ++j)
    if (!std::isfinite(cost[j])) complain("cost of product ", j, ": got ", cost[j], ", expected a finite number");
  if (!fixed.empty() && fixed.size() != J) complain("fixed: ", fixed.size(), " prices for ", J, " products");
  if (!capacity.empty() && int64_t(capacity.size()) != num_firms())
    complain("capacity: ", capacity.size(), " capacities for ", num_firms(), " firms");
  for (const double k : capacity)
    if (!(k > 0)) complain("capacity: got ", k, ", expected > 0; leave out a firm that cannot serve");
  return problems;
}

const char* to_string(Status status) {
  switch (status) {
    case Status::Converged:
      return "converged";
    case Status::NotConverged:
      return "not converged";
    case Status::NotAnEquilibrium:
      return "not an equilibrium";
  }
  return "?";
}

Equilibrium solve_prices(const Demand& d, const Supply& s, const SolverConfig& config) {
  throw_if_any("market", d.validate());
  throw_if_any("market", s.validate(d));
  const size_t F = size_t(s.num_firms());
  Equilibrium e;
  e.shadow_price.assign(F, 0);
  PriceSolver solver(d, s, config);
  Prices found = solver.solve(e.shadow_price);
  e.iterations = found.iterations;
  if (!s.capacity.empty()) {
    double alpha = 0;
    for (size_t i = 0; i < d.alpha.size(); ++i) alpha += d.weight[i] * d.alpha[i];
    if (!clear_capacity(solver, s, 1 / alpha, found, e.shadow_price, e.iterations, e.why)) found.residual = kInfinity;
  }

  e.price = found.p;
  e.residual = found.residual;
  const auto welfare = solver.zeta().welfare(e.price);
  e.share = welfare.share;
  e.outside_share = welfare.outside;
  e.consumer_surplus = welfare.surplus;
  e.markup.resize(e.price.size());
  for (size_t j = 0; j < e.price.size(); ++j) e.markup[j] = e.price[j] - s.cost[j];
  e.profit = firm_profit(s, e.price, e.share);
  e.hhi = hhi(e.share, s.firm);
  if (!(e.residual <= 1e3 * config.tolerance)) {
    if (e.why.empty())
      e.why = ingot::detail::join_parts("residual ", e.residual, " after ", e.iterations, " iterations");
    return e;
  }
  e.status = Status::Converged;
  if (config.check_deviations) {
    e.best_deviation = best_deviation(d, s, solver.zeta(), e);
    if (e.best_deviation > 1e-7) {
      e.status = Status::NotAnEquilibrium;
      e.why = ingot::detail::join_parts("a firm gains ", 100 * e.best_deviation, " % by another price");
    }
  }
  return e;
}

std::vector<double> implied_costs(const Demand& d, const Supply& s, const std::vector<double>& p) {
  const size_t J = p.size();
  const Shares at = shares(d, p);
  const auto derivative = share_derivatives(d, at, s.firm);
  Eigen::MatrixXd delta(J, J);
  Eigen::VectorXd share(J);
  for (size_t j = 0; j < J; ++j) {
    share(Eigen::Index(j)) = at.product[j];
    for (size_t k = 0; k < J; ++k)
      delta(Eigen::Index(j), Eigen::Index(k)) = (j == k ? derivative.lambda[j] : 0) - derivative.gamma[j * J + k];
  }
  const Eigen::VectorXd markup = delta.transpose().partialPivLu().solve(share);
  std::vector<double> cost(J);
  for (size_t j = 0; j < J; ++j) cost[j] = p[j] - markup(Eigen::Index(j));
  return cost;
}

double hhi(const std::vector<double>& share, const std::vector<int32_t>& firm) {
  int32_t most = -1;
  for (const int32_t f : firm) most = std::max(most, f);
  std::vector<double> total(size_t(most + 1), 0);
  double all = 0;
  for (size_t j = 0; j < share.size(); ++j) total[size_t(firm[j])] += share[j], all += share[j];
  double index = 0;
  for (const double t : total) index += (100 * t / all) * (100 * t / all);
  return all > 0 ? index : 0;
}

}  // namespace ingot::market
