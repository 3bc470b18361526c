// Muon: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". Hidden matrices take the
// orthogonalised Nesterov momentum; the rest of the parameters takes AdamW.
#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "ingot/engine/optimizer_state.h"

namespace ingot {
namespace {

class Muon : public OptimizerState {
 public:
  Muon(const OptimizerConfig& config, std::vector<OptimizedParameter> hidden, std::vector<OptimizedParameter> rest)
      : OptimizerState(config, std::move(hidden)), momentum_(config.momentum == 0 ? 0.95 : config.momentum) {
    for (auto& entry : entries_)
      entry.slots.emplace_back("momentum", at::zeros_like(entry.parameter.value, at::TensorOptions(at::kFloat)));
    auto adamw = config;
    adamw.name = OptimizerKind::AdamW;
    rest_ = make_elementwise(adamw, std::move(rest));
  }

  void step(double lr_factor, double grad_scale) override {
    at::NoGradGuard no_grad;
    rest_->step(lr_factor, grad_scale);
    for (auto& entry : entries_) {
      const auto& w = entry.parameter.value;
      if (!w.grad().defined()) continue;
      entry.count_step();
      auto g = penalised_gradient(config_, entry.parameter, grad_scale);
      auto momentum = entry.slot(0);
      momentum.lerp_(g, 1 - momentum_);
      const auto update = orthogonalise(g.lerp_(momentum, momentum_).view({w.size(0), -1}));  // [M, N]
      const double lr = config_.muon_lr * lr_factor;
      const double shape = std::sqrt(std::max(1.0, double(update.size(0)) / double(update.size(1))));
      if (entry.parameter.decays) w.mul_(1 - lr * config_.weight_decay);
      w.sub_(update.view_as(w), lr * shape);
    }
  }

  std::map<std::string, Tensor> state() const override {
    auto result = OptimizerState::state();
    result.merge(rest_->state());
    return result;
  }
  void load_state(const std::map<std::string, Tensor>& state) override {
    std::map<std::string, Tensor> rest;
    const auto names = rest_->state();
    for (const auto& [name, tensor] : state)
      if (names.count(name)) rest[name] = tensor;
    OptimizerState::load_state(state);  // state() above names both halves
    rest_->load_state(rest);
  }

 private:
  double momentum_;
  std::unique_ptr<Optimizer> rest_;
};

}  // namespace

Tensor orthogonalise(const Tensor& matrix) {
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;  // quintic whose slope at 0 is steepest
  auto x = matrix / (matrix.norm() + 1e-7);
  const bool tall = x.size(0) > x.size(1);
  if (tall) x = x.t();
  for (int iteration = 0; iteration < 5; ++iteration) {
    const auto gram = x.mm(x.t());                              // [M, M]
    const auto polynomial = at::addmm(gram, gram, gram, b, c);  // b A + c A^2
    x = at::addmm(x, polynomial, x, a);                         // a X + (b A + c A^2) X
  }
  return tall ? x.t() : x;
}

std::unique_ptr<Optimizer> make_muon(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters) {
  const auto middle = std::stable_partition(parameters.begin(), parameters.end(),
                                            [](const auto& p) { return p.hidden_matrix && p.value.dim() >= 2; });
  std::vector<OptimizedParameter> rest(middle, parameters.end());
  parameters.erase(middle, parameters.end());
  return std::make_unique<Muon>(config, std::move(parameters), std::move(rest));
}

}  // namespace ingot
