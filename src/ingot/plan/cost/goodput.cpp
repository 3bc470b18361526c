#include "ingot/plan/cost/goodput.h"

#include <cmath>

namespace ingot::cost {

Problems Failures::validate() const {
  Problems problems;
  for (const auto& [name, value] : {std::pair<const char*, double>{"mtbf_chip_hours", mtbf_chip_hours},
                                    {"checkpoint_s", checkpoint_s},
                                    {"restart_s", restart_s}})
    if (!(value >= 0)) problems.push_back(detail::join_parts(name, " is ", value, ", expected >= 0"));
  return problems;
}

double goodput_share(double interval_s, double checkpoint_s, double restart_s, double mtbf_s) {
  return 1 / (1 + checkpoint_s / interval_s + (interval_s / 2 + restart_s) / mtbf_s);
}

Goodput goodput(const Failures& failures, double chips) {
  throw_if_any("failures", failures.validate());
  require("failures", chips > 0, "chips is ", chips, ", expected > 0");
  Goodput result;
  if (failures.mtbf_chip_hours == 0) return result;
  const double M = failures.mtbf_chip_hours * 3600 / chips, delta = failures.checkpoint_s;
  result.mtbf_s = M;
  result.young_interval_s = std::sqrt(2 * delta * M);
  const double x = std::sqrt(delta / (2 * M));
  result.daly_interval_s = delta < 2 * M ? result.young_interval_s * (1 + x / 3 + x * x / 9) - delta : M;
  result.share = delta == 0 ? 1 / (1 + failures.restart_s / M)
                            : goodput_share(result.daly_interval_s, delta, failures.restart_s, M);
  return result;
}

}  // namespace ingot::cost
