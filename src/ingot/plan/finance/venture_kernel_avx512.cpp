#define INGOT_MC_ISA avx512
#include "ingot/plan/finance/venture_kernel.inl.h"
