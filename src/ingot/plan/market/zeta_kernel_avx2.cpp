#define INGOT_MC_ISA avx2
#include "ingot/plan/market/zeta_kernel.inl.h"
