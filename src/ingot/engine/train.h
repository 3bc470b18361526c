// The training loop and what it leaves behind. Torch-free header: cli/ and server/ include it.
//
// Run folder (the contract with the dashboard and plan/, which read nothing else):
//   recipe.toml        the resolved recipe
//   run.json           the run record, see run_record.h
//   metrics.jsonl      one object per logged event: {"event":"train","step":250,"loss":3.2,"lr":6e-4,...}
//   events.out.tfevents.*   the same for TensorBoard
//   checkpoints/       step folders, LATEST and BEST, see formats/checkpoint_folder.h
//   assets/            tokenizer and the like (Task::save_assets)
//   pictures/          SVG, PNG and text files, written at the end (Task::illustrate)
//   model_card.md      written at the end
//   lock               held by the trainer; holds its process id
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ingot/base/toml.h"

namespace ingot {

struct TrainOptions {
  std::filesystem::path run_folder;     // empty: runs/<name of the run>-<n>
  bool resume = false;                  // continue from the newest whole checkpoint in run_folder; with none, begin
  bool quiet = false;                   // no progress output
  std::optional<int64_t> stop_at_step;  // as if interrupted after that step
  std::vector<std::string> allow_config_change;  // on resume: keys or sections that may differ, "all" for every one
  bool allow_non_finite = false;                 // on resume: load weights that hold NaN or infinity
  bool use_home_folder = true;                   // run registry and measured ceilings; without them no MFU
};

struct TrainResult {
  std::filesystem::path run_folder;
  std::string status;  // "finished", "stopped_early", "interrupted"
  int64_t step = 0;
  int signal = 0;  // that interrupted it
  Json record;     // what run.json holds
};

// Trains as the recipe says. Throws on bad recipes, a run folder in use, unusable checkpoints, non-finite steps under
// policy stop, and when the last save fails. Handles SIGINT and SIGTERM while it runs (engine/stop_signal.h).
TrainResult train(const Document& recipe, const TrainOptions& options);

// Resolved recipe, parameters, memory, FLOPs, predicted time and cost. Opens the training data for one batch; measures
// a few real steps when they are predicted to be short, else goes by this machine's ceiling and an MFU.
Json dry_run(const Document& recipe);

// Metrics of a trained run over a split: {"run", "checkpoint", "step", "split", "metrics"}. `checkpoint` is best,
// latest or a step. Keeps the metrics in run.json under eval.<split>.
Json evaluate_run(const std::filesystem::path& run_folder, const std::string& split, const std::string& checkpoint);

}  // namespace ingot
