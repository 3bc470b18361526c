// The plan of a run that has just been trained and measured: one call, no torch. `ingot demo` ends with it.
#pragma once

#include <filesystem>
#include <string>

#include "ingot/plan/venture/view.h"

namespace ingot::venture {

struct MeasuredRun {
  std::filesystem::path run;      // run folder with run.json
  std::filesystem::path serving;  // serving.json with tokens_per_s; empty: the example's cost
  std::filesystem::path card;     // card.json of the data; empty: none
  double usd_per_hour = 0.08;     // of the machine that was measured
};

struct PlanFiles {
  std::filesystem::path toml, page, json;
  std::string verdict;  // one line
};

// Writes venture.toml (examples/venture_demo.toml fed by the run), plan.json and plan.html into `folder`.
// Throws InvalidArgument for a run that did not finish.
PlanFiles plan_from_run(const MeasuredRun& measured, const std::filesystem::path& folder,
                        const std::string& lang = "en", uint64_t paths = 20'000, const Watch& watch = {});

}  // namespace ingot::venture
