// A loop over independent items on a few threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace ingot {

inline size_t num_threads(int64_t wanted) {
  return wanted > 0 ? size_t(wanted) : std::max(1u, std::thread::hardware_concurrency());
}

// Calls work(i) for i in [0, count), each once, in any order. Rethrows the first exception after all have ended.
template <typename Work>
void parallel_for(size_t threads, size_t count, const Work& work) {
  threads = std::min(threads, count);
  if (threads <= 1) {
    for (size_t i = 0; i < count; ++i) work(i);
    return;
  }
  std::atomic<size_t> next = 0;
  std::vector<std::exception_ptr> failures(threads);
  const auto loop = [&](size_t thread) {
    try {
      for (size_t i; (i = next.fetch_add(1)) < count;) work(i);
    } catch (...) {
      failures[thread] = std::current_exception();
      next = count;
    }
  };
  std::vector<std::thread> workers;
  for (size_t t = 1; t < threads; ++t) workers.emplace_back(loop, t);
  loop(0);
  for (auto& worker : workers) worker.join();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace ingot
