// Mu-law companding to 256 levels (ITU-T G.711, in the continuous form of van den Oord et al. 2016, section 2.2).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ingot {

constexpr int64_t kMuLawLevels = 256;

inline int64_t mu_law_encode(float x) {
  const double mu = kMuLawLevels - 1, magnitude = std::log1p(mu * std::min(1.0, std::abs(double(x)))) / std::log1p(mu);
  return int64_t((std::copysign(magnitude, double(x)) + 1) / 2 * mu + 0.5);
}

inline float mu_law_decode(int64_t code) {
  const double mu = kMuLawLevels - 1, y = 2 * double(code) / mu - 1;
  return float(std::copysign(std::expm1(std::abs(y) * std::log1p(mu)) / mu, y));
}

}  // namespace ingot
