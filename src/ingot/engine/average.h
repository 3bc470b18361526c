// Mean of the last checkpoints of a run: Vaswani et al. 2017, section 6.1. Torch-free header.
#pragma once

#include <cstdint>
#include <filesystem>

#include "ingot/base/json.h"

namespace ingot {

// Writes checkpoints/average: the mean of the weights of the newest `last` checkpoints, summed in double; of runs with
// [ema], of their averages. Whole numbers (counters of batches) are those of the newest. {"run", "checkpoint",
// "steps": [..]}. Throws InvalidArgument when the run keeps fewer, and naming the one that is damaged.
Json average_checkpoints(const std::filesystem::path& run_folder, int64_t last);

}  // namespace ingot
