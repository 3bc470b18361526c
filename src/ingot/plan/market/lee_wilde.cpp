// Lee & Wilde 1980: a race for a prize.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ingot/plan/market/ladder.h"

namespace ingot::market {

Problems RaceConfig::validate() const {
  Problems problems;
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  const auto positive = [&](const char* name, double value) {
    if (!(value > 0 && std::isfinite(value))) complain(name, ": got ", value, ", expected > 0");
  };
  if (firms < 1) complain("firms: got ", firms, ", expected at least 1");
  positive("prize", prize), positive("interest", interest), positive("scale", scale);
  if (!(curvature > 0 && curvature < 1)) complain("curvature: got ", curvature, ", expected in (0, 1)");
  return problems;
}

Race solve_race(const RaceConfig& c) {
  throw_if_any("market", c.validate());
  const auto hazard = [&](double x) { return c.scale * std::pow(x, c.curvature); };
  const auto slope = [&](double x) { return c.scale * c.curvature * std::pow(x, c.curvature - 1); };
  // d/dx [(prize h(x) - x) / (r + h(x) + a)] = 0 at a = (n - 1) h(x): positive below the root, negative above.
  const auto foc = [&](double x) {
    const double h = hazard(x), a = (c.firms - 1) * h;
    return (c.prize * slope(x) - 1) * (c.interest + h + a) - (c.prize * h - x) * slope(x);
  };
  double low = 1e-12, high = 1;
  while (foc(high) > 0 && high < 1e15) high *= 2;
  for (int i = 0; i < 300 && high - low > 1e-16 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (foc(middle) > 0 ? low : high) = middle;
  }
  Race race;
  race.spend = 0.5 * (low + high);
  race.hazard = hazard(race.spend);
  race.value = (c.prize * race.hazard - race.spend) / (c.interest + c.firms * race.hazard);
  race.mean_duration = 1 / (c.firms * race.hazard);
  race.foc_residual = std::fabs(foc(race.spend)) / (c.prize * slope(race.spend));
  return race;
}

}  // namespace ingot::market
