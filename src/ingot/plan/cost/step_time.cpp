// Symbols: T tokens of a microbatch, h width, f feed-forward size, t/p/d tensor, pipeline and data parallel sizes.
#include "ingot/plan/cost/step_time.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "ingot/plan/cost/flops.h"

namespace ingot::cost {
namespace {

// Rates of one chip after efficiency.
struct Device {
  const Chip& chip;
  const Efficiency& e;
  double matmul_flops;

  Device(const Chip& chip, const Efficiency& e) : chip(chip), e(e) {
    const auto measured = e.dtype == Dtype::Fp8 ? chip.measured_fp8_flops : chip.measured_bf16_flops;
    matmul_flops = measured.value_or(chip.peak_flops(e.dtype) * e.unmeasured_matmul) * e.matmul;
  }

  double memory_s(double bytes) const { return bytes / (chip.memory_bandwidth * e.memory); }

  // [M, K] x [K, N], `count` times, in bf16: the larger of compute and memory time. Compute suffers twice: the pipeline
  // of a tile fills and drains (K / (K + half_k)), and the last wave of 128 x 256 tiles leaves cores idle.
  double matmul_s(double M, double N, double K, double count = 1) const {
    double quantised = 1;
    if (chip.cores > 0) {
      quantised = 0;
      for (const auto& [rows, columns] : {std::pair{128., 256.}, {256., 128.}}) {
        const double tiles = std::ceil(M / rows) * std::ceil(N / columns) * count;
        const double slots = std::ceil(tiles / chip.cores) * chip.cores * rows * columns;
        quantised = std::max(quantised, M * N * count / slots);
      }
    }
    const double compute = 2 * M * N * K * count / (matmul_flops * quantised * K / (K + e.matmul_half_k));
    return std::max(compute, memory_s(2 * (M * K + K * N + M * N) * count));
  }

