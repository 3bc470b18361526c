#define INGOT_MC_ISA avx512
#include "ingot/plan/market/zeta_kernel.inl.h"
