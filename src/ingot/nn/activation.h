// Pointwise activations and their gated forms (Shazeer 2020, "GLU Variants Improve Transformer").
#pragma once

#include <utility>

#include "ingot/base/config.h"
#include "ingot/torch/tensor.h"

namespace ingot {

enum class Activation { GeluTanh, Gelu, Relu, Relu2, Silu, Sigmoid, Tanh, Swiglu, Geglu, Reglu };
template <>
struct EnumNames<Activation> {
  static constexpr std::pair<const char*, Activation> kValues[] = {
      {"gelu_tanh", Activation::GeluTanh}, {"gelu", Activation::Gelu},     {"relu", Activation::Relu},
      {"relu2", Activation::Relu2},        {"silu", Activation::Silu},     {"sigmoid", Activation::Sigmoid},
      {"tanh", Activation::Tanh},          {"swiglu", Activation::Swiglu}, {"geglu", Activation::Geglu},
      {"reglu", Activation::Reglu}};
};

// Gated forms take [.., 2F], the gate first, and give [.., F].
constexpr bool is_gated(Activation a) {
  return a == Activation::Swiglu || a == Activation::Geglu || a == Activation::Reglu;
}

Tensor activate(const Tensor& x, Activation activation);

}  // namespace ingot
