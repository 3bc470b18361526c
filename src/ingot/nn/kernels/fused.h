// Fused CPU operators with gradients, float32 or bfloat16 in memory and float32 inside. Each has a reference in plain
// ATen operators in nn/ (norm.h, activation.h, attention.h, losses.h, linear.h), which calls the fused form when
// `fused_takes` says so: a CPU tensor of a supported type, and no ReferencePath alive.
//
// No second derivatives: backward under create_graph fails with Unsupported and names ReferencePath.
#pragma once

#include <utility>

#include "ingot/nn/kernels/simd.h"
#include "ingot/torch/tensor.h"

namespace ingot {

// While one lives, this thread takes the ATen path everywhere: second derivatives, per-sample gradients, tests.
class ReferencePath {
 public:
  ReferencePath();
  ~ReferencePath();
  ReferencePath(const ReferencePath&) = delete;
  ReferencePath& operator=(const ReferencePath&) = delete;
};

bool fused_takes(const Tensor& x);

// {x + delta, norm(x + delta) weight + bias}; `delta` and `bias` may be undefined, and then the first is x itself.
// x float32 [.., C]; delta float32 or bfloat16; the second result has type `type`.
std::pair<Tensor, Tensor> fused_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, const Tensor& bias,
                                     double eps, bool rms, at::ScalarType type);

Tensor fused_pointwise(const Tensor& x, Pointwise kind);  // gated kinds: [.., 2F] -> [.., F]

// x / (1 - p), or 0 with probability p; the mask is a function of one draw from torch's CPU generator. 0 < p < 1.
Tensor fused_dropout(const Tensor& x, double p);

// logits [N, V], targets [N] int64, negative where ignored -> the summed loss, float32. Keeps no copy of the logits.
Tensor fused_cross_entropy(const Tensor& logits, const Tensor& targets, double smoothing, double z_loss);

// T^2 KL(teacher || student) at temperature T, summed over the rows whose target is not negative, float32; logits [N,
// V] of one type. The teacher takes no gradient. Keeps no copy of the logits.
Tensor fused_distillation(const Tensor& student, const Tensor& teacher, const Tensor& targets, double temperature);

struct FusedAttention {
  int64_t heads, kv_heads;
  Tensor q_gain, k_gain;  // [D] float32: RMSNorm of queries and keys; undefined: none
  double eps = 1e-5;
  Tensor cos, sin;  // [T, D/2] float32: half-split rotation; undefined: none
  bool causal = true;
  Tensor first_key;  // [B, T] int64: causal, query t sees the keys [first_key[b, t], t]; undefined: all 0
  Tensor num_keys;   // [B] int64, 1 to T: not causal, every query sees the first ones; undefined: all T
};
// qkv [B, T, (heads + 2 kv_heads) D] -> [B, T, heads D]. Requires attention_supports(D).
Tensor fused_attention(const Tensor& qkv, const FusedAttention& options);

// A bfloat16 copy of a float32 weight, made again only when the weight has changed.
class Bf16Copy {
 public:
  const Tensor& of(const Tensor& weight);

 private:
  Tensor copy_;
  const void* data_ = nullptr;
  uint32_t version_ = 0;
};

// x [.., in] weight [out, in]^T + bias in bfloat16 with float32 sums; the weight's gradient is float32, never rounded.
Tensor bf16_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Bf16Copy& copy);

}  // namespace ingot
