#include "ingot/nn/linear.h"

#include <torch/torch.h>

#include "ingot/torch/compat.h"

namespace ingot {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Bf16Copy& copy) {
  if (autocast_bf16(at::kCPU) && fused_takes(x) && weight.scalar_type() == at::kFloat)
    return bf16_linear(x, weight, bias, copy);
  return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias) {
  weight = register_parameter("weight", torch::zeros({out, in}));
  if (with_bias) bias = register_parameter("bias", torch::zeros({out}));
}

Tensor LinearImpl::forward(const Tensor& x) { return linear(x, weight, bias, copy_); }

EmbeddingImpl::EmbeddingImpl(int64_t rows, int64_t width) {
  weight = register_parameter("weight", torch::zeros({rows, width}));
}

Tensor EmbeddingImpl::forward(const Tensor& ids) { return at::embedding(weight, ids); }

}  // namespace ingot
