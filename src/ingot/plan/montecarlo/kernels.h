// The function table that each instruction set fills; see kernels.inl.h.
#pragma once

#include <cstdint>

#include "ingot/plan/montecarlo/isa.h"

namespace ingot::mc {

struct SobolTables {
  const uint32_t *columns, *lanes, *seeds;
  uint32_t dimensions, per_month;
  uint32_t* base;
};

struct Kernels {
  void (*words)(uint32_t seed, uint32_t stream, uint64_t first, uint32_t month, uint32_t block, uint32_t* out);
  void (*normals)(uint32_t seed, uint32_t stream, uint64_t first, uint32_t month, uint32_t block, float* out);
  void (*moments)(uint32_t seed, uint64_t first, uint64_t groups, uint32_t months, double* power);
  // by_month[m] += paths ruined in month m, over the first `count` lanes
  void (*ruin)(uint32_t seed, const SobolTables* sobol, uint64_t first, uint64_t count, uint32_t months, float cash,
               float drift, float sigma, uint64_t* by_month);
  void (*cash)(uint32_t seed, uint64_t first, uint64_t count, uint32_t months, double* cash_sum, uint64_t* ruined,
               uint64_t* histogram);
};

const Kernels& kernels(Isa isa);

namespace portable {
extern const Kernels kKernels;
}
namespace avx2 {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}

}  // namespace ingot::mc
