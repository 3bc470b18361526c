#define INGOT_MC_ISA avx2
#include "ingot/plan/finance/venture_kernel.inl.h"
