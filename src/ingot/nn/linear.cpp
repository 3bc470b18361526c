#include "ingot/nn/linear.h"

#include <torch/torch.h>

namespace ingot {

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias) {
  weight = register_parameter("weight", torch::zeros({out, in}));
  if (with_bias) bias = register_parameter("bias", torch::zeros({out}));
}

Tensor LinearImpl::forward(const Tensor& x) {
  return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

EmbeddingImpl::EmbeddingImpl(int64_t rows, int64_t width) {
  weight = register_parameter("weight", torch::zeros({rows, width}));
}

Tensor EmbeddingImpl::forward(const Tensor& ids) { return at::embedding(weight, ids); }

}  // namespace ingot
