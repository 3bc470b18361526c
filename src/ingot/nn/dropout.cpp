#include "ingot/nn/dropout.h"

#include <torch/torch.h>

#include "ingot/nn/kernels/fused.h"

namespace ingot {

Tensor dropout(const Tensor& x, double p, bool training) {
  if (!training || p == 0) return x;
  return fused_takes(x) ? fused_dropout(x, p) : at::dropout(x, p, true);
}

}  // namespace ingot
