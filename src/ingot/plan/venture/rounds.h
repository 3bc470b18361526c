// The rounds of the path without chance, played on the exact cap table (plan/finance): share counts, not percentages.
#pragma once

#include "ingot/plan/finance/round.h"
#include "ingot/plan/venture/plan.h"

namespace ingot::venture {

struct RoundStep {
  std::string series;
  int month = 0;
  Closing closing;
  finance::RoundResult result;
  finance::CapTable table;  // after it
};

struct Rounds {
  std::vector<RoundStep> steps;
  std::vector<std::string> warnings;  // rounds that the terms of the cap table make impossible
};
Rounds play_rounds(const Venture& venture, const std::vector<MonthRecord>& certain);

}  // namespace ingot::venture
