// Dropout: Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".
#pragma once

#include "ingot/torch/tensor.h"

namespace ingot {

// To be called as ingot::dropout: at::dropout is found by the type of its argument. In training, each element of x is 0
// with probability p, else x / (1 - p); otherwise x itself. 0 <= p < 1.
Tensor dropout(const Tensor& x, double p, bool training);

}  // namespace ingot
