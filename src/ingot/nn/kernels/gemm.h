// Matrix products of bfloat16 with float32 sums, by oneDNN where the build and the machine have it.
#pragma once

#include <cstddef>

#include "ingot/torch/tensor.h"

namespace ingot {

// a [M, K] b [K, N] (+ bias [N] float32) -> [M, N] of type `out` (float32 or bfloat16). a and b are bfloat16 and may be
// transposed views.
Tensor gemm_bf16(const Tensor& a, const Tensor& b, const Tensor& bias, at::ScalarType out);

bool has_onednn();

size_t kept_products();  // shapes that this thread holds prepared products of

}  // namespace ingot
