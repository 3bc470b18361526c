#include "ingot/plan/cost/money.h"

#include <cmath>

#include "ingot/base/error.h"

namespace ingot::cost {

Problems Prices::validate() const {
  Problems problems;
  const auto rule = [&](bool holds, const auto&... parts) {
    if (!holds) problems.push_back(detail::join_parts(parts...));
  };
  rule(!bases.empty(), "bases is empty, expected at least one of rental, amortised, capex, energy");
  rule(contract != Contract::Purchase, "contract is purchase, expected on-demand, one-year or three-year");
  if (rental_usd_per_hour)
    rule(*rental_usd_per_hour > 0, "rental_usd_per_hour is ", *rental_usd_per_hour, ", expected > 0");
  if (purchase_usd) rule(*purchase_usd > 0, "purchase_usd is ", *purchase_usd, ", expected > 0");
  if (power_w) rule(*power_w > 0, "power_w is ", *power_w, ", expected > 0");
  rule(server_multiplier >= 1, "server_multiplier is ", server_multiplier, ", expected >= 1");
  rule(server_power >= 1, "server_power is ", server_power, ", expected >= 1");
  rule(life_years > 0, "life_years is ", life_years, ", expected > 0");
  rule(capital_rate >= 0 && capital_rate < 1, "capital_rate is ", capital_rate, ", expected a share in [0, 1)");
  rule(availability > 0 && availability <= 1, "availability is ", availability, ", expected a share in (0, 1]");
  rule(pue >= 1, "pue is ", pue, ", expected >= 1");
  rule(usd_per_kwh >= 0, "usd_per_kwh is ", usd_per_kwh, ", expected >= 0");
  rule(kg_co2_per_kwh >= 0, "kg_co2_per_kwh is ", kg_co2_per_kwh, ", expected >= 0");
  rule(rd_share > 0 && rd_share <= 1, "rd_share is ", rd_share, ", expected a share in (0, 1]");
  return problems;
}

double annuity(double rate, double years) {
  require("prices", years > 0, "life_years is ", years, ", expected > 0");
  return rate == 0 ? 1 / years : rate / -std::expm1(-years * std::log1p(rate));
}

OwnedHour owned_hour(double purchase_usd, double power_w, const Prices& prices) {
  constexpr double kHoursPerYear = 8760;
  OwnedHour hour;
  hour.capital_usd_per_year = purchase_usd * prices.server_multiplier * annuity(prices.capital_rate, prices.life_years);
  hour.kwh_per_year = power_w / 1000 * prices.pue * kHoursPerYear;  // idle hours draw power too
  hour.energy_usd_per_year = hour.kwh_per_year * prices.usd_per_kwh;
  hour.usd_per_hour = (hour.capital_usd_per_year + hour.energy_usd_per_year) / (kHoursPerYear * prices.availability);
  return hour;
}

Energy energy_of(double chip_hours, double power_w, const Prices& prices) {
  const double kwh = chip_hours * power_w / 1000 * prices.pue;
  return {kwh / 1000, kwh * prices.kg_co2_per_kwh / 1000, kwh * prices.usd_per_kwh};
}

double power_of(const Chip& chip, const Prices& prices) {
  require("prices", prices.power_w || chip.tdp_w > 0, "power of ", chip.id,
          " is not in the catalogue, expected a TDP; give it with --power-w");
  return prices.power_w.value_or(chip.tdp_w * prices.server_power);
}

}  // namespace ingot::cost
