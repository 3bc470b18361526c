#include "ingot/tasks/length_batches.h"

#include <algorithm>
#include <cstddef>

#include "ingot/data/permutation.h"

namespace ingot {

std::vector<std::vector<int64_t>> length_batches(const std::vector<int64_t>& lengths, int64_t batch_size, uint64_t seed,
                                                 int64_t epoch) {
  const auto total = lengths.size(), B = size_t(batch_size), pool = 64 * B, count = (total + B - 1) / B;
  const auto at = [](size_t i) { return std::ptrdiff_t(i); };
  std::vector<int64_t> order(total);
  for (size_t i = 0; i < total; ++i) order[i] = int64_t(shuffled(i, total, seed, uint64_t(epoch)));
  for (size_t begin = 0; begin < total; begin += pool)
    std::stable_sort(order.begin() + at(begin), order.begin() + at(std::min(begin + pool, total)),
                     [&](int64_t i, int64_t j) { return lengths[size_t(i)] < lengths[size_t(j)]; });
  std::vector<std::vector<int64_t>> batches(count);
  for (size_t i = 0; i < count; ++i) {
    const auto from = size_t(shuffled(i, count, ~seed, uint64_t(epoch)));
    batches[i].assign(order.begin() + at(from * B), order.begin() + at(std::min((from + 1) * B, total)));
  }
  return batches;
}

}  // namespace ingot
