#include "ingot/engine/optimizer.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/engine/optimizer_kernels.h"
#include "ingot/engine/optimizer_state.h"

namespace ingot {
namespace {

constexpr int64_t kSpan = 16384;  // elements of one span: four arrays of it fit a 256 KiB share of L2

// Several tensors' updates, cut into spans and shared out over the threads in one go.
struct UpdateList {
  struct Item {
    UpdateSpan span;
    size_t terms;
  };
  std::vector<Item> items;
  std::vector<UpdateTerms> terms;

  void add(UpdateSpan whole) {
    for (int64_t begin = 0; begin < whole.size; begin += kSpan)
      items.push_back({{whole.w + begin, whole.g + begin, whole.m ? whole.m + begin : nullptr,
                        whole.v ? whole.v + begin : nullptr, std::min(kSpan, whole.size - begin)},
                       terms.size() - 1});
  }
  void run(UpdateKernel kernel) const {
    at::parallel_for(0, int64_t(items.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) kernel(items[size_t(i)].span, terms[items[size_t(i)].terms]);
    });
  }
};

bool is_plain_float(const Tensor& t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
}

// SGD, Adam, AdamW, Lion: each element sees only itself.
class Elementwise : public OptimizerState {
 public:
  Elementwise(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters)
      : OptimizerState(config, std::move(parameters)) {
    const bool adam = config.name == OptimizerKind::Adam || config.name == OptimizerKind::AdamW;
    const bool first_moment = adam || config.name == OptimizerKind::Lion || config.momentum != 0;
    for (auto& entry : entries_) {
      const auto like = at::TensorOptions(entry.parameter.value.device()).dtype(at::kFloat);
      if (first_moment)
        entry.slots.emplace_back(adam ? "m" : "momentum", at::zeros(entry.parameter.value.sizes(), like));
      if (adam) entry.slots.emplace_back("v", at::zeros(entry.parameter.value.sizes(), like));
    }
    kernel_ = adam ? adam_update : config.name == OptimizerKind::Lion ? lion_update : sgd_update;
  }

  void step(double lr_factor, double grad_scale) override {
    at::NoGradGuard no_grad;
    UpdateList list;
    std::vector<Tensor> keep;  // gradients whose memory the list points into
    for (auto& entry : entries_) {
      const auto& w = entry.parameter.value;
      if (!w.grad().defined()) continue;
      const auto terms = terms_of(entry, lr_factor, grad_scale);
      if (!is_plain_float(w)) {
        update_by_aten(entry, terms);
        continue;
      }
      list.terms.push_back(terms);
      float* const m = entry.slots.empty() ? nullptr : entry.slot(0).data_ptr<float>();
      float* const v = entry.slots.size() < 2 ? nullptr : entry.slot(1).data_ptr<float>();
      if (w.grad().is_sparse()) {
        const auto rows = w.grad().coalesce();
        const auto indices = rows.indices()[0].contiguous();
        const auto values = rows.values().to(at::kFloat).contiguous();
        const int64_t width = w.numel() / w.size(0);
        for (int64_t r = 0; r < indices.numel(); ++r) {
          const int64_t at = indices.data_ptr<int64_t>()[r] * width;
          list.add({w.data_ptr<float>() + at, values.data_ptr<float>() + r * width, m ? m + at : nullptr,
                    v ? v + at : nullptr, width});
        }
        keep.push_back(values);
      } else {
        keep.push_back(w.grad().to(at::kFloat).contiguous());
        list.add({w.data_ptr<float>(), keep.back().data_ptr<float>(), m, v, w.numel()});
      }
      w.unsafeGetTensorImpl()->bump_version();
    }
    list.run(kernel_);
  }

 private:
  UpdateTerms terms_of(ParameterState& entry, double lr_factor, double grad_scale) const {
    const double lr = config_.lr * lr_factor;
    const auto t = double(entry.count_step());
    UpdateTerms terms;
    terms.grad_scale = float(grad_scale);
    if (entry.parameter.decays) {
      terms.l1 = float(config_.l1);
      terms.l2 = float(config_.l2);
      terms.decay = float(1 - lr * config_.weight_decay);
    }
    terms.lr = float(lr);
    terms.beta1 = float(kernel_ == sgd_update ? config_.momentum : config_.beta1);
    terms.beta2 = float(config_.beta2);
    terms.rest1 = float(1 - config_.beta1);
    terms.rest2 = float(1 - config_.beta2);
    terms.eps = float(config_.eps);
    terms.bias1 = float(1 / (1 - std::pow(config_.beta1, t)));
    terms.bias2 = float(1 / std::sqrt(1 - std::pow(config_.beta2, t)));
    terms.nesterov = config_.nesterov;
    terms.first = t == 1;
    return terms;
  }

