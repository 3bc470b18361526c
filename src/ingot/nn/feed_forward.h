// The position-wise network of a transformer block: C -> F -> C, gated when the activation is.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/nn/activation.h"
#include "ingot/nn/linear.h"
#include "ingot/torch/tensor.h"

namespace ingot {

class FeedForwardImpl : public torch::nn::Module {
 public:
  FeedForwardImpl(int64_t width, int64_t inner, Activation activation, bool bias, double dropout);
  Tensor forward(const Tensor& x);  // [B, T, C] -> [B, T, C]

  Linear c_fc{nullptr};    // C -> F, or 2F (gate, value)
  Linear c_proj{nullptr};  // F -> C

 private:
  Activation activation_;
  double dropout_;
};
TORCH_MODULE(FeedForward);

}  // namespace ingot
