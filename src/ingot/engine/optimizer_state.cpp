#include "ingot/engine/optimizer_state.h"

#include <torch/torch.h>

#include "ingot/base/error.h"

namespace ingot {

int64_t ParameterState::count_step() { return ++*steps.data_ptr<int64_t>(); }

OptimizerState::OptimizerState(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters)
    : config_(config) {
  for (auto& parameter : parameters)
    entries_.push_back({std::move(parameter), {}, at::zeros({}, at::TensorOptions(at::kLong))});
}

std::map<std::string, Tensor> OptimizerState::state() const {
  std::map<std::string, Tensor> result;
  for (const auto& entry : entries_) {
    result[entry.parameter.name + ".step"] = entry.steps;
    for (const auto& [slot, tensor] : entry.slots) result[entry.parameter.name + "." + slot] = tensor;
  }
  return result;
}

void OptimizerState::load_state(const std::map<std::string, Tensor>& state) {
  const auto own = this->state();
  Problems problems;
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end())
      problems.push_back(name + " is missing");
    else if (found->second.sizes() != tensor.sizes())
      problems.push_back(detail::join_parts(name, " is ", found->second.sizes(), ", expected ", tensor.sizes()));
    else if (found->second.scalar_type() != tensor.scalar_type())
      problems.push_back(
          detail::join_parts(name, " is ", found->second.scalar_type(), ", expected ", tensor.scalar_type()));
  }
  for (const auto& [name, tensor] : state)
    if (!own.count(name)) problems.push_back(name + " is unexpected: another optimiser or model wrote this checkpoint");
  throw_if_any("optimizer", problems);
  at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : own) Tensor(tensor).copy_(state.at(name));
}

Tensor penalised_gradient(const OptimizerConfig& config, const OptimizedParameter& parameter, double grad_scale) {
  const auto& w = parameter.value;
  auto g = w.grad().is_sparse() ? w.grad().to_dense() : w.grad();
  g = g.to(at::kFloat) * grad_scale;
  if (parameter.decays && config.l2 != 0) g.add_(w, config.l2);
  if (parameter.decays && config.l1 != 0) g.add_(w.sign(), config.l1);
  return g;
}

}  // namespace ingot
