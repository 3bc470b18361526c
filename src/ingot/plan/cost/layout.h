// How a model is spread over chips, and what of it each chip keeps in memory.
#pragma once

#include <cstdint>

#include "ingot/base/config.h"
#include "ingot/plan/cost/architecture.h"
#include "ingot/plan/cost/hardware.h"

namespace ingot::cost {

enum class Recompute { None, Selective, Full };              // Korthikanti et al. 2022, arXiv 2205.05198
enum class Attention { Standard, Flash };                    // Flash keeps no scores in memory (Dao et al. 2022)
enum class Zero { None, Optimizer, Gradients, Parameters };  // ZeRO stages 0 to 3 (Rajbhandari et al. 2020)

}  // namespace ingot::cost

namespace ingot {
template <>
struct EnumNames<cost::Recompute> {
  static constexpr std::pair<const char*, cost::Recompute> kValues[] = {
      {"none", cost::Recompute::None}, {"selective", cost::Recompute::Selective}, {"full", cost::Recompute::Full}};
};
template <>
struct EnumNames<cost::Attention> {
  static constexpr std::pair<const char*, cost::Attention> kValues[] = {{"standard", cost::Attention::Standard},
                                                                        {"flash", cost::Attention::Flash}};
};
template <>
struct EnumNames<cost::Zero> {
  static constexpr std::pair<const char*, cost::Zero> kValues[] = {{"none", cost::Zero::None},
                                                                   {"optimizer", cost::Zero::Optimizer},
                                                                   {"gradients", cost::Zero::Gradients},
                                                                   {"parameters", cost::Zero::Parameters}};
};
}  // namespace ingot

namespace ingot::cost {

// chips = tensor * pipeline * data. Experts are spread over `expert` of the data-parallel ranks.
struct Layout {
  int64_t tensor = 1, pipeline = 1, data = 1, expert = 1;
  int64_t global_batch = 1, microbatch = 1;  // sequences
  int64_t interleave = 1;                    // pipeline chunks a chip (Narayanan et al. 2021, arXiv 2104.04473)
  bool sequence_parallel = true;
  Recompute recompute = Recompute::None;
  Zero zero = Zero::Optimizer;
  Attention attention = Attention::Flash;
  bool dropout = false;

  int64_t chips() const { return tensor * pipeline * data; }
  // Of the fullest stage, when the layers do not divide evenly over the chunks.
  double stage_layers(int64_t layers) const {
    const int64_t chunks = pipeline * interleave;
    return double((layers + chunks - 1) / chunks * interleave);
  }
  int64_t microbatches() const { return global_batch / data / microbatch; }
  // Every rule that the layout breaks for this model.
  Problems validate(const Architecture& model) const;
};

// Bytes on the fullest chip.
struct Memory {
  double parameters = 0;  // parameters held by that chip
  double weights = 0;     // bf16
  double gradients = 0;   // fp32, as Megatron keeps them
  double optimizer = 0;   // fp32 master copy and two Adam moments: 12 bytes a parameter
  double activations = 0;
  double total() const { return weights + gradients + optimizer + activations; }
};
Memory training_memory(const Architecture& model, const Layout& layout);

// Bytes that a layer keeps of one microbatch for its backward pass: Korthikanti et al. 2022, eq. 1 to 5, generalised to
// grouped-query attention, gates and no dropout.
double layer_activations(const Architecture& model, const Layout& layout);

// KV cache of one token in all layers: 2 L kv_heads head_dim, or the latent and rotary key of MLA.
double kv_bytes_per_token(const Architecture& model, double bytes_per_value = 2);

}  // namespace ingot::cost
