// Compiled for one instruction set; its flags are in CMakeLists.txt.
#include "ingot/nn/kernels/simd_attention.inc"
#include "ingot/nn/kernels/simd_rows.inc"

namespace ingot {

const Simd kSimdAvx2 = {"avx2",    norm,           norm_grad,          pointwise,    pointwise_grad,
                        dropout,   cross_entropy,  cross_entropy_grad, distillation, distillation_grad,
                        attention, attention_grad, column_sum};

}  // namespace ingot