  // Ring all-gather or reduce-scatter of `bytes` over n ranks.
  static double ring_s(double bytes, double n, double bandwidth) { return n > 1 ? bytes * (n - 1) / n / bandwidth : 0; }
  double link() const { return chip.link_bandwidth * e.link; }
  double nic() const { return chip.nic_bandwidth * e.nic; }
};

// Forward and backward bytes an element moves in an elementwise operation, in bf16.
struct Traffic {
  double forward, backward;
};
constexpr Traffic kFusedNorm{4, 6};    // read x, write y; read dy and x, write dx
constexpr Traffic kEagerNorm{36, 72};  // RMSNorm in fp32: cast 6, square 8, mean 4, scale 8, cast 6, weight 4
constexpr Traffic kResidual{6, 6};     // read two, write one
constexpr Traffic kDropout{1, 5};      // mask of one byte; read dy and mask, write dx
constexpr Traffic kGelu{4, 6};
constexpr Traffic kFusedGate{6, 10};   // silu(a) * b
constexpr Traffic kEagerGate{10, 20};  // silu 4, product 6
constexpr Traffic kFusedRotary{4, 4};
constexpr Traffic kEagerRotary{20, 40};  // cast to fp32 6, complex product 8, cast 6
constexpr Traffic kSoftmax{4, 6};
constexpr Traffic kScoreDropout{5, 5};
// Mixed-precision Adam, bytes a parameter: zero, unscale, norm and clip the fp32 gradient 24; read gradient, weight and
// two moments, write the last three 28; cast the weight to bf16 6.
constexpr double kOptimizerBytes = 58;
constexpr double kLogitBytes = 18;  // cross-entropy on fp32 logits: cast 6, softmax 8, gradient 4

struct Layer {
  double matmul_f = 0, matmul_b = 0, attention_f = 0, attention_b = 0, elementwise_f = 0, elementwise_b = 0;
  double tensor_comm = 0, expert_comm = 0;  // each way
  double forward() const { return matmul_f + attention_f + elementwise_f + tensor_comm + expert_comm; }
  double backward() const { return matmul_b + attention_b + elementwise_b + tensor_comm + expert_comm; }
};

Layer time_layer(const Architecture& m, const Layout& layout, const Device& device, bool moe) {
  const double b = double(layout.microbatch), s = double(m.seq_len), T = b * s, h = double(m.width),
               t = double(layout.tensor);
  const double q = double(m.heads * m.head_dim), kv = double(m.kv_heads * m.head_dim), d = double(m.head_dim);
  const bool eager = device.e.kernels == Kernels::Eager;
  Layer layer;

  // 1. Matmuls, and twice as many behind: dX = dY W^T and dW = X^T dY.
  const auto linear = [&](double M, double N, double K, double count = 1) {
    layer.matmul_f += device.matmul_s(M, N, K, count);
    layer.matmul_b += device.matmul_s(M, K, N, count) + device.matmul_s(N, K, M, count);
  };
  if (m.kv_lora_rank > 0) {
    const double rank = double(m.kv_lora_rank), r = double(m.rope_head_dim), a = double(m.heads);
    const double q_out = a * (d + r);
    if (m.q_lora_rank > 0)
      linear(T, double(m.q_lora_rank), h), linear(T, q_out / t, double(m.q_lora_rank));
    else
      linear(T, q_out / t, h);
    linear(T, rank + r, h);
    linear(T, a * (d + double(m.v_head_dim)) / t, rank);
    linear(T, h, a * double(m.v_head_dim) / t);
  } else {
    linear(T, (q + 2 * kv) / t, h);
    linear(T, h, q / t);
  }
  const auto feed_forward = [&](double tokens, double f, double count) {
    linear(tokens, f * (m.gated ? 2 : 1) / t, h, count);
    linear(tokens, h, f / t, count);
  };
  double f_elements = T * double(m.ffn) / t;
  if (moe) {
    const double ranks = double(layout.expert), each = double(m.experts) / ranks;
    feed_forward(T * double(m.experts_per_token) * ranks / double(m.experts), double(m.expert_ffn), each);
    if (m.shared_experts > 0) feed_forward(T, double(m.expert_ffn * m.shared_experts), 1);
    linear(T, double(m.experts), h);
    f_elements = T * double(m.expert_ffn * (m.experts_per_token + m.shared_experts)) / t;
    // Dispatch and combine: every token goes to its experts and comes back.
    const double bandwidth = layout.expert * layout.tensor <= device.chip.chips_per_node ? device.link() : device.nic();
    layer.expert_comm =
        2 * Device::ring_s(2 * T * h * double(m.experts_per_token) / t, ranks, bandwidth) * device.e.expert_exposed;
  } else {
    feed_forward(T, double(m.ffn), 1);
  }

  // 2. Attention core.
  const double scores = double(m.heads) * s * T / t;  // elements
  if (layout.attention == Attention::Flash) {
    const double flops = 4 * scores * d / 2;  // the causal half
    const double rate = device.chip.peak_flops(Dtype::Bf16) * device.e.flash;
    layer.attention_f = flops / rate;
    layer.attention_b = 2.5 * flops / rate;  // five matmuls instead of two (Dao 2023, sec. 3.1)
  } else {
    const double count = b * double(m.heads) / t;
    const double core = device.matmul_s(s, s, d, count) + device.matmul_s(s, d, s, count);
    const Traffic drop = layout.dropout ? kScoreDropout : Traffic{0, 0};
    layer.attention_f = core + device.memory_s(scores * (kSoftmax.forward + drop.forward));
    layer.attention_b = 2 * core + device.memory_s(scores * (kSoftmax.backward + drop.backward));
  }

  // 3. Elementwise operations.
  const double outside = T * h / (layout.sequence_parallel ? t : 1);
  const Traffic norm = eager ? kEagerNorm : kFusedNorm, drop = layout.dropout ? kDropout : Traffic{0, 0};
  const Traffic act = !m.gated ? kGelu : eager ? kEagerGate : kFusedGate;
  const Traffic rotary = m.learned_positions ? Traffic{0, 0} : eager ? kEagerRotary : kFusedRotary;
  const double rotated = T * (q + kv) / t;
  layer.elementwise_f = device.memory_s(outside * 2 * (norm.forward + kResidual.forward + drop.forward) +
                                        f_elements * act.forward + rotated * rotary.forward);
  layer.elementwise_b = device.memory_s(outside * 2 * (norm.backward + kResidual.backward + drop.backward) +
                                        f_elements * act.backward + rotated * rotary.backward);

  // 4. Two all-reduces (or reduce-scatter and all-gather) of the activations each way (Shoeybi et al. 2019).
  const double ring = layout.tensor <= device.chip.chips_per_node ? device.link() : device.nic();
  layer.tensor_comm = 2 * 2 * Device::ring_s(2 * T * h, t, ring);
  return layer;
}

// Why `chips` chips cannot talk to each other, or "".
std::string beyond_node(const Chip& chip, int64_t chips) {
  if (chips <= chip.chips_per_node || chip.nic_bandwidth > 0) return "";
  return detail::join_parts(
      "chips is ", chips, ", expected <= ", chip.chips_per_node, ": ", chip.id,
      " has no catalogued network between nodes; set nic_gb_per_s in a hardware.csv given with --facts");
}

double recompute_s(const Layer& layer, const Layout& layout) {
  if (layout.recompute == Recompute::Full) return layer.forward();
  if (layout.recompute == Recompute::None) return 0;
  return layout.attention == Attention::Standard ? layer.attention_f : layer.elementwise_f;
}

}  // namespace

Problems Efficiency::validate() const {
  Problems problems;
  for (const auto& [name, value] : {std::pair<const char*, double>{"matmul", matmul},
                                    {"unmeasured_matmul", unmeasured_matmul},
                                    {"memory", memory},
                                    {"link", link},
                                    {"nic", nic},
                                    {"flash", flash}})
    if (!(value > 0 && value <= 1))
      problems.push_back(detail::join_parts(name, " is ", value, ", expected a share in (0, 1]"));
  if (!(expert_exposed >= 0 && expert_exposed <= 1))
    problems.push_back(detail::join_parts("expert_exposed is ", expert_exposed, ", expected a share in [0, 1]"));
  if (dtype != Dtype::Bf16 && dtype != Dtype::Fp8)
    problems.push_back(detail::join_parts("dtype is ", enum_name(dtype), ", expected bf16 or fp8"));
  if (!(matmul_half_k >= 0))
    problems.push_back(detail::join_parts("matmul_half_k is ", matmul_half_k, ", expected >= 0"));
  return problems;
}

LayerTime layer_time(const Architecture& model, const Layout& layout, const Chip& chip, const Efficiency& efficiency) {
  const Architecture m = model.resolved();
  const Layer layer = time_layer(m, layout, Device(chip, efficiency), m.is_moe(m.layers - 1));
  return {layer.forward(), layer.backward(), recompute_s(layer, layout)};
}

StepTime step_time(const Architecture& model, const Layout& layout, const Chip& chip, const Efficiency& efficiency) {
  const Architecture m = model.resolved();
  throw_if_any("layout", layout.validate(m));
  throw_if_any("efficiency", efficiency.validate());
  const Device device(chip, efficiency);
  require("cost", layout.tensor == 1 || chip.link_bandwidth > 0, "tensor is ", layout.tensor, ", expected 1: chip ",
          chip.id, " has no catalogued link to other chips");
  const std::string unreachable = beyond_node(chip, layout.chips());
  require("cost", unreachable.empty(), unreachable);
  const double t = double(layout.tensor), p = double(layout.pipeline), dp = double(layout.data),
               v = double(layout.interleave);
  const double T = double(layout.microbatch * m.seq_len), h = double(m.width), L = double(m.layers);
  const double microbatches = double(layout.microbatches());

  // 1. One microbatch through all layers of the fullest stage. Dense and sparse layers are mixed as in the whole model.
  const double stage_layers = layout.stage_layers(m.layers);
  const double moe_layers = m.experts > 0 ? double(m.layers - m.dense_layers) : 0;
  StepTime step;
  double stage_backward = 0, stage = 0;
  for (const bool moe : {false, true}) {
    const double layers = (moe ? moe_layers : L - moe_layers) / L * stage_layers;
    if (layers == 0) continue;
    const Layer layer = time_layer(m, layout, device, moe);
    const double n = layers * microbatches;
    step.matmul += n * (layer.matmul_f + layer.matmul_b);
    step.attention += n * (layer.attention_f + layer.attention_b);
    step.elementwise += n * (layer.elementwise_f + layer.elementwise_b);
    step.tensor_comm += n * 2 * layer.tensor_comm;
    step.expert_comm += n * 2 * layer.expert_comm;
    step.recompute += n * recompute_s(layer, layout);
    stage_backward += layers * (layer.backward() + recompute_s(layer, layout));
    stage += layers * (layer.forward() + layer.backward() + recompute_s(layer, layout));
  }

  // 2. Output layer and loss, on the last stage only, which the others wait for.
  const double V = double(m.vocab) / t;
  step.logits = microbatches * (device.matmul_s(T, V, h) + device.matmul_s(T, h, V) + device.matmul_s(V, h, T) +
                                device.memory_s(T * V * kLogitBytes) +
                                2 * Device::ring_s(2 * T * h, t, device.link() > 0 ? device.link() : 1));

  // 3. Pipeline: activations forward and gradients back at each chunk's border; bubble of Narayanan et al. 2021,
  // sec. 2.2.
  if (layout.pipeline > 1) {
    const bool inside = layout.chips() <= chip.chips_per_node;
    const double hop = 2 * 2 * T * h / t / (inside ? device.link() : device.nic()) * v;
    step.pipeline_comm = microbatches * hop;
    step.bubble = (p - 1) / v * (stage + hop);
  }

  // 4. Data parallelism: fp32 gradients are reduced behind the last microbatch's backward pass, bf16 weights gathered
  // in the open. ZeRO-3 gathers weights in both passes. Ranks of one group that share a node share its network cards.
  const Memory memory = training_memory(m, layout);
  if (layout.data > 1) {
    const double per_node = std::max<double>(1, std::min(dp, std::floor(chip.chips_per_node / t)));
    const double ring = dp <= per_node ? device.link() : device.nic() * per_node;
    const double gather = Device::ring_s(2 * memory.parameters, dp, ring);
    const double reduce = Device::ring_s(4 * memory.parameters, dp, ring) * (layout.zero == Zero::None ? 2 : 1);
    step.data_comm = std::max(0., reduce - stage_backward) + (layout.zero == Zero::None ? 0 : gather);
    if (layout.zero == Zero::Parameters)  // gathered again for each microbatch, behind compute where it is shorter
      step.data_comm += std::max(0., 2 * gather * microbatches - stage * microbatches);
  }
  step.optimizer = device.memory_s(kOptimizerBytes * memory.parameters / (layout.zero == Zero::None ? 1 : dp));

  step.total = step.matmul + step.attention + step.elementwise + step.tensor_comm + step.expert_comm + step.recompute +
               step.logits + step.pipeline_comm + step.bubble + step.data_comm + step.optimizer;
  const double tokens = double(layout.global_batch * m.seq_len);
  const TokenFlops flops = token_flops(m, double(m.seq_len));
  step.model_flops = flops.training() * tokens;
  step.hardware_flops = step.model_flops;
  if (layout.recompute == Recompute::Full) step.hardware_flops += (flops.forward() - flops.logits) * tokens;
  if (layout.recompute == Recompute::Selective && layout.attention == Attention::Standard)
    step.hardware_flops += flops.scores * tokens;
  const double peak = chip.peak_flops(Dtype::Bf16) * double(layout.chips()) * step.total;
  step.mfu = step.model_flops / peak;
  step.hfu = step.hardware_flops / peak;
  step.tokens_per_s = tokens / step.total;
  return step;
}

Layout choose_layout(const Architecture& model, const Chip& chip, int64_t chips, int64_t global_batch,
                     const LayoutLimits& limits, const Efficiency& efficiency) {
  const LayoutSearch search = search_layouts(model, chip, chips, global_batch, limits, efficiency);
  require("cost", search.best.has_value(), search.why);
  return *search.best;
}

LayoutSearch search_layouts(const Architecture& model, const Chip& chip, int64_t chips, int64_t global_batch,
                            const LayoutLimits& limits, const Efficiency& efficiency) {
  require("cost", chips > 0, "chips is ", chips, ", expected > 0");
  require("cost", global_batch > 0, "global_batch is ", global_batch, ", expected > 0 sequences");
  const Architecture m = model.resolved();
  if (const auto unreachable = beyond_node(chip, chips); !unreachable.empty()) return {{}, false, unreachable};
  const auto choices = [](std::optional<int64_t> fixed, std::vector<int64_t> all) {
    return fixed ? std::vector<int64_t>{*fixed} : all;
  };
  std::vector<int64_t> tensors, pipelines;
  const int64_t node = chip.link_bandwidth > 0 ? chip.chips_per_node : 1;
  for (int64_t t = 1; t <= std::min({chips, node, m.heads, int64_t{64}}); ++t)
    if (chips % t == 0 && m.heads % t == 0 && (node > 16 || node % t == 0)) tensors.push_back(t);
  for (int64_t p = 1; p <= std::min(m.layers, chips); ++p)
    if (chips % p == 0 && (m.layers % p == 0 || std::has_single_bit(uint64_t(p)))) pipelines.push_back(p);
  std::vector<Recompute> recomputes{Recompute::None, Recompute::Selective, Recompute::Full};
  if (limits.recompute) recomputes = {*limits.recompute};

  Layout best;
  double best_s = INFINITY, least_bytes = INFINITY;
  Problems broken;
  for (const int64_t t : choices(limits.tensor, tensors))
    for (const int64_t p : choices(limits.pipeline, pipelines))
      for (const int64_t v : choices(limits.interleave, {1, 2, 3, 4, 6}))
        for (const int64_t b : choices(limits.microbatch, {1, 2, 4, 8, 16}))
          for (const auto recompute : recomputes) {
            if (t <= 0 || p <= 0 || chips % (t * p) ||
                (v > 1 && !limits.interleave && m.layers % (p * v) && m.layers % p == 0))
              continue;
            Layout layout{.tensor = t,
                          .pipeline = p,
                          .data = chips / (t * p),
                          .global_batch = global_batch,
                          .microbatch = b,
                          .interleave = v,
                          .sequence_parallel = limits.sequence_parallel,
                          .recompute = recompute,
                          .zero = limits.zero.value_or(Zero::Optimizer),
                          .attention = limits.attention,
                          .dropout = limits.dropout};
            layout.expert = limits.expert.value_or(m.experts > 0 ? std::gcd(layout.data, m.experts) : 1);
            if (auto problems = layout.validate(m); !problems.empty()) {
              broken = std::move(problems);
              continue;
            }
            const double bytes = training_memory(m, layout).total();
            least_bytes = std::min(least_bytes, bytes);
            if (bytes > kUsableMemory * chip.memory_bytes) continue;
            const double seconds = step_time(m, layout, chip, efficiency).total;
            if (seconds < best_s) best_s = seconds, best = layout;
          }
  if (best_s < INFINITY) return {best, false, ""};
  if (least_bytes < INFINITY)
    return {
        {},
        true,
        detail::join_parts("memory is ", std::ceil(least_bytes / 0x1p30), " GiB a chip at best, expected <= ",
                           std::floor(kUsableMemory * chip.memory_bytes / 0x1p30), " GiB (", kUsableMemory * 100,
                           " % of ", chip.id, ") on ", chips, " chips; use more chips, or a chip with more memory")};
  return {{},
          false,
          detail::join_parts("no layout spreads the model over ", chips, " chips with a batch of ", global_batch,
                             " sequences",
                             broken.empty() ? "" : "; the last one tried: ", broken.empty() ? "" : broken.front(),
                             "; use a number of chips that divides the batch and shares factors with heads ", m.heads,
                             " or layers ", m.layers)};
}

}  // namespace ingot::cost
