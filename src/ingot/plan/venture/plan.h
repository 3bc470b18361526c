// From venture.toml to the numbers of the loop, each with its basis and source.
#pragma once

#include "ingot/plan/cost/training.h"
#include "ingot/plan/venture/config.h"
#include "ingot/plan/venture/simulate.h"

namespace ingot::venture {

// An input of the plan as the report shows it.
struct Fact {
  Json label;  // text, {"en", "zh"}
  double value = 0;
  std::string format;  // docs/report.md
  cost::Basis basis = cost::Basis::Assumed;
  Json source;
};

struct ModelCost {
  std::string name;
  int month = 0;
  std::optional<double> params, tokens;
  double flop = 0, usd = 0, usd_low = 0, usd_high = 0;  // of the final run
  double usd_research = 0;                              // with all experiments, over the months before
  double chip_hours = 0, wall_s = 0;
  double capability = 0;  // points expected at release, without chance
  cost::Basis basis = cost::Basis::Predicted;
  std::string source;
};

struct WarGame {
  std::string id;
  Json name;
  std::vector<Shock> shocks;
};

// `position`: firm of the market -> firm of `numbers`.
std::vector<WarGame> wargames_of(const Venture& venture, const Numbers& numbers, const std::vector<int>& position);

struct Plan {
  Numbers numbers;
  std::vector<ModelCost> models;
  std::vector<Fact> facts;
  std::vector<cost::RunReview> reviews;  // forecast against what happened, of measured runs
  std::vector<WarGame> wargames;
  finance::PlanResult operating;
  finance::Ownership ownership;
  std::vector<MonthRecord> certain;  // the path without chance
  Path::End certain_end;
  cost::Figure serving_cost, serving_floor, api_price;  // a unit; money a month; a unit
  std::vector<std::string> warnings;
};

// Throws InvalidArgument, or NotFound for a run folder or a chip that does not exist; a run that did not finish is
// refused.
Plan make_plan(const Venture& venture);

}  // namespace ingot::venture
