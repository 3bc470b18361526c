// Shapes: B sequences, T tokens each, N real tokens of all, C width, H heads, D = C / H.
#include "ingot/nn/encoder.h"

#include <torch/torch.h>

#include "ingot/nn/attention.h"
#include "ingot/nn/dropout.h"
#include "ingot/nn/kernels/fused.h"

namespace ingot {

Tensor Packing::pack(const Tensor& x) const {
  const auto flat = x.flatten(0, 1);
  return rows.defined() ? flat.index_select(0, rows) : flat;
}

Tensor Packing::pad(const Tensor& x) const {
  auto sizes = x.sizes().vec();
  sizes[0] = batch * length;
  const auto flat = rows.defined() ? at::zeros(sizes, x.options()).index_copy(0, rows, x) : x;
  return flat.unflatten(0, {batch, length});
}

Packing make_packing(const Tensor& real, bool unpad) {
  Packing packing{.batch = real.size(0), .length = real.size(1)};
  if (real.all().item<bool>()) return packing;
  packing.hidden = real.logical_not().view({packing.batch, 1, 1, packing.length});
  const auto num_real = real.sum(1);  // [B]
  if (real.equal(at::arange(packing.length, num_real.options()) < num_real.unsqueeze(1))) packing.num_real = num_real;
  if (unpad) packing.rows = real.flatten().nonzero().squeeze(1);
  return packing;
}

EncoderBlockImpl::EncoderBlockImpl(const EncoderConfig& c) : config_(c) {
  c_attn_ = register_module("c_attn", Linear(c.width, 3 * c.width, c.bias));
  c_proj_ = register_module("c_proj", Linear(c.width, c.width, c.bias));
  ln_1_ = register_module("ln_1", Norm(c.norm, c.width, c.norm_eps, c.bias));
  mlp_ = register_module("mlp", FeedForward(c.width, c.inner, c.activation, c.bias, c.dropout));
  ln_2_ = register_module("ln_2", Norm(c.norm, c.width, c.norm_eps, c.bias));
}

Tensor EncoderBlockImpl::attention(const Tensor& x, const Packing& packing, const Rotary* rotary, Tensor* weights) {
  const auto B = packing.batch, T = packing.length, H = config_.heads, D = config_.width / H;
  const auto dropout = is_training() ? config_.attention_dropout : 0;
  const auto packed = packing.pad(c_attn_(x));  // [B, T, 3C]
  Tensor y;                                     // [B, T, C]
  const bool real_first = !packing.hidden.defined() || packing.num_real.defined();
  if (!weights && real_first && takes_fused_attention(packed, D, rotary, dropout)) {
    FusedAttention fused{.heads = H, .kv_heads = H, .causal = false, .num_keys = packing.num_real};
    if (rotary) fused.cos = rotary->cos, fused.sin = rotary->sin;
    y = fused_attention(packed, fused);
  } else {
    const auto qkv = packed.view({B, T, 3, H, D}).permute({2, 0, 3, 1, 4});  // [3, B, H, T, D]
    auto q = qkv[0], k = qkv[1];
    if (rotary) q = apply_rotary(q, *rotary), k = apply_rotary(k, *rotary);
    y = attend(q, k, qkv[2], packing.hidden, dropout, weights).transpose(1, 2).reshape({B, T, H * D});
  }
  const auto out = c_proj_(packing.pack(y));  // [N, C]
  return ingot::dropout(out, config_.dropout, is_training());
}

Tensor EncoderBlockImpl::forward(const Tensor& x, const Packing& packing, const Rotary* rotary, Tensor* weights) {
  if (config_.pre_norm) {
    const auto y = x + attention(ln_1_(x), packing, rotary, weights);
    return y + mlp_(ln_2_(y));
  }
  const auto y = ln_1_(x + attention(x, packing, rotary, weights));
  return ln_2_(y + mlp_(y));
}

}  // namespace ingot
