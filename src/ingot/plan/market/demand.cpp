#include "ingot/plan/market/demand.h"

#include <algorithm>
#include <cmath>

namespace ingot::market {
namespace {

// log(exp(0) + sum over products or nests), per type, with the pieces that shares need.
struct Logits {
  std::vector<double> utility;    // [J] (value - alpha p) / (1 - rho_nest)
  std::vector<double> inclusive;  // [G] (1 - rho_g) log sum_j exp(utility_j)
  double log_total = 0;           // log(1 + sum)
};

double log_sum_exp(const double* x, size_t n, double top) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::exp(x[i] - top);
  return top + std::log(sum);
}

void fill_logits(const Demand& d, size_t i, const std::vector<double>& p, Logits& out) {
  const size_t J = size_t(d.num_products), G = d.rho.size();
  out.utility.resize(J);
  const double* value = d.value.data() + i * J;
  for (size_t j = 0; j < J; ++j) {
    const double scale = G ? 1 - d.rho[size_t(d.nest[j])] : 1;
    out.utility[j] = (value[j] - d.alpha[i] * p[j]) / scale;
  }
  if (G == 0) {
    const double top = std::max(0.0, *std::max_element(out.utility.begin(), out.utility.end()));
    double sum = std::exp(-top);
    for (size_t j = 0; j < J; ++j) sum += std::exp(out.utility[j] - top);
    out.log_total = top + std::log(sum);
    return;
  }
  std::vector<double> top(G, -INFINITY), sum(G, 0);
  for (size_t j = 0; j < J; ++j) top[size_t(d.nest[j])] = std::max(top[size_t(d.nest[j])], out.utility[j]);
  for (size_t j = 0; j < J; ++j) sum[size_t(d.nest[j])] += std::exp(out.utility[j] - top[size_t(d.nest[j])]);
  out.inclusive.resize(G);
  double highest = 0;
  for (size_t g = 0; g < G; ++g) {
    out.inclusive[g] = sum[g] > 0 ? (1 - d.rho[g]) * (top[g] + std::log(sum[g])) : -INFINITY;
    highest = std::max(highest, out.inclusive[g]);
  }
  std::vector<double> with_outside(out.inclusive);
  with_outside.push_back(0);
  out.log_total = log_sum_exp(with_outside.data(), G + 1, highest);
}

}  // namespace

Problems Demand::validate() const {
  Problems problems;
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  const size_t R = weight.size(), J = size_t(std::max<int64_t>(num_products, 0));
  if (num_products <= 0) complain("products: got ", num_products, ", expected at least one");
  if (R == 0) complain("consumer types: got none, expected at least one");
  if (alpha.size() != R) complain("alpha: ", alpha.size(), " values for ", R, " consumer types");
  if (value.size() != R * J) complain("value: ", value.size(), " values, expected ", R, " types x ", J, " products");
  double total = 0;
  for (const double w : weight) {
    if (!(w >= 0)) complain("weight: got ", w, ", expected >= 0");
    total += w;
  }
  if (R && std::fabs(total - 1) > 1e-9) complain("weights sum to ", total, ", expected 1");
  double mean = 0;
  for (size_t i = 0; i < std::min(alpha.size(), R); ++i) {
    if (!std::isfinite(alpha[i])) complain("alpha: got ", alpha[i], ", expected a finite number");
    mean += weight[i] * alpha[i];
  }
  if (R && !(mean > 0))
    complain("alpha: got ", mean, " on average, expected > 0; buyers who like a higher price have no equilibrium");
  for (const double v : value)
    if (std::isnan(v) || v == INFINITY) complain("value: got ", v, ", expected a finite utility");
  if (!nest.empty() || !rho.empty()) {
    if (nest.size() != J) complain("nest: ", nest.size(), " entries for ", J, " products");
    for (const int32_t g : nest)
      if (g < 0 || size_t(g) >= rho.size()) complain("nest: got ", g, ", expected 0 to ", int64_t(rho.size()) - 1);
    for (const double r : rho)
      if (!(r >= 0 && r < 1)) complain("rho: got ", r, ", expected in [0, 1)");
  }
  return problems;
}

