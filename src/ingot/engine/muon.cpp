// Muon: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". Hidden matrices take the
// orthogonalised Nesterov momentum; the rest of the parameters takes AdamW.
#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "ingot/engine/optimizer_kernels.h"
#include "ingot/engine/optimizer_state.h"
#include "ingot/nn/kernels/gemm.h"

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
    const double lr = config_.muon_lr * lr_factor;
    // Matrices are independent: one a thread beats one product over all threads at these sizes.
    at::parallel_for(0, int64_t(entries_.size()), 1, [&](int64_t begin, int64_t end) {
      at::NoGradGuard no_grad;
      for (int64_t i = begin; i < end; ++i)
        if (entries_[size_t(i)].parameter.value.grad().defined()) update(entries_[size_t(i)], lr, grad_scale);
    });
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
  void update(ParameterState& entry, double lr, double grad_scale) const {
    const auto& w = entry.parameter.value;
    const auto rows = w.size(0), columns = w.numel() / rows;
    entry.count_step();
    const double decay = entry.parameter.decays ? 1 - lr * config_.weight_decay : 1;
    lr *= std::sqrt(std::max(1.0, double(rows) / double(columns)));
    auto momentum = entry.slot(0);
    if (!w.device().is_cpu() || w.scalar_type() != at::kFloat || !w.is_contiguous()) {
      auto g = penalised_gradient(config_, entry.parameter, grad_scale);
      momentum.lerp_(g, 1 - momentum_);
      const auto u = orthogonalise(g.lerp_(momentum, momentum_).view({rows, columns}));
      w.mul_(decay).sub_(u.view_as(w), lr);
      return;
    }
    UpdateTerms terms;
    terms.grad_scale = float(grad_scale);
    if (entry.parameter.decays) terms.l1 = float(config_.l1), terms.l2 = float(config_.l2);
    terms.beta1 = float(momentum_);
    terms.rest1 = float(1 - momentum_);
    const auto g = w.grad().to(at::kFloat).contiguous();
    auto u = at::empty({rows, columns}, at::TensorOptions(at::kFloat));
    muon_momentum({w.data_ptr<float>(), g.data_ptr<float>(), momentum.data_ptr<float>(), nullptr, w.numel()}, terms,
                  u.data_ptr<float>());
    u = orthogonalise(u).to(at::kFloat).contiguous();
    muon_apply(w.data_ptr<float>(), u.data_ptr<float>(), w.numel(), float(decay), float(lr));
    w.unsafeGetTensorImpl()->bump_version();
  }

  double momentum_;
  std::unique_ptr<Optimizer> rest_;
};

}  // namespace

// X <- a X + b (X X^T) X + c (X X^T)^2 X, five times; the slope a at 0 is as steep as a quintic allows. The products
// are bfloat16 with float32 sums, as in the original: singular values end between 0.7 and 1.2, which is near enough.
Tensor orthogonalise(const Tensor& matrix) {
  const bool tall = matrix.size(0) > matrix.size(1);
  auto x = ((tall ? matrix.t() : matrix) / (matrix.norm() + 1e-7)).to(at::kBFloat16).contiguous();  // [M, N], M <= N
  const auto M = x.size(0);
  for (int iteration = 0; iteration < 5; ++iteration) {
    if (!x.device().is_cpu()) {
      const auto gram = x.mm(x.t());
      x = at::addmm(x, at::addmm(gram, gram, gram, -4.7750, 2.0315), x, 3.4445);
      continue;
    }
    const auto gram = gemm_bf16(x, x.t(), {}, at::kFloat);  // [M, M]
    const auto narrow = gram.to(at::kBFloat16);
    const auto square = gemm_bf16(narrow, narrow, {}, at::kFloat);
    const auto polynomial = at::empty_like(gram);
    newton_schulz_polynomial(gram.data_ptr<float>(), square.data_ptr<float>(), M, polynomial.data_ptr<float>());
    x = gemm_bf16(polynomial.to(at::kBFloat16), x, {}, at::kBFloat16);
  }
  return (tall ? x.t() : x).to(at::kFloat);
}

std::unique_ptr<Optimizer> make_muon(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters) {
  const auto middle = std::stable_partition(parameters.begin(), parameters.end(),
                                            [](const auto& p) { return p.hidden_matrix && p.value.dim() >= 2; });
  std::vector<OptimizedParameter> rest(middle, parameters.end());
  parameters.erase(middle, parameters.end());
  return std::make_unique<Muon>(config, std::move(parameters), std::move(rest));
}

}  // namespace ingot
