// The sections of the page; document.cpp puts them together.
#pragma once

#include <fmt/format.h>

#include "ingot/base/text_table.h"
#include "ingot/plan/report/report.h"
#include "ingot/plan/venture/view.h"

namespace ingot::venture {

Json verdict_section(const Outcome& o);
Json roadmap_section(const Outcome& o);
Json units_section(const Outcome& o);
Json runway_section(const Outcome& o);
Json rounds_section(const Outcome& o);
Json valuation_section(const Outcome& o);
Json market_section(const Outcome& o);
Json wargames_section(const Outcome& o);
Json sensitivity_section(const Outcome& o);
Json sweep_section(const Outcome& o);
Json risk_section(const Outcome& o);
Json inputs_section(const Outcome& o);

// Shared by the sections.
const Tally& shown(const Outcome& o);  // of the recommended raise, else of the policy as written
inline report::Basis basis_of(cost::Basis b) { return static_cast<report::Basis>(b); }
// "simulated, 100,000 futures" as the source of what the loop predicts.
Json simulated(const Outcome& o);
Json predicted(const Outcome& o, double value, std::string_view format);
Json predicted(const Outcome& o, double value, double low, double high, std::string_view format);
// FLOP as "463 x 10^21": the page's number formats end at a trillion.
Json flop_figure(double flop, report::Basis basis, const Json& source);
// "$1.2B" with the letters of a balance sheet.
std::string dollars(double usd);
Json column(std::string_view en, std::string_view zh);
Json kpi(Json label, Json value, Json note = nullptr, bool emphasis = false);
Json note(std::string_view tone, Json text);
// A fan of quantiles as two bands and a line.
Json fan_series(const Outcome& o, const Tally& t, int fan, Json name, int color);

}  // namespace ingot::venture
