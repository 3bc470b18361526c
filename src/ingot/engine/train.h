// The training loop and what it leaves behind. Torch-free header: cli/ and server/ include it.
//
// Run folder (the contract with the dashboard and plan/, which read nothing else):
//   recipe.toml        the resolved recipe
//   run.json           the run record: status, model, train, eval, machine, versions, hashes (see RunRecord)
//   metrics.jsonl      one object per logged event: {"event":"train","step":250,"loss":3.2,"lr":6e-4,...}
//   events.out.tfevents.*   the same for TensorBoard
//   checkpoints/step-00000250/{model,optimizer}.safetensors state.json MANIFEST.json;  checkpoints/LATEST, BEST
//   assets/            tokenizer and the like (Task::save_assets)
//   model_card.md      written at the end
//   lock               held by the trainer
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "ingot/base/config.h"
#include "ingot/base/toml.h"

namespace ingot {

struct TrainConfig;  // engine/train_config.h: [train], [optimizer], [schedule], [checkpoint] of a recipe

struct TrainOptions {
  std::filesystem::path run_folder;     // empty: runs/<recipe name>-<n>
  bool resume = false;                  // continue from the newest valid checkpoint in run_folder
  bool quiet = false;                   // no progress output
  std::optional<int64_t> stop_at_step;  // as if interrupted after that step (verify-resume, tests)
};

struct TrainResult {
  std::filesystem::path run_folder;
  std::string status;  // "finished", "interrupted", "stopped_early", "failed"
  int64_t step = 0;
  Json record;  // what run.json holds
};

// Trains as the recipe says. Throws on bad recipes, a run folder in use, unusable checkpoints, NaN under policy stop.
TrainResult train(const Document& recipe, const TrainOptions& options);

// Resolved recipe, parameters, memory, FLOPs, predicted time and cost; touches no training data beyond its manifest.
Json dry_run(const Document& recipe);

}  // namespace ingot
