// Views (plan/report/view.h) of equilibria, scenarios and estimates.
#pragma once

#include "ingot/plan/market/estimate.h"
#include "ingot/plan/market/industry.h"
#include "ingot/plan/market/scenario.h"
#include "ingot/plan/report/view.h"

namespace ingot::market {

report::View equilibrium_view(const Industry& industry, const Equilibrium& equilibrium);
report::View estimate_view(const EstimateInput& input, const EstimateResult& result, const std::string& title);
report::View scenario_view(const std::vector<Outcome>& outcomes);  // today first

// What --csv prints: one row a scenario and product, one row a product and market.
TextTable scenario_csv(const std::vector<Outcome>& outcomes);
TextTable estimate_csv(const EstimateInput& input, const EstimateResult& result);

// A number with `digits` significant digits, thousands grouped: "1,234", "0.0123".
std::string figure_text(double value, int digits = 4);
Json status_block(const Equilibrium& equilibrium);  // a note block that says converged, or why not
std::string status_text(const Equilibrium& equilibrium);

}  // namespace ingot::market
