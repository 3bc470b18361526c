#include "ingot/plan/montecarlo/isa.h"

namespace ingot::mc {

bool available([[maybe_unused]] Isa isa) {
#if defined(INGOT_MC_X86)
  if (isa == Isa::Avx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (isa == Isa::Avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return isa == Isa::Portable;
}

Isa best_isa() {
  static const Isa best = available(Isa::Avx512) ? Isa::Avx512 : available(Isa::Avx2) ? Isa::Avx2 : Isa::Portable;
  return best;
}

std::string_view to_string(Isa isa) { return isa == Isa::Avx512 ? "avx512" : isa == Isa::Avx2 ? "avx2" : "portable"; }

}  // namespace ingot::mc
