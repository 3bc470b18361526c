// Runs a simulation over paths in 64 fixed chunks and merges the results in chunk order: the same bits for any number
// of threads, memory for at most 64 results whatever the number of paths.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "ingot/base/error.h"

namespace ingot::mc {

constexpr uint64_t kChunks = 64;
constexpr uint64_t kGroup = 16;  // paths a kernel takes at a time

int default_threads();

// First path of chunk `c` of `paths`; a multiple of kGroup.
constexpr uint64_t chunk_begin(uint64_t paths, uint64_t c) {
  const uint64_t groups = (paths + kGroup - 1) / kGroup;
  return groups * c / kChunks * kGroup;
}

// `simulate(first, count)` returns a Result with merge(const Result&). `count` may end inside a group. `progress` (may
// be empty) hears the number of finished chunks, one thread at a time.
template <typename Result>
Result run(uint64_t paths, int threads, const std::function<Result(uint64_t first, uint64_t count)>& simulate,
           const std::function<void(uint64_t done)>& progress = {}) {
  require("montecarlo", paths > 0, "paths is 0, expected > 0");
  std::vector<std::optional<Result>> results(kChunks);  // finished, waiting for those before them
  std::optional<Result> total;
  std::atomic<uint64_t> next{0};
  std::mutex mutex;
  uint64_t done = 0, merged = 0;
  std::exception_ptr failure;
  const auto work = [&] {
    for (uint64_t c; (c = next++) < kChunks;) {
      const uint64_t first = chunk_begin(paths, c), last = std::min(paths, chunk_begin(paths, c + 1));
      std::optional<Result> result(std::in_place);
      try {
        if (last > first) result = simulate(first, last - first);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = kChunks;
      }
      const std::lock_guard lock(mutex);
      results[c] = std::move(result);
      for (; merged < kChunks && results[merged]; results[merged++].reset()) {
        if (total)
          total->merge(*results[merged]);
        else
          total = std::move(results[merged]);
      }
      ++done;
      if (progress) progress(done);
    }
  };
  std::vector<std::thread> pool;
  for (int t = 1; t < (threads > 0 ? threads : default_threads()); ++t) pool.emplace_back(work);
  work();
  for (auto& t : pool) t.join();
  if (failure) std::rethrow_exception(failure);
  return std::move(*total);
}

}  // namespace ingot::mc
