// Seconds of one training step, from the shapes of its matmuls, the bytes of its elementwise operations and the traffic
// of its parallelism. Efficiency comes out; none goes in per model. docs/cost-train.md gives every formula.
#pragma once

#include "ingot/plan/cost/layout.h"

namespace ingot::cost {

enum class Kernels { Fused, Eager };

}  // namespace ingot::cost

namespace ingot {
template <>
struct EnumNames<cost::Kernels> {
  static constexpr std::pair<const char*, cost::Kernels> kValues[] = {{"fused", cost::Kernels::Fused},
                                                                      {"eager", cost::Kernels::Eager}};
};
}  // namespace ingot

namespace ingot::cost {

// What the hardware and the software stack reach of the catalogued peaks. One set for every model: the defaults
// reproduce the eight step times of Korthikanti et al. 2022, table 5 (tests/plan/cost/step_time_test.cpp).
struct Efficiency {
  double matmul = 0.92;            // of the chip's best measured matmul rate, for long inner dimensions
  double matmul_half_k = 128;      // inner dimension at which filling and draining the pipeline costs half the time
  double unmeasured_matmul = 0.8;  // best matmul rate / peak where nobody measured it (A100 .87, H100 .80, B200 .78)
  double memory = 0.8;             // of memory bandwidth, elementwise kernels
  double link = 0.7;               // of link bandwidth, collectives inside a node
  double nic = 0.9;                // of network-card bandwidth
  double flash = 0.55;  // of peak in the attention kernel (Dao 2023: FlashAttention-2 50-73 %, FlashAttention 25-40 %)
  double expert_exposed =
      1;  // share of the experts' all-to-all that does not hide (DualPipe, arXiv 2412.19437: near 0)
  Dtype dtype = Dtype::Bf16;         // of linear layers; utilisation is counted against bf16 peak in any case
  Kernels kernels = Kernels::Fused;  // Eager: norms, rotary embedding and gate as PyTorch runs them op by op

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("matmul", self.matmul, "share of the best measured matmul rate");
    v("matmul_half_k", self.matmul_half_k, "inner dimension at which a matmul runs at half its rate");
    v("unmeasured_matmul", self.unmeasured_matmul, "best matmul rate / peak of chips that nobody measured");
    v("memory", self.memory, "share of memory bandwidth in elementwise kernels");
    v("link", self.link, "share of link bandwidth in collectives inside a node");
    v("nic", self.nic, "share of network-card bandwidth");
    v("flash", self.flash, "share of peak in the flash attention kernel");
    v("expert_exposed", self.expert_exposed, "share of the experts' all-to-all that does not hide behind compute");
    v("dtype", self.dtype, "bf16, or fp8 for linear layers");
    v("kernels", self.kernels, "fused, or eager: elementwise operations one by one");
  }
  Problems validate() const;
};

// Seconds of a step on the slowest chip, by cause; they add up to `total`.
struct StepTime {
  double matmul = 0, attention = 0, elementwise = 0, tensor_comm = 0, expert_comm = 0, recompute = 0;
  double logits = 0, pipeline_comm = 0, bubble = 0, data_comm = 0, optimizer = 0;
  double total = 0;
  double model_flops = 0;     // of the whole step, by matmul sum with full attention (PaLM's convention)
  double hardware_flops = 0;  // with what is recomputed
  double mfu = 0, hfu = 0;
  double tokens_per_s = 0;  // all chips
};
StepTime step_time(const Architecture& model, const Layout& layout, const Chip& chip,
                   const Efficiency& efficiency = {});

// One layer and one microbatch on one chip, for comparison with layer timings.
struct LayerTime {
  double forward = 0, backward = 0, recompute = 0;
};
LayerTime layer_time(const Architecture& model, const Layout& layout, const Chip& chip,
                     const Efficiency& efficiency = {});

// What is decided about a layout before it is searched; what is absent is searched.
struct LayoutLimits {
  std::optional<int64_t> tensor, pipeline, expert, microbatch, interleave;
  std::optional<Recompute> recompute;
  std::optional<Zero> zero;  // absent: shard the optimizer
  Attention attention = Attention::Flash;
  bool sequence_parallel = true, dropout = false;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("tensor", self.tensor, "tensor-parallel chips; absent: searched inside a node");
    v("pipeline", self.pipeline, "pipeline stages; absent: searched");
    v("expert", self.expert, "data-parallel ranks that experts are spread over; absent: as many as divide");
    v("microbatch", self.microbatch, "sequences of a microbatch; absent: searched");
    v("interleave", self.interleave, "pipeline chunks a chip; absent: searched");
    v("recompute", self.recompute, "none, selective or full; absent: searched");
    v("zero", self.zero, "none, optimizer, gradients or parameters; absent: optimizer");
    v("attention", self.attention, "flash, or standard: scores in memory");
    v("sequence_parallel", self.sequence_parallel, "norms and dropouts are cut along the sequence");
    v("dropout", self.dropout, "dropout after attention, feed-forward layer and softmax");
  }
};

// The fastest layout of `chips` chips within the limits that fits into memory.
struct LayoutSearch {
  std::optional<Layout> best;
  bool too_big = false;  // layouts exist, none fits into memory
  std::string why;       // there is no best
};
LayoutSearch search_layouts(const Architecture& model, const Chip& chip, int64_t chips, int64_t global_batch,
                            const LayoutLimits& limits = {}, const Efficiency& efficiency = {});
// Throws InvalidArgument with `why` when there is none.
Layout choose_layout(const Architecture& model, const Chip& chip, int64_t chips, int64_t global_batch,
                     const LayoutLimits& limits = {}, const Efficiency& efficiency = {});

// Share of a chip's memory that a job may fill; the rest is the driver's, the allocator's and the communicator's.
inline constexpr double kUsableMemory = 0.92;

}  // namespace ingot::cost
