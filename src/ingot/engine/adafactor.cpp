// Adafactor: Shazeer & Stern 2018, "Adaptive Learning Rates with Sublinear Memory Cost", algorithms 4 and 5, without a
// first moment. `lr` is rho_t, relative to the root mean square of the parameter. Weight decay is decoupled.
#include <cmath>

#include <torch/torch.h>

#include "ingot/engine/optimizer_state.h"

namespace ingot {
namespace {

constexpr double kEps1 = 1e-30, kEps2 = 1e-3, kClip = 1.0, kDecay = 0.8;  // section 9 of the paper

double rms(const Tensor& x) { return x.norm().item<double>() / std::sqrt(double(x.numel())); }

class Adafactor : public OptimizerState {
 public:
  Adafactor(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters)
      : OptimizerState(config, std::move(parameters)) {
    for (auto& entry : entries_) {
      const auto& w = entry.parameter.value;
      const auto like = at::TensorOptions(w.device()).dtype(at::kFloat);
      if (w.dim() >= 2) {
        entry.slots.emplace_back("row", at::zeros({w.size(0)}, like));
        entry.slots.emplace_back("column", at::zeros({w.numel() / w.size(0)}, like));
      } else {
        entry.slots.emplace_back("v", at::zeros(w.sizes(), like));
      }
    }
  }

  void step(double lr_factor, double grad_scale) override {
    at::NoGradGuard no_grad;
    for (auto& entry : entries_) {
      const auto& w = entry.parameter.value;
      if (!w.grad().defined()) continue;
      const double beta2 = 1 - std::pow(double(entry.count_step()), -kDecay);
      const auto g = penalised_gradient(config_, entry.parameter, grad_scale);
      const auto square = g * g + kEps1;
      Tensor u;  // the update, in the shape of g
      if (w.dim() >= 2) {
        const auto flat = square.view({w.size(0), -1});  // [R, K]
        auto row = entry.slot(0), column = entry.slot(1);
        row.mul_(beta2).add_(flat.mean(1), 1 - beta2);     // [R]
        column.mul_(beta2).add_(flat.mean(0), 1 - beta2);  // [K]
        u = g.view({w.size(0), -1}) * (row / row.mean()).rsqrt().unsqueeze(1) * column.rsqrt();
        u = u.view_as(g);
      } else {
        auto v = entry.slot(0);
        v.mul_(beta2).add_(square, 1 - beta2);
        u = g * v.rsqrt();
      }
      u.div_(std::max(1.0, rms(u) / kClip));
      const double lr = config_.lr * lr_factor;
      const double relative = lr * std::max(kEps2, rms(w));
      if (entry.parameter.decays) w.mul_(1 - lr * config_.weight_decay);
      w.sub_(u, relative);
    }
  }
};

}  // namespace

std::unique_ptr<Optimizer> make_adafactor(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters) {
  return std::make_unique<Adafactor>(config, std::move(parameters));
}

}  // namespace ingot
