// Shapes: B sequences, T tokens each, N real tokens of all, C width, H heads, D = C / H.
#include "ingot/nn/encoder.h"

#include <torch/torch.h>

#include "ingot/nn/attention.h"
#include "ingot/nn/dropout.h"

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
  Packing packing{real.size(0), real.size(1), {}, {}};
  if (real.all().item<bool>()) return packing;
  packing.hidden = real.logical_not().view({packing.batch, 1, 1, packing.length});
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
  const auto qkv = packing.pad(c_attn_(x)).view({B, T, 3, H, D}).permute({2, 0, 3, 1, 4});  // [3, B, H, T, D]
  auto q = qkv[0], k = qkv[1];
  if (rotary) q = apply_rotary(q, *rotary), k = apply_rotary(k, *rotary);
  const auto y = attend(q, k, qkv[2], packing.hidden, is_training() ? config_.attention_dropout : 0, weights);
  const auto out = c_proj_(packing.pack(y.transpose(1, 2).reshape({B, T, H * D})));  // [N, C]
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
