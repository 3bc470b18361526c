// What a plan is asked: how it goes, what to raise, what moves it, how it takes a blow, which decision is best. All
// runs share their random numbers, so differences are not noise.
#pragma once

#include "ingot/plan/venture/plan.h"
#include "ingot/plan/venture/shard.h"

namespace ingot::venture {

struct Interval {
  double value = 0, low = 0, high = 0;
};
// 95 % of a probability seen `count` times in `paths` (Wilson 1927).
Interval wilson(double p, uint64_t paths);

struct RaiseChoice {
  finance::Instrument instrument = finance::Instrument::Equity;
  double trigger = 9, runway = 18;
  double alive = 0, lead = 0, founder_value = 0, founder_share = 0, raised = 0;
};

struct Sensitivity {
  Json name;
  Json low_label, high_label;
  double alive_low = 0, alive_high = 0, lead_low = 0, lead_high = 0, value_low = 0, value_high = 0;
  double weight() const;  // the larger spread of the two probabilities
};

struct WarResult {
  WarGame game;
  Tally tally;
};

struct SweepPoint {
  double research = 1, price = 1, runway = 18, hiring = 1;  // over the plan's; months
  double alive = 0, lead = 0, founder_value = 0, raised = 0;
  bool frontier = false;  // no other point has more of P(alive) and of founder value
};

struct Analysis {
  Simulation simulation;      // of `base`
  std::optional<Tally> base;  // the policy of the file
  std::optional<Tally> best;  // the recommended one
  std::vector<RaiseChoice> raises;
  size_t chosen = 0;
  bool limit_met = true;
  std::vector<WarResult> wars;
  std::vector<Sensitivity> sensitivities;  // heaviest first
  std::vector<SweepPoint> sweep;
  bool interrupted = false;
};

struct Effort {
  Simulation simulation;
  uint64_t search_paths = 1024, factor_paths = 2560, war_paths = 10'240, sweep_paths = 1024;
  bool sweep = false;
  Sharding sharding;  // of the two large runs; a process that only writes its shard returns after them
};

// `watch(stage, done, total)` is called as work proceeds; false stops: what is finished is kept.
using Watch = std::function<bool(const std::string& stage, uint64_t done, uint64_t total)>;
Analysis analyse(const Plan& plan, const Venture& venture, const Effort& effort, const Watch& watch = {});

// The numbers under another raising policy. Requires the plan's own numbers as the start.
Numbers with_policy(const Plan& plan, const Venture& venture, finance::Instrument instrument, double trigger,
                    double runway);

}  // namespace ingot::venture
