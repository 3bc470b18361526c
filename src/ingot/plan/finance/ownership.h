// What a simulation needs to know of a cap table.
#pragma once

#include "ingot/plan/finance/captable.h"
#include "ingot/plan/finance/venture.h"

namespace ingot::finance {

// Founders are the holders of issued common stock; common also counts options and the pool. The policy's own numbers,
// if any, count first.
Ownership ownership_of(const CapTable& table, const FinancingPolicy& policy);

// What such a company can raise with. A SAFE belongs to the time before the first priced round (Carta 2025: 92 % of
// pre-seed rounds); venture debt is lent against preferred money that is already in.
std::vector<Instrument> instruments_for(const Ownership& ownership);

}  // namespace ingot::finance
