// Batches of like lengths, so that little is padding.
#pragma once

#include <cstdint>
#include <vector>

namespace ingot {

// Every row once: in random order, pools of 64 batches sorted by length, batches in random order. A pure function of
// its arguments.
std::vector<std::vector<int64_t>> length_batches(const std::vector<int64_t>& lengths, int64_t batch_size, uint64_t seed,
                                                 int64_t epoch);

}  // namespace ingot
