// A solved round as OCF events, ready for the ledger: new classes, issuances, conversions, ratio and pool adjustments.
#pragma once

#include "ingot/plan/finance/captable.h"
#include "ingot/plan/finance/round.h"

namespace ingot::finance {

// Each convertible becomes a class of its own (a shadow series): same rights, its own price and preference. The new
// classes are 1x non-participating and rank above the old ones. Appending the events to `before` gives r.total shares
// fully diluted.
std::vector<Json> round_events(const CapTable& before, const RoundInput& input, const RoundResult& result);

}  // namespace ingot::finance
