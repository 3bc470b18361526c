#define INGOT_MC_ISA portable
#include "ingot/plan/montecarlo/kernels.inl.h"
