#define INGOT_MC_ISA avx2
#include "ingot/plan/montecarlo/kernels.inl.h"
