#include "ingot/plan/market/diffusion.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ingot::market {

double Bass::adopted_share(double t) const {
  const double decay = std::exp(-(p + q) * t);
  return (1 - decay) / (1 + q / p * decay);
}

double Bass::rate(double t) const {
  const double F = adopted_share(t);
  return potential * (p + q * F) * (1 - F);
}

double Bass::peak_time() const { return q > p ? std::log(q / p) / (p + q) : 0; }

double Bass::advance(double share, double p, double q, double periods) {
  // Exact solution from F: (1 - F) / (p + q F) shrinks by e^-(p+q) each period.
  const double ratio = (1 - share) / (p + q * share) * std::exp(-(p + q) * periods);
  return (1 - p * ratio) / (1 + q * ratio);
}

Problems Bass::validate() const {
  Problems problems;
  if (!(p > 0)) problems.push_back(ingot::detail::join_parts("p: got ", p, ", expected > 0"));
  if (!(q >= 0)) problems.push_back(ingot::detail::join_parts("q: got ", q, ", expected >= 0"));
  if (!(potential > 0)) problems.push_back(ingot::detail::join_parts("potential: got ", potential, ", expected > 0"));
  return problems;
}

double GeneralizedBass::effort(double relative_price_change, double quality_change) const {
  return std::max(0.0, 1 + price_effect * relative_price_change + quality_effect * quality_change);
}

double GeneralizedBass::advance(double share, double relative_price_change, double quality_change,
                                double periods) const {
  return Bass::advance(share, base.p, base.q, periods * effort(relative_price_change, quality_change));
}

double GeneralizedBass::potential(double relative_price) const {
  return base.potential * std::pow(relative_price, potential_elasticity);
}

Problems GeneralizedBass::validate() const {
  Problems problems = base.validate();
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  if (!(price_effect <= 0))
    complain("price_effect: got ", price_effect, ", expected <= 0: a price cut speeds adoption");
  if (!(quality_effect >= 0)) complain("quality_effect: got ", quality_effect, ", expected >= 0");
  if (!(potential_elasticity <= 0)) complain("potential_elasticity: got ", potential_elasticity, ", expected <= 0");
  return problems;
}

Cournot solve_cournot(double intercept, double slope, const std::vector<double>& cost) {
  require("market", slope > 0, "slope is ", slope, ", expected > 0");
  require("market", !cost.empty(), "there are no firms");
  // With the k cheapest producing, P = (a + sum of their costs) / (k + 1); a firm produces when its cost is below P.
  std::vector<size_t> order(cost.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return cost[a] < cost[b]; });
  Cournot out;
  out.price = intercept;
  double sum = intercept;
  for (size_t k = 0; k < order.size() && cost[order[k]] < out.price; ++k) {
    sum += cost[order[k]];
    out.price = sum / double(k + 2);
  }
  for (const double c : cost) {
    out.quantity.push_back(std::max(0.0, (out.price - c) / slope));
    out.profit.push_back((out.price - c) * out.quantity.back());
  }
  return out;
}

}  // namespace ingot::market
