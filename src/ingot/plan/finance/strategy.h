// When to raise, how much and with which instrument: expected founder value against the chance of ruin.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ingot/plan/finance/venture.h"
#include "ingot/plan/report/text.h"

namespace ingot::finance {

struct RaisePlan {
  Instrument instrument = Instrument::Equity;
  double trigger = 9, runway = 18;  // months
  double ruin = 0, founder_value = 0, founder_share = 0, raised = 0, rounds = 0;
  double value_error = 0;  // standard error of founder_value
};

struct StrategyResult {
  std::vector<RaisePlan> tried;
  std::vector<RaisePlan> frontier;  // no other plan tried has less ruin and more value; by ruin, ascending
  RaisePlan current, recommended;
  bool limit_met = true;  // false: no plan keeps ruin within the limit; the safest is recommended
  std::vector<report::Text> why;
};

// Every plan is simulated on the same paths (common random numbers), so differences between plans are not noise.
// A grid over trigger and size for each of `instruments` (instruments_for), then COBYLA (Powell 1994; NLopt) from the
// best point of the grid with ruin <= limit as its constraint.
StrategyResult optimise_raise(const std::function<VentureNumbers(Instrument)>& numbers_of,
                              const std::vector<Instrument>& instruments, const FinancingPolicy& policy,
                              const Simulation& simulation,
                              const std::function<void(int done, int total)>& progress = {});

}  // namespace ingot::finance
