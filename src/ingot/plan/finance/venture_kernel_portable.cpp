#define INGOT_MC_ISA portable
#include "ingot/plan/finance/venture_kernel.inl.h"
