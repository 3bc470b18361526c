#include "ingot/data/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "ingot/base/error.h"

namespace ingot {

Resampler::Resampler(int64_t from, int64_t to) {
  require("audio", from > 0 && to > 0, "rates are ", from, " and ", to, ", expected above 0");
  constexpr double kZeros = 6, kRolloff = 0.99;  // zero crossings on a side; share of the band that is kept
  const int64_t common = std::gcd(from, to);
  from_ = from / common, to_ = to / common;
  const double base = double(std::min(from_, to_)) * kRolloff, reach = kZeros * double(from_) / base;
  taps_ = 2 * int64_t(std::ceil(reach)) + 1;
  for (int64_t phase = 0; phase < to_; ++phase) {
    const double centre = double(phase * from_) / double(to_);
    first_.push_back(int64_t(std::ceil(centre - reach)));
    for (int64_t i = 0; i < taps_; ++i) {
      const double t = std::clamp((double(first_.back() + i) - centre) / double(from_) * base, -kZeros, kZeros);
      const double window = std::pow(std::cos(t * std::numbers::pi / kZeros / 2), 2), x = t * std::numbers::pi;
      kernel_.push_back(float((t == 0 ? 1 : std::sin(x) / x) * window * base / double(from_)));
    }
  }
}

std::vector<float> Resampler::operator()(std::span<const float> samples) const {
  if (from_ == to_) return {samples.begin(), samples.end()};
  const auto size = int64_t(samples.size()), out = (size * to_ + from_ - 1) / from_;
  std::vector<float> result;
  result.reserve(size_t(out));
  for (int64_t j = 0; j < out; ++j) {
    const int64_t phase = j % to_, begin = j / to_ * from_ + first_[size_t(phase)];
    double sum = 0;
    for (int64_t i = std::max<int64_t>(0, -begin); i < std::min(taps_, size - begin); ++i)
      sum += double(kernel_[size_t(phase * taps_ + i)]) * double(samples[size_t(begin + i)]);
    result.push_back(float(sum));
  }
  return result;
}

}  // namespace ingot