  // The same update in ATen operators: other devices and types, and the reference of the tests.
  void update_by_aten(ParameterState& entry, const UpdateTerms& t) const {
    const auto& w = entry.parameter.value;
    const auto g = penalised_gradient(config_, entry.parameter, t.grad_scale);
    if (kernel_ == adam_update) {
      auto m = entry.slot(0), v = entry.slot(1);
      m.mul_(config_.beta1).add_(g, 1 - config_.beta1);
      v.mul_(config_.beta2).addcmul_(g, g, 1 - config_.beta2);
      w.mul_(t.decay).sub_(m / (v.sqrt() * t.bias2 + t.eps) * (t.lr * t.bias1));
    } else if (kernel_ == lion_update) {
      auto m = entry.slot(0);
      w.mul_(t.decay).sub_((m * config_.beta1 + g * (1 - config_.beta1)).sign() * t.lr);
      m.mul_(config_.beta2).add_(g, 1 - config_.beta2);
    } else {
      auto d = g;
      if (!entry.slots.empty()) {
        auto m = entry.slot(0);
        m.mul_(t.first ? 0 : t.beta1).add_(g);
        d = t.nesterov ? g + m * t.beta1 : m;
      }
      w.sub_(d * t.lr);
    }
  }

  UpdateKernel kernel_;
};

}  // namespace

Problems OptimizerConfig::validate() const {
  Problems problems;
  const auto need = [&](bool ok, const char* what, double got, const char* rule) {
    if (!ok) problems.push_back(detail::join_parts(what, ": got ", got, ", expected ", rule));
  };
  need(lr > 0 && std::isfinite(lr), "lr", lr, "a finite number above 0");
  need(muon_lr > 0 && std::isfinite(muon_lr), "muon_lr", muon_lr, "a finite number above 0");
  need(weight_decay >= 0, "weight_decay", weight_decay, "0 or more");
  need(l1 >= 0, "l1", l1, "0 or more");
  need(l2 >= 0, "l2", l2, "0 or more");
  need(momentum >= 0 && momentum < 1, "momentum", momentum, "0 to below 1");
  need(beta1 >= 0 && beta1 < 1, "beta1", beta1, "0 to below 1");
  need(beta2 >= 0 && beta2 < 1, "beta2", beta2, "0 to below 1");
  need(eps > 0, "eps", eps, "more than 0");
  const bool coupled = name == OptimizerKind::Sgd || name == OptimizerKind::Adam;
  need(!coupled || weight_decay == 0, "weight_decay", weight_decay,
       "0 with sgd and adam; use l2 (added to the gradient) or name = \"adamw\"");
  need(name != OptimizerKind::Sgd || !nesterov || momentum > 0, "momentum", momentum, "more than 0 with nesterov");
  return problems;
}

std::unique_ptr<Optimizer> make_elementwise(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters) {
  return std::make_unique<Elementwise>(config, std::move(parameters));
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters) {
  throw_if_any("optimizer", config.validate());
  switch (config.name) {
    case OptimizerKind::Adafactor:
      return make_adafactor(config, std::move(parameters));
    case OptimizerKind::Muon:
      return make_muon(config, std::move(parameters));
    default:
      return make_elementwise(config, std::move(parameters));
  }
}

double gradient_norm(const std::vector<OptimizedParameter>& parameters) {
  std::vector<Tensor> keep;
  std::vector<std::pair<const float*, int64_t>> spans;
  double sum = 0;
  for (const auto& parameter : parameters) {
    auto g = parameter.value.grad();
    if (!g.defined()) continue;
    if (g.is_sparse()) g = g.coalesce().values();
    if (!g.device().is_cpu()) {
      sum += std::pow(g.norm().item<double>(), 2);
      continue;
    }
    keep.push_back(g.to(at::kFloat).contiguous());
    for (int64_t begin = 0; begin < g.numel(); begin += kSpan)
      spans.emplace_back(keep.back().data_ptr<float>() + begin, std::min(kSpan, g.numel() - begin));
  }
  std::vector<double> sums(spans.size());
  at::parallel_for(0, int64_t(spans.size()), 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      sums[size_t(i)] = sum_of_squares(spans[size_t(i)].first, spans[size_t(i)].second);
  });
  for (const double s : sums) sum += s;
  return std::sqrt(sum);
}

}  // namespace ingot
