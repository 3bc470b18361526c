// Views (view.h) of valuations, simulated runways, raising strategies and investors.
#pragma once

#include "ingot/plan/finance/investors.h"
#include "ingot/plan/finance/strategy.h"
#include "ingot/plan/finance/valuation_terms.h"
#include "ingot/plan/finance/venture.h"
#include "ingot/plan/finance/view.h"

namespace ingot::finance {

View valuation_view(const ValuationReport& report);
View plan_view(const PlanResult& plan, const Date& start);
View runway_view(const PlanResult& plan, const Date& start, const RunwayResult& result, double confidence);
void add_sensitivity(View& view, const SensitivityResult& result);
void add_strategy(View& view, const StrategyResult& result, const Currency& currency);
Json story_section(const AdvantageResult& advantage);  // the story page of a plan
View investors_view(const std::vector<Match>& matches, const AdvantageResult* advantage);

}  // namespace ingot::finance
