#include "ingot/plan/market/equilibrium.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>

namespace ingot::market {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool sets_price(const Supply& s, size_t j) { return s.fixed.empty() || std::isnan(s.fixed[j]); }

struct Prices {
  std::vector<double> p;
  int iterations = 0;
  double residual = kInfinity;
};

// alpha m of a firm with weight a = sum_j exp(value_j - alpha c_j) against total D: x = 1 / (1 - a e^-x / D), x > 1.
double firm_markup(double a, double D) {
  const double log_ratio = std::log(a) - std::log(D);
  // g(x) = log((x - 1) / x) + x - log(a / D), increasing from -inf; start right of the root of the simpler x >= 1.
  double x = 1 + std::min(1.0, std::exp(log_ratio - 1));
  for (int i = 0; i < 100; ++i) {
    const double g = std::log1p(-1 / x) + x - log_ratio;
    const double slope = 1 / (x * (x - 1)) + 1;
    double next = x - g / slope;
    if (next <= 1) next = 1 + (x - 1) / 4;
    if (std::fabs(next - x) <= 1e-16 * x) return next;
    x = next;
  }
  return x;
}

// The scalar equation in D = 1 + sum_j exp(value_j - alpha p_j). Plain logit only.
Prices solve_plain(const Demand& d, const Supply& s, const std::vector<double>& cost) {
  const size_t J = cost.size();
  const double alpha = d.alpha[0];
  std::vector<double> a(size_t(s.num_firms()), 0);
  double fixed = 1;
  for (size_t j = 0; j < J; ++j) {
    if (sets_price(s, j))
      a[size_t(s.firm[j])] += std::exp(d.value[j] - alpha * cost[j]);
    else
      fixed += std::exp(d.value[j] - alpha * s.fixed[j]);
  }
  // A firm that also owns fixed-price products counts their margin too; that case goes to the zeta iteration.
  Prices out;
  double low = fixed, high = fixed;
  for (const double weight : a) high += weight;
  std::vector<double> x(a.size(), 1);
  double D = std::sqrt(low * high);
  for (out.iterations = 1; out.iterations <= 200; ++out.iterations) {
    double total = fixed, slope = -1;
    for (size_t f = 0; f < a.size(); ++f) {
      if (a[f] == 0) continue;
      x[f] = firm_markup(a[f], D);
      const double sales = a[f] * std::exp(-x[f]);
      total += sales;
      // dx/dD from log((x-1)/x) + x = log a - log D.
      slope += sales / D / (1 + 1 / (x[f] * (x[f] - 1)));
    }
    const double gap = total - D;
    (gap > 0 ? low : high) = D;
    double next = D - gap / slope;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    const double step = std::fabs(next - D);
    D = next;
    if (step <= 1e-16 * D || high - low <= 1e-16 * D) break;
  }
  out.p.resize(J);
  for (size_t j = 0; j < J; ++j) out.p[j] = sets_price(s, j) ? cost[j] + x[size_t(s.firm[j])] / alpha : s.fixed[j];
  return out;
}

// zeta(p) = Lambda^-1 [(O.Gamma)(p - c) + s].
void zeta(const Demand& d, const Supply& s, const std::vector<double>& cost, const std::vector<double>& p,
          std::vector<double>& out) {
  const size_t J = p.size();
  const Shares at = shares(d, p);
  const auto derivative = share_derivatives(d, at, s.firm);
  out.resize(J);
  for (size_t j = 0; j < J; ++j) {
    double sum = at.product[j];
    const double* row = derivative.gamma.data() + j * J;
    for (size_t k = 0; k < J; ++k) sum += row[k] * (p[k] - cost[k]);
    out[j] = derivative.lambda[j] > 0 ? sum / derivative.lambda[j] : 0;
  }
}

double residual_of(const Demand& d, const Supply& s, const std::vector<double>& cost, const std::vector<double>& p) {
  std::vector<double> markup;
  zeta(d, s, cost, p, markup);
  double worst = 0;
  for (size_t j = 0; j < p.size(); ++j) {
    if (!sets_price(s, j)) continue;
    const double gap = std::fabs(p[j] - cost[j] - markup[j]) / std::max(std::fabs(p[j]), 1e-12);
    worst = std::isfinite(gap) ? std::max(worst, gap) : kInfinity;
  }
  return worst;
}

// Newton on F(p) = p - c - zeta(p) with a forward-difference Jacobian; zeta has no spurious root at infinity.
bool newton_step(const Demand& d, const Supply& s, const std::vector<double>& cost, std::vector<double>& p) {
  const size_t J = p.size();
  std::vector<double> base, moved;
  zeta(d, s, cost, p, base);
  Eigen::MatrixXd jacobian(J, J);
  Eigen::VectorXd F(J);
  std::vector<double> q = p;
  for (size_t k = 0; k < J; ++k) {
    const double h = 1e-7 * std::max(std::fabs(p[k]), 1e-3);
    q[k] = p[k] + h;
    zeta(d, s, cost, q, moved);
    q[k] = p[k];
    for (size_t j = 0; j < J; ++j) jacobian(Eigen::Index(j), Eigen::Index(k)) = (j == k) - (moved[j] - base[j]) / h;
  }
  for (size_t j = 0; j < J; ++j) {
    F(Eigen::Index(j)) = sets_price(s, j) ? p[j] - cost[j] - base[j] : 0;
    if (!sets_price(s, j))
      for (size_t k = 0; k < J; ++k) jacobian(Eigen::Index(j), Eigen::Index(k)) = j == k;
  }
  const Eigen::VectorXd step = jacobian.partialPivLu().solve(F);
  if (!step.allFinite()) return false;
  std::vector<double> next = p;
  for (size_t j = 0; j < J; ++j) next[j] = p[j] - step(Eigen::Index(j));
  if (residual_of(d, s, cost, next) >= residual_of(d, s, cost, p)) return false;
  p = next;
  return true;
}

Prices solve_zeta(const Demand& d, const Supply& s, const std::vector<double>& cost, const SolverConfig& config) {
  const size_t J = cost.size();
  Prices out;
  out.p = cost;
  std::vector<double> markup;
  double alpha = 0;
  for (size_t i = 0; i < d.alpha.size(); ++i) alpha += d.weight[i] * d.alpha[i];
  for (size_t j = 0; j < J; ++j) out.p[j] = sets_price(s, j) ? cost[j] + 1 / alpha : s.fixed[j];
  double damping = 1, previous = kInfinity;
  int newton_failures = 0;
  for (out.iterations = 1; out.iterations <= config.max_iterations; ++out.iterations) {
    zeta(d, s, cost, out.p, markup);
    double worst = 0;
    for (size_t j = 0; j < J; ++j) {
      if (!sets_price(s, j)) continue;
      const double gap = cost[j] + markup[j] - out.p[j];
      worst = std::max(worst, std::fabs(gap) / std::max(std::fabs(out.p[j]), 1e-12));
    }
    out.residual = worst;
    if (!std::isfinite(worst) || worst <= config.tolerance) break;
    if (worst > 2 * previous) damping = std::max(0.1, damping / 2);  // an oscillation: take shorter steps
    // Far: the fixed point. Near but slow: Newton, which is quadratic there.
    const bool slow = out.iterations > 30 && worst < 1e-2 && worst > 0.3 * previous && newton_failures < 3;
    previous = worst;
    if (slow) {
      if (newton_step(d, s, cost, out.p)) continue;
      ++newton_failures;
    }
    for (size_t j = 0; j < J; ++j)
      if (sets_price(s, j)) out.p[j] += damping * (cost[j] + markup[j] - out.p[j]);
  }
  return out;
}

Prices solve_unconstrained(const Demand& d, const Supply& s, const std::vector<double>& cost,
                           const SolverConfig& config) {
  bool scalar = d.plain();
  if (scalar && !s.fixed.empty()) {  // a firm that mixes free and fixed prices needs the general form
    for (size_t j = 0; j < cost.size() && scalar; ++j)
      for (size_t k = 0; k < cost.size(); ++k)
        if (s.firm[j] == s.firm[k] && sets_price(s, j) != sets_price(s, k)) scalar = false;
  }
  Prices out = scalar ? solve_plain(d, s, cost) : solve_zeta(d, s, cost, config);
  out.residual = residual_of(d, s, cost, out.p);
  return out;
}

std::vector<double> firm_sales(const Supply& s, const std::vector<double>& share) {
  std::vector<double> q(size_t(s.num_firms()), 0);
  for (size_t j = 0; j < share.size(); ++j) q[size_t(s.firm[j])] += share[j];
  return q;
}

std::vector<double> firm_profit(const Supply& s, const std::vector<double>& p, const std::vector<double>& share) {
  std::vector<double> profit(size_t(s.num_firms()), 0);
  for (size_t j = 0; j < p.size(); ++j) profit[size_t(s.firm[j])] += (p[j] - s.cost[j]) * share[j];
  return profit;
}

// Largest relative gain that any firm finds by moving one price or all its prices, staying within its capacity.
double best_deviation(const Demand& d, const Supply& s, const Equilibrium& e) {
  double best = 0;
  const auto try_prices = [&](size_t f, const std::vector<double>& p) {
    const Shares at = shares(d, p);
    double profit = 0, sales = 0;
    for (size_t j = 0; j < p.size(); ++j)
      if (size_t(s.firm[j]) == f) profit += (p[j] - s.cost[j]) * at.product[j], sales += at.product[j];
    if (!s.capacity.empty() && sales > s.capacity[f] * (1 + 1e-9)) return;
    const double scale = std::max(std::fabs(e.profit[f]), 1e-300);
    best = std::max(best, (profit - e.profit[f]) / scale);
  };
  for (size_t f = 0; f < e.profit.size(); ++f) {
    for (const double factor :
         {0.25, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.001, 1.01, 1.05, 1.1, 1.25, 1.5, 2.0, 4.0, 10.0}) {
      std::vector<double> all = e.price;
      for (size_t j = 0; j < all.size(); ++j) {
        if (size_t(s.firm[j]) != f || !sets_price(s, j)) continue;
        const double moved = s.cost[j] + factor * (e.price[j] - s.cost[j]);  // scale the markup, not the price
        all[j] = moved;
        std::vector<double> one = e.price;
        one[j] = moved;
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
  std::vector<double> cost = s.cost;
  Prices found = solve_unconstrained(d, s, cost, config);
  e.iterations = found.iterations;

  if (!s.capacity.empty()) {
    // Gauss-Seidel on the complementarity condition: for each firm the smallest lambda >= 0 at which it fits, by
    // bisection on its own lambda with the others' held, until none moves.
    const auto with_lambda = [&](const std::vector<double>& lambda) {
      for (size_t j = 0; j < cost.size(); ++j) cost[j] = s.cost[j] + lambda[size_t(s.firm[j])];
      return solve_unconstrained(d, s, cost, config);
    };
    const auto excess = [&](const std::vector<double>& lambda, size_t f) {
      found = with_lambda(lambda);
      e.iterations += found.iterations;
      return firm_sales(s, shares(d, found.p).product)[f] - s.capacity[f];
    };
    double alpha = kInfinity;
    for (const double a : d.alpha) alpha = std::min(alpha, a);
    for (int sweep = 0; sweep < 200; ++sweep) {
      double moved = 0;
      for (size_t f = 0; f < F; ++f) {
        if (!std::isfinite(s.capacity[f])) continue;
        auto lambda = e.shadow_price;
        lambda[f] = 0;
        double low = 0, high = 0, at_low = excess(lambda, f), at_high = at_low;
        if (at_low > 0) {
          for (high = std::max(1 / alpha, 2 * e.shadow_price[f]); at_high > 0 && high < 1e12; high *= 2) {
            lambda[f] = high;
            at_high = excess(lambda, f);
            if (at_high > 0) low = high, at_low = at_high;
          }
          high = lambda[f];
          for (int i = 0; i < 200 && high - low > 1e-15 * high; ++i) {  // Illinois regula falsi
            double middle = (low * at_high - high * at_low) / (at_high - at_low);
            if (!(middle > low && middle < high)) middle = 0.5 * (low + high);
            lambda[f] = middle;
            const double value = excess(lambda, f);
            if (value == 0) {
              low = high = middle;
              break;
            }
            if ((value > 0) == (at_low > 0))
              low = middle, at_low = value, at_high /= 2;
            else
              high = middle, at_high = value, at_low /= 2;
          }
          lambda[f] = high;
        }
        moved = std::max(moved, std::fabs(lambda[f] - e.shadow_price[f]) / std::max(1 / alpha, lambda[f]));
        e.shadow_price[f] = lambda[f];
      }
      if (moved <= 1e-13) break;
    }
    found = with_lambda(e.shadow_price);
  }

  e.price = found.p;
  e.residual = found.residual;
  const Shares at = shares(d, e.price);
  e.share = at.product;
  e.outside_share = at.outside;
  e.markup.resize(e.price.size());
  for (size_t j = 0; j < e.price.size(); ++j) e.markup[j] = e.price[j] - s.cost[j];
  e.profit = firm_profit(s, e.price, e.share);
  e.hhi = hhi(e.share, s.firm);
  e.consumer_surplus = consumer_surplus(d, e.price);
  if (!(e.residual <= 1e3 * config.tolerance)) {
    e.why = ingot::detail::join_parts("residual ", e.residual, " after ", e.iterations, " iterations");
    return e;
  }
  e.status = Status::Converged;
  if (config.check_deviations) {
    e.best_deviation = best_deviation(d, s, e);
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
