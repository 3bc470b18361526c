// run.json, the record that plan/, the dashboard and the registry read, and the model card made from it.
//
// {"id", "name", "status", "created", "finished",
//  "model":   {"family", "parameters", "trained_parameters" where some are frozen, "flops_per_unit", ...what the task's
//              card says},
//  "train":   {"steps", "units", "unit", "units_per_s", "tokens_per_s", "cpu_s", "step_s", "wall_s", "mfu",
//              "peak_memory_bytes", "final_loss", "skipped_steps", "rollbacks", "empty_steps", "usd"},
//  "eval":    {"validation": {...}, "best": {"step", "metric", "value"}},
//  "machine": {"cpu", "cores", "simd", "memory_bytes", ..., "ceiling": {...}},
//  "versions", "config_hash", "data_hash", "seed", "threads", "device", "precision"}
//
// status: running, finished, stopped_early, interrupted or failed (with "error"). Rates count training steps only, not
// evaluation and saving; wall_s counts everything. Fields that were not measured are left out.
#pragma once

#include <optional>
#include <string>

#include "ingot/base/json.h"
#include "ingot/engine/machine.h"
#include "ingot/engine/train_config.h"

namespace ingot {

// What a run counts and a checkpoint keeps.
struct TrainState {
  std::string id, created;
  int64_t step = 0;
  int64_t micro_batches = 0;  // the data cursor
  double units = 0;
  int64_t skipped = 0, rollbacks = 0, empty = 0;
  double lr_scale = 1;
  std::vector<double> window_losses;  // summed since the last log, by player
  double window_weight = 0;
  double last_loss = 0;
  int64_t evaluated_step = 0;
  int64_t best_step = 0;
  std::optional<double> best;
  int64_t stale_evaluations = 0;
  double step_s = 0, step_cpu_s = 0, wall_s = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("id", self.id, "of the run");
    v("created", self.created, "date");
    v("step", self.step, "optimiser steps done");
    v("micro_batches", self.micro_batches, "data cursor");
    v("units", self.units, "summed weight of the batches");
    v("skipped", self.skipped, "non-finite steps that were skipped");
    v("rollbacks", self.rollbacks, "returns to a checkpoint");
    v("empty", self.empty, "steps without a loss term");
    v("lr_scale", self.lr_scale, "halved by each rollback");
    v("window_losses", self.window_losses, "since the last log");
    v("window_weight", self.window_weight, "since the last log");
    v("last_loss", self.last_loss, "of the last logged window");
    v("evaluated_step", self.evaluated_step, "last evaluation");
    v("best_step", self.best_step, "of the best evaluation");
    v("best", self.best, "its metric");
    v("stale_evaluations", self.stale_evaluations, "since the best");
    v("step_s", self.step_s, "wall seconds in steps");
    v("step_cpu_s", self.step_cpu_s, "CPU seconds in steps");
    v("wall_s", self.wall_s, "seconds in all");
  }
};

// Share of the machine's peak in this precision; nullopt when either is unknown.
std::optional<double> mfu(const Task& task, const TrainConfig& config, const TrainState& state,
                          const std::optional<Ceiling>& ceiling);

struct RecordInputs {
  Task& task;
  const TrainConfig& config;
  const TrainState& state;
  const Json& evaluations;
  const std::optional<Ceiling>& ceiling;
  std::string family, name, status, error, config_hash, data_hash, device;
};
Json run_record(const RecordInputs& inputs);

std::string model_card(const Json& record, const Json& task_card);

}  // namespace ingot
