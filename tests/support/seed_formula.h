// Weights that both sides of a parity test make for themselves, so that none are stored; tools/golden/seed_formula.py
// is its twin. Element i of tensor k is uniform in [-1, 1): fract(sin(12.9898 i + 78.233 k) 43758.5453) 2 - 1, in
// double.
#pragma once

#include <cmath>

#include <torch/torch.h>

#include "ingot/torch/module_state.h"

namespace ingot {

inline Tensor by_formula(at::IntArrayRef sizes, int64_t k) {
  auto tensor = torch::empty(sizes);
  float* out = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const double x = std::sin(12.9898 * double(i) + 78.233 * double(k)) * 43758.5453;
    out[i] = float((x - std::floor(x)) * 2 - 1);
  }
  return tensor;
}

// Every float of the module, by its place among the sorted names: matrices and kernels with variance 2 / fan in, scales
// and variances around 1, the rest around 0.
inline void fill_by_formula(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  int64_t k = 0;
  for (auto& [name, target] : module_state(module)) {
    auto tensor = target;
    const auto u = by_formula(tensor.sizes(), k++);
    if (!tensor.is_floating_point()) continue;
    if (tensor.dim() >= 2)
      tensor.copy_(u * std::sqrt(6.0 / (double(tensor.numel()) / double(tensor.size(0)))));
    else if (name.ends_with("weight") || name.ends_with("running_var"))
      tensor.copy_(1 + 0.2 * u);
    else
      tensor.copy_(0.1 * u);
  }
}

}  // namespace ingot
