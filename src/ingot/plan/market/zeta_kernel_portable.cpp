#define INGOT_MC_ISA portable
#include "ingot/plan/market/zeta_kernel.inl.h"
