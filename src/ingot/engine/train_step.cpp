#include "ingot/engine/train_step.h"

#include <cmath>
#include <set>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/torch/compat.h"
#include "ingot/torch/module_state.h"

namespace ingot {

struct TrainStep::PlayerState {
  std::string name;
  std::vector<OptimizedParameter> parameters;
  std::unique_ptr<Optimizer> optimizer;
};

TrainStep::TrainStep(Task& task, const TrainConfig& config, at::Device device)
    : task_(task), config_(config.train), device_(device) {
  for (const auto& player : task.players()) {
    PlayerState state{player.name, {}, nullptr};
    std::set<const void*> seen;  // tied weights have two names and one update
    for (const auto& item : task.module().named_parameters()) {
      const auto& [name, value] = item.pair();
      if (!value.requires_grad() || !name.starts_with(player.prefix)) continue;
      if (!seen.insert(value.unsafeGetTensorImpl()).second) continue;
      state.parameters.push_back({name, value, task.decays(name, value), task.is_hidden_matrix(name, value)});
    }
    INGOT_INVARIANT(!state.parameters.empty(), "player ", player.name, " has no parameter named ", player.prefix, "*");
    state.optimizer = make_optimizer(config.optimizers.at(player.name), state.parameters);
    players_.push_back(std::move(state));
  }
}
TrainStep::~TrainStep() = default;

StepOutcome TrainStep::run(StepWindow window, double lr_factor, const std::function<Batch(int64_t)>& batch_of) {
  StepOutcome outcome;
  std::vector<Batch> batches;
  for (int64_t i = 0; i < window.count; ++i) {
    auto batch = batch_of(window.first + i);
    if (batch.weight == 0) continue;  // nothing in it counts: no 0/0
    if (!device_.is_cpu())
      for (auto& [name, tensor] : batch.tensors) tensor = tensor.to(device_, /*non_blocking=*/true);
    outcome.weight += batch.weight;
    batches.push_back(std::move(batch));
  }
  if (batches.empty()) return outcome;

  task_.module().train();
  for (auto& player : players_) {
    // 1. Only this player's weights take gradients; the others are constants of its step.
    if (players_.size() > 1)
      for (const auto& other : players_)
        for (const auto& parameter : other.parameters) parameter.value.requires_grad_(&other == &player);
    for (const auto& parameter : player.parameters) parameter.value.mutable_grad() = Tensor();

    // 2. Gradients of the summed loss. The division by the step's weight is left to the optimiser's grad_scale.
    std::vector<Tensor> losses;
    for (const auto& batch : batches) {
      Tensor loss;
      {
        const Autocast autocast(device_.type(), config_.precision == Precision::Bf16);
        loss = task_.loss(batch, player.name);
      }
      loss.backward();
      losses.push_back(loss.detach());
    }
    double sum = 0;
    for (const auto& loss : losses) sum += loss.item<double>();
    outcome.losses[player.name] = sum / outcome.weight;

    // 3. The verdict, before anything is changed.
    outcome.grad_norm = gradient_norm(player.parameters) / outcome.weight;
    if (!std::isfinite(sum) || !std::isfinite(outcome.grad_norm)) {
      outcome.finite = false;
      const double what = std::isfinite(sum) ? outcome.grad_norm : sum;
      outcome.problem = detail::join_parts(std::isfinite(sum) ? "gradient norm of " : "loss of ", player.name, " is ",
                                           std::isnan(what) ? "NaN" : "infinite");
      break;
    }

    // 4. Clip and update.
    const double limit = config_.clip_grad_norm;
    const double clip = limit > 0 && outcome.grad_norm > limit ? limit / outcome.grad_norm : 1;
    player.optimizer->step(lr_factor, clip / outcome.weight);
  }
  if (players_.size() > 1)
    for (const auto& player : players_)
      for (const auto& parameter : player.parameters) parameter.value.requires_grad_(true);
  return outcome;
}

std::map<std::string, Tensor> TrainStep::optimizer_state() const {
  std::map<std::string, Tensor> state;
  for (const auto& player : players_)
    for (const auto& [name, tensor] : player.optimizer->state()) state[player.name + "/" + name] = tensor;
  return state;
}

void TrainStep::load_optimizer_state(const std::map<std::string, Tensor>& state) {
  for (auto& player : players_) {
    const std::string prefix = player.name + "/";
    std::map<std::string, Tensor> own;
    for (const auto& [name, tensor] : state)
      if (name.starts_with(prefix)) own[name.substr(prefix.size())] = tensor;
    player.optimizer->load_state(own);
  }
}

Ema::Ema(const torch::nn::Module& module, double decay) : decay_(decay) {
  for (const auto& [name, tensor] : module_state(module)) average_[name] = tensor.clone();
}

void Ema::update(const torch::nn::Module& module) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> average, now;
  for (const auto& item : module.named_parameters()) {
    if (!item.value().requires_grad()) continue;  // frozen: an average of one value would round it
    average.push_back(average_.at(item.key()));
    now.push_back(item.value().detach());
  }
  at::_foreach_mul_(average, decay_);
  at::_foreach_add_(average, now, 1 - decay_);
  for (const auto& item : module.named_buffers()) average_.at(item.key()).copy_(item.value());
}

void Ema::load(const std::map<std::string, Tensor>& state) {
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : average_) {
    const auto found = state.find(name);
    require("checkpoint", found != state.end() && found->second.sizes() == tensor.sizes(), "the averaged weights lack ",
            name, " or have another shape of it");
    tensor.copy_(found->second);
  }
}

EmaScope::EmaScope(torch::nn::Module& module, const Ema* ema) {
  if (!ema) return;
  const at::NoGradGuard no_grad;
  module_ = module_state(module);
  for (auto& [name, tensor] : module_) {
    own_[name] = tensor.clone();
    tensor.copy_(ema->state().at(name));
  }
}

EmaScope::~EmaScope() {
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : module_) tensor.copy_(own_.at(name));
}

namespace {
std::vector<std::pair<std::string, at::Generator>> generators() {
  std::vector<std::pair<std::string, at::Generator>> all;
  all.emplace_back("cpu", at::globalContext().defaultGenerator(at::Device(at::kCPU)));
  if (torch::cuda::is_available())
    for (size_t i = 0; i < torch::cuda::device_count(); ++i)
      all.emplace_back("cuda:" + std::to_string(i),
                       at::globalContext().defaultGenerator(at::Device(at::kCUDA, c10::DeviceIndex(i))));
  return all;
}
}  // namespace

std::map<std::string, Tensor> generator_states() {
  std::map<std::string, Tensor> states;
  for (auto& [name, generator] : generators()) states[name] = generator.get_state().clone();
  return states;
}

void set_generator_states(const std::map<std::string, Tensor>& states) {
  for (auto& [name, generator] : generators())
    if (const auto found = states.find(name); found != states.end()) generator.set_state(found->second);
}

}  // namespace ingot
