#include "ingot/nn/feed_forward.h"

#include <torch/torch.h>

#include "ingot/nn/dropout.h"

namespace ingot {

FeedForwardImpl::FeedForwardImpl(int64_t width, int64_t inner, Activation activation, bool bias, double dropout)
    : activation_(activation), dropout_(dropout) {
  c_fc = register_module("c_fc", Linear(width, is_gated(activation) ? 2 * inner : inner, bias));
  c_proj = register_module("c_proj", Linear(inner, width, bias));
}

Tensor FeedForwardImpl::forward(const Tensor& x) {
  const auto y = c_proj(activate(c_fc(x), activation_));
  return ingot::dropout(y, dropout_, is_training());
}

}  // namespace ingot
