// What a simulation needs to know of a cap table.
#pragma once

#include "ingot/plan/finance/captable.h"
#include "ingot/plan/finance/venture.h"

namespace ingot::finance {

// Founders are the holders of issued common stock; common also counts options and the pool. The policy's own numbers,
// if any, count first.
Ownership ownership_of(const CapTable& table, const FinancingPolicy& policy);

}  // namespace ingot::finance
