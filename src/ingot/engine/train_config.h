// [train], [optimizer], [schedule], [checkpoint], [ema] and [early_stop] of a recipe. [model] and [data] belong to the
// model family.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/engine/optimizer.h"
#include "ingot/engine/schedule.h"
#include "ingot/tasks/task.h"

namespace ingot {

enum class Precision { Fp32, Bf16, Auto };
template <>
struct EnumNames<Precision> {
  static constexpr std::pair<const char*, Precision> kValues[] = {
      {"fp32", Precision::Fp32}, {"bf16", Precision::Bf16}, {"auto", Precision::Auto}};
};

// What to do when the loss or the gradient norm of a step is NaN or infinite. Always before the optimiser steps.
enum class NonFinitePolicy { Stop, Skip, Rollback };
template <>
struct EnumNames<NonFinitePolicy> {
  static constexpr std::pair<const char*, NonFinitePolicy> kValues[] = {
      {"stop", NonFinitePolicy::Stop}, {"skip", NonFinitePolicy::Skip}, {"rollback", NonFinitePolicy::Rollback}};
};

struct TrainSection {
  std::string name;
  int64_t steps = 0;
  double epochs = 0;
  int64_t batch_size = 32;
  int64_t accumulate = 1;
  uint64_t seed = 0;
  std::string device = "auto";
  Precision precision = Precision::Fp32;
  int threads = 0;
  double clip_grad_norm = 0;
  NonFinitePolicy non_finite = NonFinitePolicy::Stop;
  int64_t max_non_finite = 10;
  int64_t log_every = 0;
  int64_t eval_every = 0;
  int64_t eval_limit = 0;
  double usd_per_hour = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "name of the run; empty: model and recipe file");
    v("steps", self.steps, "optimiser steps (or give epochs)");
    v("epochs", self.epochs, "passes over the training data (or give steps)");
    v("batch_size", self.batch_size, "of one micro-batch");
    v("accumulate", self.accumulate, "micro-batches a step");
    v("seed", self.seed, "of weights, data order and dropout");
    v("device", self.device, "auto, cpu, cuda or cuda:N");
    v("precision", self.precision,
      "fp32; bf16: autocast with fp32 weights; auto: bf16 where the device has units for it");
    v("threads", self.threads, "CPU threads; 0 = all cores. The same number gives the same bits");
    v("clip_grad_norm", self.clip_grad_norm, "largest gradient norm; 0 = no clipping");
    v("non_finite", self.non_finite, "stop, skip or rollback when loss or gradient norm is NaN or infinite");
    v("max_non_finite", self.max_non_finite, "so many skips or rollbacks, then stop");
    v("log_every", self.log_every, "steps between metrics; 0 = 200 times a run");
    v("eval_every", self.eval_every, "steps between evaluations; 0 = each epoch, or 10 times a run without epochs");
    v("eval_limit", self.eval_limit, "batches of an evaluation during training; 0 = all");
    v("usd_per_hour", self.usd_per_hour, "price of this machine, for the running cost");
  }
  Problems validate() const;
};

struct CheckpointSection {
  int64_t every = 0;
  int64_t keep = 2;
  bool keep_best = true;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("every", self.every, "steps between checkpoints; 0 = with each evaluation");
    v("keep", self.keep, "newest checkpoints that are kept");
    v("keep_best", self.keep_best, "also keep the best one by the task's metric");
  }
  Problems validate() const;
};

struct EmaSection {
  double decay = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("decay", self.decay, "exponential moving average of the weights; 0 = none. Evaluation uses the average");
  }
  Problems validate() const;
};

struct EarlyStopSection {
  int64_t patience = 0;
  double min_delta = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("patience", self.patience, "evaluations without improvement before training stops; 0 = never");
    v("min_delta", self.min_delta, "a smaller gain does not count as improvement");
  }
  Problems validate() const;
};

struct TrainConfig {
  TrainSection train;
  ScheduleConfig schedule;
  CheckpointSection checkpoint;
  EmaSection ema;
  EarlyStopSection early_stop;
  // Filled by read_optimizers once the task has named its players: [optimizer] for all of them, changed for one by a
  // table inside it, as in [optimizer.discriminator] lr = 4e-4.
  std::map<std::string, OptimizerConfig> optimizers;
};

// Throws InvalidArgument that lists every problem with its line and column. precision "auto" is settled here, for
// [train] device, so that the run's own recipe says what it was.
TrainConfig read_train_config(const Document& recipe);
void read_optimizers(const Document& recipe, const std::vector<Player>& players, TrainConfig& config);

// The recipe with every default written out; `of_task`: the sections that making the task has read
// (Document::resolved).
Json resolved_recipe(const Document& recipe, const Json& of_task, const TrainConfig& config);

// Identity of everything in a resolved recipe that a result depends on: not names, prices and cadence of logs.
std::string config_hash(const Json& resolved);
// "train.steps: 200 -> 400" for each key that differs, in the order of `before`; keys outside config_hash left out.
std::vector<std::pair<std::string, std::string>> config_changes(const Json& before, const Json& after);

// Micro-batches of a step. With epochs the last window of each is ragged: it takes what is left.
struct StepWindow {
  int64_t first = 0;
  int64_t count = 0;
};
StepWindow window_of_step(int64_t step, int64_t accumulate, int64_t batches_per_epoch);
int64_t steps_per_epoch(int64_t accumulate, int64_t batches_per_epoch);  // 0 without epochs
int64_t total_steps(const TrainSection& train, int64_t batches_per_epoch);

}  // namespace ingot
