// Vesting as OCF writes it: a graph of conditions, each worth a portion or a quantity, and seven ways to allocate
// shares that do not divide evenly.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ingot/base/json.h"
#include "ingot/plan/finance/date.h"

namespace ingot::finance {

enum class Allocation {
  CumulativeRounding,
  CumulativeRoundDown,
  FrontLoaded,
  BackLoaded,
  FrontLoadedToSingleTranche,
  BackLoadedToSingleTranche,
};

Allocation parse_allocation(const std::string& ocf_name);  // throws; FRACTIONAL is refused: shares here are whole

// `shares` over tranches with these portions (each of the whole). The portions may sum to less than 1.
std::vector<int64_t> allocate(int64_t shares, const std::vector<Rational>& portions, Allocation allocation);

struct Vest {
  Date date;
  int64_t shares = 0;
};

// Facts from TX_VESTING_START and TX_VESTING_EVENT: condition id -> date.
using VestingFacts = std::map<std::string, Date>;

// The schedule of one grant under OCF vesting terms. Conditions whose event or start has not happened vest nothing.
// Throws InvalidArgument, naming the condition, on a dangling reference or a cycle.
std::vector<Vest> vesting_schedule(const Json& terms, int64_t shares, const VestingFacts& facts);

}  // namespace ingot::finance
