#define INGOT_MC_ISA avx512
#include "ingot/plan/montecarlo/kernels.inl.h"
