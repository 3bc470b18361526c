// For headers that only pass tensors: 2 s a file where <torch/torch.h> costs 13-21 s.
#pragma once

#include <ATen/core/Tensor.h>

namespace ingot {
using Tensor = at::Tensor;
}
