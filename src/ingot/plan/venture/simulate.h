// Many paths of the closed loop over threads. A path is a function of (numbers, seed, its index) and tallies add
// exactly, so the result is the same bits for any number of threads and any split into shards.
#pragma once

#include <functional>
#include <optional>

#include "ingot/plan/venture/tally.h"

namespace ingot::venture {

struct Simulation {
  uint32_t seed = 1;
  uint64_t paths = 100'000;
  int threads = 0;                 // 0: all cores
  uint64_t shard = 0, shards = 1;  // this process takes every `shards`-th chunk, from `shard` on
};

constexpr uint64_t kChunkPaths = 256;

// `keep_going(chunks done, chunks of this shard)` is asked after every chunk, one thread at a time; false stops. What
// was finished is always whole chunks from the front, so an interrupted result equals a run of that many paths.
Tally simulate(const Numbers& numbers, const Simulation& simulation,
               const std::function<bool(uint64_t done, uint64_t total)>& keep_going = {});

// Every month of one path. `path` absent: the path without chance, on which rounds close at their expected time.
std::vector<MonthRecord> trace(const Numbers& numbers, uint32_t seed, std::optional<uint64_t> path,
                               Path::End* end = nullptr);

// Fills plan_revenue from the path without chance. Throws InvalidArgument with all problems of the numbers, or naming
// the month in which no price equilibrium was found.
void set_plan_revenue(Numbers& numbers);

}  // namespace ingot::venture
