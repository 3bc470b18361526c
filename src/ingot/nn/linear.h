// Affine maps and embedding tables without an initialisation of their own: the model's initialise() sets every weight.
#pragma once

#include <memory>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/nn/kernels/fused.h"
#include "ingot/torch/tensor.h"

namespace ingot {

// x [.., in] weight [out, in]^T + bias, which may be undefined. `copy` holds the bfloat16 weight between calls on a CPU
// under autocast.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Bf16Copy& copy);

// A low-rank addition to a linear map, alpha / r B A (Hu et al. 2021, eq. 3).
struct LowRank {
  Tensor a, b;  // [r, in], [out, r]
  double scale = 1, dropout = 0;
  Bf16Copy a_copy, b_copy;
};

class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(int64_t in, int64_t out, bool bias);
  Tensor forward(const Tensor& x);  // [.., in] -> [.., out]
  // Adds B A of zeros as the parameters lora_a and lora_b. `dropout` acts on what A reads.
  void add_low_rank(int64_t rank, double scale, double dropout);

  Tensor weight;  // [out, in]
  Tensor bias;    // [out] or undefined

 private:
  Bf16Copy copy_;
  std::unique_ptr<LowRank> low_rank_;
};
TORCH_MODULE(Linear);

class EmbeddingImpl : public torch::nn::Module {
 public:
  EmbeddingImpl(int64_t rows, int64_t width);
  Tensor forward(const Tensor& ids);  // [..] int64 -> [.., width]

  Tensor weight;  // [rows, width]
};
TORCH_MODULE(Embedding);

// FLOPs of a training step for each row that `weight` multiplies: forward, gradient of the input, and gradient of the
// weight unless it is frozen.
double train_flops(const Tensor& weight);

}  // namespace ingot
