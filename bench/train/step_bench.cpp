// CPU time of one training step, split into forward, backward and optimiser; and bytes per second of AdamW.
//
//   train_step_bench step gpt2|modern|muon fp32|bf16 STEPS [reference]   one JSON object
//   train_step_bench adamw MILLIONS                                      one JSON object
//
// The shape is that of recipes/gpt/shakespeare-*.toml: 4 layers, 4 heads, 128 wide, context 64, batch 12, 65
// characters. `reference` takes the plain ATen operators. The step checks itself: the loss must fall on its one batch.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>

#include <torch/torch.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/json.h"
#include "ingot/engine/optimizer.h"
#include "ingot/models/gpt.h"
#include "ingot/nn/kernels/fused.h"
#include "ingot/torch/compat.h"

namespace ingot {
namespace {

constexpr int64_t kBatch = 12, kContext = 64, kVocabulary = 65;

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + std::ptrdiff_t(v.size() / 2), v.end());
  return v[v.size() / 2];
}

GptConfig shape(bool modern) {
  GptConfig config;
  config.vocab_size = kVocabulary;
  config.block_size = kContext;
  config.n_layer = config.n_head = 4;
  config.n_embd = 128;
  if (modern) {
    config.position = PositionKind::Rotary;
    config.norm = NormKind::RmsNorm;
    config.activation = Activation::Swiglu;
    config.bias = false;
    config.qk_norm = true;
  }
  return config;
}

Json bench_step(const std::string& form, bool bf16, int steps, bool reference) {
  std::optional<ReferencePath> plain;
  if (reference) plain.emplace();
  torch::manual_seed(0);
  Gpt model(shape(form != "gpt2"));
  model->initialise(0);
  model->train();
  OptimizerConfig config;
  config.name = form == "muon" ? OptimizerKind::Muon : OptimizerKind::AdamW;
  config.weight_decay = 0.1;
  config.beta2 = 0.99;
  std::vector<OptimizedParameter> parameters;
  for (const auto& item : model->named_parameters())
    parameters.push_back(
        {item.key(), item.value(), item.value().dim() >= 2, item.value().dim() == 2 && item.key().starts_with("h.")});
  auto optimizer = make_optimizer(config, parameters);
  const auto ids = torch::randint(kVocabulary, {kBatch, kContext}, at::kLong);
  const auto targets = torch::randint(kVocabulary, {kBatch * kContext}, at::kLong);

  std::vector<double> forward, backward, update, total;
  double first = 0, last = 0;
  for (int step = -3; step < steps; ++step) {
    const double t0 = cpu_time_s();
    for (const auto& p : parameters) p.value.mutable_grad().reset();
    Tensor loss;
    {
      const Autocast autocast(at::kCPU, bf16);
      loss = cross_entropy(model->forward(ids).flatten(0, 1), targets);
    }
    const double t1 = cpu_time_s();
    loss.backward();
    const double t2 = cpu_time_s();
    const double norm = gradient_norm(parameters);
    optimizer->step(1, std::min(1.0, double(targets.numel()) / norm) / double(targets.numel()));
    const double t3 = cpu_time_s();
    (step == -3 ? first : last) = loss.item<double>() / double(targets.numel());
    if (step < 0) continue;
    forward.push_back(t1 - t0), backward.push_back(t2 - t1), update.push_back(t3 - t2), total.push_back(t3 - t0);
  }
  INGOT_INVARIANT(last < first, "the loss went from ", first, " to ", last);
  const double seconds = median(total), flops = model->train_flops_per_token() * kBatch * kContext;
  return {{"form", form},
          {"type", bf16 ? "bf16" : "fp32"},
          {"path", reference ? "reference" : "fused"},
          {"steps", steps},
          {"ms_per_step", 1e3 * seconds},
          {"fastest_ms", 1e3 * *std::min_element(total.begin(), total.end())},
          {"forward_ms", 1e3 * median(forward)},
          {"backward_ms", 1e3 * median(backward)},
          {"optimizer_ms", 1e3 * median(update)},
          {"gflops", 1e-9 * flops / seconds},
          {"simd", simd().name}};
}

Json bench_adamw(int64_t millions) {
  const int64_t n = millions * 1'000'000;
  auto w = torch::zeros({n}).set_requires_grad(true);
  w.mutable_grad() = torch::ones({n});
  OptimizerConfig config;
  config.weight_decay = 0.1;
  auto optimizer = make_optimizer(config, {{"w", w}});
  auto plain = torch::zeros({7 * n / 2});  // as many bytes read and written in place: what memory gives at best
  std::vector<double> update, ceiling;
  for (int i = 0; i < 7; ++i) {
    const double t0 = cpu_time_s();
    optimizer->step(1);
    const double t1 = cpu_time_s();
    plain.mul_(1.0001);
    update.push_back(t1 - t0), ceiling.push_back(cpu_time_s() - t1);
  }
  INGOT_INVARIANT(w[0].item<float>() < 0, "AdamW did not move against the gradient");
  const double bytes = 28.0 * double(n);  // reads w, g, m, v; writes w, m, v
  return {{"parameters", n},
          {"ms", 1e3 * median(update)},
          {"gb_per_s", 1e-9 * bytes / median(update)},
          {"ceiling_gb_per_s", 1e-9 * bytes / median(ceiling)}};
}

int run(const std::vector<std::string>& args) {
  set_num_threads(1);
  if (args.size() >= 4 && args[0] == "step") {
    std::cout << bench_step(args[1], args[2] == "bf16", std::atoi(args[3].c_str()), args.size() > 4).dump() << "\n";
    return 0;
  }
  if (args.size() == 2 && args[0] == "adamw") {
    std::cout << bench_adamw(std::atoi(args[1].c_str())).dump() << "\n";
    return 0;
  }
  std::cerr << "usage: train_step_bench step gpt2|modern|muon fp32|bf16 STEPS [reference] | adamw MILLIONS\n";
  return 2;
}

}  // namespace
}  // namespace ingot

int main(int argc, char** argv) { return ingot::run({argv + 1, argv + argc}); }
