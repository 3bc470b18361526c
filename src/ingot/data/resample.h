// Band-limited change of the sample rate by a Hann-windowed sinc (Smith, "Digital Audio Resampling"): the formula and
// the defaults of torchaudio.transforms.Resample.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ingot {

class Resampler {
 public:
  Resampler(int64_t from, int64_t to);                                  // samples a second
  std::vector<float> operator()(std::span<const float> samples) const;  // ceil(size * to / from) of them

 private:
  int64_t from_, to_;           // without their common divisor
  int64_t taps_;                // of one output sample
  std::vector<int64_t> first_;  // place of the first tap before output phase p, [to]
  std::vector<float> kernel_;   // [to, taps]
};

}  // namespace ingot
