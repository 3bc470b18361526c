#include "ingot/nn/activation.h"

#include <ATen/ATen.h>

#include "ingot/nn/kernels/fused.h"

namespace ingot {

Tensor activate(const Tensor& x, Activation activation) {
  if (fused_takes(x)) {
    if (activation == Activation::GeluTanh) return fused_pointwise(x, Pointwise::GeluTanh);
    if (activation == Activation::Silu) return fused_pointwise(x, Pointwise::Silu);
    if (activation == Activation::Swiglu) return fused_pointwise(x, Pointwise::Swiglu);
    if (activation == Activation::Geglu) return fused_pointwise(x, Pointwise::Geglu);
  }
  switch (activation) {
    case Activation::GeluTanh:
      return at::gelu(x, "tanh");
    case Activation::Gelu:
      return at::gelu(x);
    case Activation::Relu:
      return at::relu(x);
    case Activation::Relu2:
      return at::relu(x).square();  // So et al. 2021, "Primer"
    case Activation::Silu:
      return at::silu(x);
    case Activation::Sigmoid:
      return at::sigmoid(x);
    case Activation::Tanh:
      return at::tanh(x);
    case Activation::Swiglu:
    case Activation::Geglu:
    case Activation::Reglu:
      break;
  }
  const auto parts = x.chunk(2, -1);  // gate, value: [.., F]
  const auto gate = activation == Activation::Swiglu  ? at::silu(parts[0])
                    : activation == Activation::Geglu ? at::gelu(parts[0], "tanh")
                                                      : at::relu(parts[0]);
  return gate * parts[1];
}

}  // namespace ingot