Demand Demand::logit(std::vector<double> value, double alpha) {
  Demand d;
  d.num_products = int64_t(value.size());
  d.weight = {1};
  d.alpha = {alpha};
  d.value = std::move(value);
  return d;
}

Demand Demand::nested_logit(std::vector<double> value, double alpha, std::vector<int32_t> nest,
                            std::vector<double> rho) {
  Demand d = logit(std::move(value), alpha);
  d.nest = std::move(nest);
  d.rho = std::move(rho);
  return d;
}

Shares shares(const Demand& d, const std::vector<double>& p) {
  const size_t R = d.weight.size(), J = size_t(d.num_products), G = d.rho.size();
  INGOT_INVARIANT(p.size() == J, p.size(), " prices for ", J, " products");
  Shares s;
  s.product.assign(J, 0);
  s.by_type.resize(R * J);
  s.nest_type.resize(R * G);
  s.outside = 0;
  Logits logits;
  for (size_t i = 0; i < R; ++i) {
    fill_logits(d, i, p, logits);
    double* share = s.by_type.data() + i * J;
    if (G == 0) {
      for (size_t j = 0; j < J; ++j) share[j] = std::exp(logits.utility[j] - logits.log_total);
    } else {
      for (size_t g = 0; g < G; ++g) s.nest_type[i * G + g] = std::exp(logits.inclusive[g] - logits.log_total);
      for (size_t j = 0; j < J; ++j) {
        const size_t g = size_t(d.nest[j]);
        const double within = std::exp(logits.utility[j] - logits.inclusive[g] / (1 - d.rho[g]));
        share[j] = within * s.nest_type[i * G + g];
      }
    }
    for (size_t j = 0; j < J; ++j) s.product[j] += d.weight[i] * share[j];
    s.outside += d.weight[i] * std::exp(-logits.log_total);
  }
  return s;
}

ShareDerivatives share_derivatives(const Demand& d, const Shares& at, const std::vector<int32_t>& firm) {
  const size_t R = d.weight.size(), J = size_t(d.num_products), G = d.rho.size();
  ShareDerivatives out{std::vector<double>(J, 0), std::vector<double>(J * J, 0)};
  for (size_t i = 0; i < R; ++i) {
    const double wa = d.weight[i] * d.alpha[i];
    const double* s = at.by_type.data() + i * J;
    for (size_t j = 0; j < J; ++j) {
      const size_t g = G ? size_t(d.nest[j]) : 0;
      const double rho = G ? d.rho[g] : 0;
      out.lambda[j] += wa * s[j] / (1 - rho);
      const double ws = wa * s[j];
      // Within the nest the substitution is stronger: s_k + rho / (1 - rho) s_k / s_nest.
      const double nest_share = G ? at.nest_type[i * G + g] : 1;
      const double boost = nest_share > 0 ? rho / (1 - rho) / nest_share : 0;
      double* row = out.gamma.data() + j * J;
      if (firm.empty() && G == 0) {
        for (size_t k = 0; k < J; ++k) row[k] += ws * s[k];
        continue;
      }
      for (size_t k = 0; k < J; ++k) {
        if (!firm.empty() && firm[k] != firm[j]) continue;
        row[k] += ws * s[k] * (G && d.nest[k] == d.nest[j] ? 1 + boost : 1);
      }
    }
  }
  return out;
}

std::vector<double> elasticities(const Demand& d, const std::vector<double>& p) {
  const size_t J = size_t(d.num_products);
  const Shares s = shares(d, p);
  const auto derivative = share_derivatives(d, s);
  std::vector<double> e(J * J);
  for (size_t j = 0; j < J; ++j)
    for (size_t k = 0; k < J; ++k)
      e[j * J + k] = ((j == k ? -derivative.lambda[j] : 0) + derivative.gamma[j * J + k]) * p[k] / s.product[j];
  return e;
}

}  // namespace ingot::market
