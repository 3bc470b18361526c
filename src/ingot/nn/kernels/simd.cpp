#include "ingot/nn/kernels/simd.h"

namespace ingot {

const Simd& simd() {
#if defined(__x86_64__)
  static const Simd& best = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                                ? kSimdAvx512
                            : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? kSimdAvx2
                                                                                              : kSimdPortable;
  return best;
#else
  return kSimdPortable;
#endif
}

// Rows are padded to 16 so that every tile is whole. Forward: q k^T v o and one block of scores; backward: twice that.
int64_t attention_scratch(int64_t T, int64_t head_dim) {
  const int64_t rows = (T + 15) / 16 * 16;
  return 10 * rows * head_dim + 2 * 16 * rows + 4 * rows + 2 * head_dim + 64;
}

bool attention_supports(int64_t head_dim) { return head_dim >= 16 && head_dim <= 256 && head_dim % 16 == 0; }

}  // namespace ingot
