// Views (plan/report/view.h) of ladders, races and forecasts.
#pragma once

#include "ingot/plan/market/agents.h"
#include "ingot/plan/market/forecast.h"
#include "ingot/plan/market/ladder.h"
#include "ingot/plan/market/rivals.h"
#include "ingot/plan/report/view.h"

namespace ingot::market {

// `agents`: firms that best-responded from random policies, or nullptr.
report::View ladder_view(const LadderEquilibrium& equilibrium, const LadderAgents* agents = nullptr);
report::View oblivious_view(const LadderConfig& config, const ObliviousEquilibrium& equilibrium);
report::View lee_wilde_view(const RaceConfig& config, const Race& race);

// `fan`, `budgets`: nullptr when not asked for.
// `every`: months between the rows of the first table.
report::View race_view(const RaceSection& section, const std::vector<RaceMonth>& path, const RaceFan* fan,
                       const BudgetEquilibrium* budgets, int every);
report::View forecast_view(const Industry& industry, const RaceSection& race, const std::vector<ForecastMonth>& months,
                           const ForecastFan* fan, const std::vector<std::pair<std::string, std::string>>& notes,
                           int every);

}  // namespace ingot::market
