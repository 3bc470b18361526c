// Causal self-attention: Vaswani et al. 2017, with grouped key/value heads (Ainslie et al. 2023), rotary positions and
// normalised queries and keys (Henry et al. 2020) by choice.
#pragma once

#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/nn/linear.h"
#include "ingot/nn/norm.h"
#include "ingot/nn/rotary.h"
#include "ingot/torch/tensor.h"

namespace ingot {

// Keys and values of the tokens seen so far, one pair of buffers a layer, filled from the left.
struct KvCache {
  struct Layer {
    Tensor k, v;  // [B, K, capacity, D]
  };
  std::vector<Layer> layers;
  int64_t length = 0;  // tokens in it; the model moves it on after its last layer
  int64_t capacity() const { return layers.empty() ? 0 : layers[0].k.size(2); }
};

// softmax(q k^T / sqrt(D)) v where the query at position S - T + t sees the keys [first_key[b, t], S - T + t].
// q [B, H, T, D]; k v [B, K, S, D] with H a multiple of K and S >= T; first_key [B, T] int64 or undefined (all 0).
// `dropout` acts on the attention weights.
Tensor attend_causal(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& first_key, double dropout = 0);

// softmax(q k^T / sqrt(D)) v over all keys but the `hidden` ones, bool [B, 1, 1, S] or undefined. q [B, H, T, D];
// k v [B, H, S, D]. `weights` gets the softmax, [B, H, T, S], from a path that writes it out.
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& hidden, double dropout = 0,
              Tensor* weights = nullptr);

// Whether fused_attention (nn/kernels) takes a projection [B, T, ..]: no dropout of the weights, a head size, a type
// and angles that it knows.
bool takes_fused_attention(const Tensor& packed, int64_t head_size, const Rotary* rotary, double dropout);

struct AttentionConfig {
  int64_t width = 0, heads = 0, kv_heads = 0;  // head size = width / heads
  bool bias = true;
  bool qk_norm = false;
  double norm_eps = 1e-5;
  double dropout = 0;           // of the attention weights
  double residual_dropout = 0;  // of the output
};

class CausalSelfAttentionImpl : public torch::nn::Module {
 public:
  explicit CausalSelfAttentionImpl(const AttentionConfig& config);
  // x [B, T, C] -> [B, T, C]. `rotary` holds the angles of these T positions, or null. With a `layer`, the T tokens are
  // appended at `past` and attend to all past + T.
  Tensor forward(const Tensor& x, const Tensor& first_key, const Rotary* rotary, KvCache::Layer* layer, int64_t past);

  Linear c_attn{nullptr};  // C -> (heads + 2 kv_heads) D: queries, keys, values
  Linear c_proj{nullptr};
  Norm q_norm{nullptr}, k_norm{nullptr};

 private:
  AttentionConfig config_;
};
TORCH_MODULE(CausalSelfAttention);

}  // namespace ingot
