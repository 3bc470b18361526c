#include "ingot/plan/cost/uncertainty.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "ingot/base/quantile.h"

namespace ingot::cost {

Problems Uncertainty::validate() const {
  Problems problems;
  if (draws < 1 || draws > 10'000'000)
    problems.push_back(detail::join_parts("draws is ", draws, ", expected 1..10,000,000"));
  for (const auto& [name, value] : {std::pair<const char*, double>{"speed", speed.value_or(0)},
                                    {"price", price.value_or(0)},
                                    {"mtbf", mtbf},
                                    {"power", power},
                                    {"electricity", electricity}})
    if (!(value >= 0 && value <= 3)) problems.push_back(detail::join_parts(name, " is ", value, ", expected 0..3"));
  return problems;
}

Quantiles quantiles_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile_of_sorted(values, 0.1), quantile_of_sorted(values, 0.5), quantile_of_sorted(values, 0.9)};
}

double normal(Rng& rng) {
  const double u = 1 - rng.uniform(), v = rng.uniform();  // u in (0, 1]
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

double lognormal(Rng& rng, double log_sigma) { return std::exp(log_sigma * normal(rng)); }

double final_run_share(Rng& rng, double mean) {
  std::array<double, 7> u;  // the second smallest of seven uniforms is Beta(2, 6)
  for (double& x : u) x = rng.uniform();
  std::nth_element(u.begin(), u.begin() + 1, u.end());
  return std::min(1.0, (0.1 + 0.2 * u[1]) * mean / 0.15);
}

}  // namespace ingot::cost
