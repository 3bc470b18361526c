// One optimiser step of every player of a task: gradients over the step's micro-batches, the verdict on their
// finiteness, clipping, update. It knows nothing of files, logs or the cadence of a run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingot/engine/train_config.h"
#include "ingot/tasks/task.h"
#include "ingot/torch/tensor.h"

namespace ingot {

struct StepOutcome {
  bool finite = true;
  std::string problem;                   // "loss of model is nan", when not finite
  std::map<std::string, double> losses;  // by player: summed loss over summed weight
  double weight = 0;                     // 0: no loss term counted, nothing was updated
  double grad_norm = 0;                  // of the last player, before clipping
};

class TrainStep {
 public:
  // `task`'s module must be on `device` already.
  TrainStep(Task& task, const TrainConfig& config, at::Device device);
  ~TrainStep();

  // A player whose loss or gradient norm is NaN or infinite is not updated, nor are those after it.
  StepOutcome run(StepWindow window, double lr_factor, const std::function<Batch(int64_t)>& batch_of);

  // "<player>/<parameter>.<slot>", live tensors.
  std::map<std::string, Tensor> optimizer_state() const;
  void load_optimizer_state(const std::map<std::string, Tensor>& state);

 private:
  struct PlayerState;
  Task& task_;
  const TrainSection& config_;
  at::Device device_;
  std::vector<PlayerState> players_;
};

// Exponential moving average of parameters; buffers (batch statistics) are taken over as they are.
class Ema {
 public:
  Ema(const torch::nn::Module& module, double decay);
  void update(const torch::nn::Module& module);
  const std::map<std::string, Tensor>& state() const { return average_; }
  void load(const std::map<std::string, Tensor>& state);

 private:
  double decay_;
  std::map<std::string, Tensor> average_;
};

// While it lives, the module holds the averaged weights.
class EmaScope {
 public:
  EmaScope(torch::nn::Module& module, const Ema* ema);  // does nothing without an average
  ~EmaScope();
  EmaScope(const EmaScope&) = delete;
  EmaScope& operator=(const EmaScope&) = delete;

 private:
  std::map<std::string, Tensor> module_, own_;
};

// States of the random generators that training draws from: "cpu", "cuda:0", ...
std::map<std::string, Tensor> generator_states();
void set_generator_states(const std::map<std::string, Tensor>& states);

}  // namespace ingot
