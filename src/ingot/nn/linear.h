// Affine maps and embedding tables without an initialisation of their own: the model's initialise() sets every weight.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/nn/kernels/fused.h"
#include "ingot/torch/tensor.h"

namespace ingot {

// x [.., in] weight [out, in]^T + bias, which may be undefined. `copy` holds the bfloat16 weight between calls on a CPU
// under autocast.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Bf16Copy& copy);

class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(int64_t in, int64_t out, bool bias);
  Tensor forward(const Tensor& x);  // [.., in] -> [.., out]

  Tensor weight;  // [out, in]
  Tensor bias;    // [out] or undefined

 private:
  Bf16Copy copy_;
};
TORCH_MODULE(Linear);

class EmbeddingImpl : public torch::nn::Module {
 public:
  EmbeddingImpl(int64_t rows, int64_t width);
  Tensor forward(const Tensor& ids);  // [..] int64 -> [.., width]

  Tensor weight;  // [rows, width]
};
TORCH_MODULE(Embedding);

}  // namespace ingot
