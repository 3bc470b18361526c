// Quantiles of samples by linear interpolation between order statistics (Hyndman and Fan 1996, type 7).
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ingot {

// Requires at least one value, in ascending order.
inline double quantile_of_sorted(const std::vector<double>& sorted, double q) {
  const double at = q * double(sorted.size() - 1);
  const size_t i = size_t(at), j = std::min(i + 1, sorted.size() - 1);
  return sorted[i] + (at - double(i)) * (sorted[j] - sorted[i]);
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

}  // namespace ingot
