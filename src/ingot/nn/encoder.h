// The bidirectional block of Vaswani et al. 2017 (figure 1, left) and BERT, on sequences without their padding:
// linear maps and norms see the real tokens only ("unpadding", Zeng et al. 2022), attention sees them padded.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/nn/activation.h"
#include "ingot/nn/feed_forward.h"
#include "ingot/nn/linear.h"
#include "ingot/nn/norm.h"
#include "ingot/nn/rotary.h"
#include "ingot/torch/tensor.h"

namespace ingot {

// Which of [B, T] tokens are real. N is their number, or B T when nothing is packed.
struct Packing {
  int64_t batch = 0, length = 0;
  Tensor rows;      // [N] int64: places of the real tokens among B T; undefined: all are kept
  Tensor hidden;    // [B, 1, 1, T] bool: padding; undefined: there is none
  Tensor num_real;  // [B] int64: where all padding is at the end, how many tokens are before it; else undefined

  Tensor pack(const Tensor& x) const;  // [B, T, ..] -> [N, ..]
  Tensor pad(const Tensor& x) const;   // [N, ..] -> [B, T, ..], zeros where no token is
};
Packing make_packing(const Tensor& real, bool unpad);  // real [B, T] bool, at least one in each row

struct EncoderConfig {
  int64_t width = 0, heads = 0, inner = 0;
  Activation activation = Activation::Gelu;
  NormKind norm = NormKind::LayerNorm;
  double norm_eps = 1e-12;
  bool bias = true;
  bool pre_norm = false;  // x + f(norm(x)) (Xiong et al. 2020), else norm(x + f(x)) as published
  double attention_dropout = 0, dropout = 0;
};

class EncoderBlockImpl : public torch::nn::Module {
 public:
  explicit EncoderBlockImpl(const EncoderConfig& config);
  // [N, C] -> [N, C]; `weights` gets those of the attention, [B, H, T, T]
  Tensor forward(const Tensor& x, const Packing& packing, const Rotary* rotary, Tensor* weights = nullptr);

 private:
  Tensor attention(const Tensor& x, const Packing& packing, const Rotary* rotary, Tensor* weights);

  EncoderConfig config_;
  Linear c_attn_{nullptr}, c_proj_{nullptr};  // C -> 3C: queries, keys, values; C -> C
  FeedForward mlp_{nullptr};
  Norm ln_1_{nullptr}, ln_2_{nullptr};
};
TORCH_MODULE(EncoderBlock);

}  // namespace ingot
