// Shapes: B batch, T queries, S keys, C width, H query heads, K key/value heads, D = C / H.
#include "ingot/nn/attention.h"

#include <cmath>

#include <torch/torch.h>

#include "ingot/nn/dropout.h"
#include "ingot/nn/kernels/fused.h"
#include "ingot/torch/compat.h"

namespace ingot {
namespace {

// [T, S], or [B, 1, T, S] with first_key: true where a query must not look.
Tensor hidden_keys(int64_t T, int64_t S, const Tensor& first_key, at::Device device) {
  const auto key = at::arange(S, at::TensorOptions().dtype(at::kLong).device(device));  // [S]
  const auto query = key.slice(0, S - T).unsqueeze(1);                                  // [T, 1]
  const auto future = key > query;                                                      // [T, S]
  return first_key.defined() ? future | (key < first_key.view({-1, 1, T, 1})) : future;
}

}  // namespace

Tensor attend_causal(const Tensor& q, const Tensor& k_, const Tensor& v_, const Tensor& first_key, double dropout) {
  const auto T = q.size(2), S = k_.size(2), group = q.size(1) / k_.size(1);
  const auto k = group == 1 ? k_ : k_.repeat_interleave(group, 1);  // [B, H, S, D]
  const auto v = group == 1 ? v_ : v_.repeat_interleave(group, 1);
  const bool plain = !first_key.defined();
  if (dropout == 0 && plain && (T == S || T == 1)) return scaled_dot_product_attention(q, k, v, {}, T > 1);
  const auto hidden = hidden_keys(T, S, first_key, q.device());
  if (dropout == 0) {
    const auto mask = at::zeros(hidden.sizes(), q.options()).masked_fill(hidden, -INFINITY);
    return scaled_dot_product_attention(q, k, v, mask, false);
  }
  const auto scores = q.matmul(k.transpose(-2, -1)) / std::sqrt(double(q.size(3)));  // [B, H, T, S]
  const auto weights = at::softmax(scores.masked_fill(hidden, -INFINITY), -1);
  return ingot::dropout(weights, dropout, true).matmul(v);
}

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& hidden, double dropout,
              Tensor* weights) {
  if (dropout == 0 && !weights) {
    const auto mask =
        hidden.defined() ? at::zeros(hidden.sizes(), q.options()).masked_fill(hidden, -INFINITY) : Tensor();
    return scaled_dot_product_attention(q, k, v, mask, false);
  }
  auto scores = q.matmul(k.transpose(-2, -1)) / std::sqrt(double(q.size(3)));  // [B, H, T, S]
  if (hidden.defined()) scores = scores.masked_fill(hidden, -INFINITY);
  const auto softmax = at::softmax(scores, -1);
  if (weights) *weights = softmax;
  return ingot::dropout(softmax, dropout, true).matmul(v);
}

bool takes_fused_attention(const Tensor& packed, int64_t head_size, const Rotary* rotary, double dropout) {
  return dropout == 0 && fused_takes(packed) && attention_supports(head_size) && (!rotary || rotary->cos.dim() == 2);
}

CausalSelfAttentionImpl::CausalSelfAttentionImpl(const AttentionConfig& config) : config_(config) {
  const auto D = config.width / config.heads;
  c_attn = register_module("c_attn", Linear(config.width, (config.heads + 2 * config.kv_heads) * D, config.bias));
  c_proj = register_module("c_proj", Linear(config.heads * D, config.width, config.bias));
  if (config.qk_norm) {
    q_norm = register_module("q_norm", Norm(NormKind::RmsNorm, D, config.norm_eps, false));
    k_norm = register_module("k_norm", Norm(NormKind::RmsNorm, D, config.norm_eps, false));
  }
}

Tensor CausalSelfAttentionImpl::forward(const Tensor& x, const Tensor& first_key, const Rotary* rotary,
                                        KvCache::Layer* layer, int64_t past) {
  const auto B = x.size(0), T = x.size(1), H = config_.heads, K = config_.kv_heads, D = config_.width / H;
  const auto packed = c_attn(x);  // [B, T, (H + 2K) D]
  const auto dropout = is_training() ? config_.dropout : 0;
  Tensor y;
  if (!layer && takes_fused_attention(packed, D, rotary, dropout) &&
      (!config_.qk_norm || q_norm->weight.scalar_type() == at::kFloat)) {
    FusedAttention fused{.heads = H, .kv_heads = K, .eps = config_.norm_eps, .first_key = first_key};
    if (config_.qk_norm) fused.q_gain = q_norm->weight, fused.k_gain = k_norm->weight;
    if (rotary) fused.cos = rotary->cos, fused.sin = rotary->sin;
    y = fused_attention(packed, fused);  // [B, T, H D]
  } else {
    const auto qkv = packed.view({B, T, H + 2 * K, D}).transpose(1, 2).split_with_sizes({H, K, K}, 1);
    auto q = qkv[0], k = qkv[1], v = qkv[2];  // [B, H or K, T, D]
    if (config_.qk_norm) q = q_norm(q), k = k_norm(k);
    if (rotary) q = apply_rotary(q, *rotary), k = apply_rotary(k, *rotary);
    if (layer) {
      layer->k.narrow(2, past, T).copy_(k);
      layer->v.narrow(2, past, T).copy_(v);
      k = layer->k.narrow(2, 0, past + T).to(q.scalar_type());
      v = layer->v.narrow(2, 0, past + T).to(q.scalar_type());
    }
    y = attend_causal(q, k, v, first_key, dropout).transpose(1, 2).reshape({B, T, H * D});
  }
  y = c_proj(y);  // [B, T, C]
  return ingot::dropout(y, config_.residual_dropout, is_training());
}

}  // namespace ingot
