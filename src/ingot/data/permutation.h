// A random order of 0 .. n - 1 that needs no table: the i-th element comes from i alone. A Feistel network over the
// next power of four, walked until it falls below n (Black & Rogaway 2002, "Ciphers with Arbitrary Finite Domains").
#pragma once

#include <bit>
#include <cstdint>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"

namespace ingot {

// Element `i` of the order that belongs to (seed, epoch). Requires i < n.
inline uint64_t shuffled(uint64_t i, uint64_t n, uint64_t seed, uint64_t epoch) {
  const int half = (std::bit_width(n - 1) + 1) / 2;  // bits of each side; at most 4 n values in all
  const uint64_t mask = (uint64_t{1} << half) - 1;
  do {
    uint64_t left = i >> half, right = i & mask;
    for (uint32_t round = 0; round < 4; ++round) {
      const auto mixed = philox({uint32_t(right), uint32_t(right >> 32), uint32_t(epoch), round},
                                {uint32_t(seed), uint32_t(seed >> 32)});
      const uint64_t next = left ^ ((uint64_t(mixed[0]) << 32 | mixed[1]) & mask);
      left = right;
      right = next;
    }
    i = left << half | right;
  } while (i >= n);
  return i;
}

// The records that [data] validation_fraction holds out of training: drawn, and always the same ones.
class HeldOut {
 public:
  // `what`: the records in the plural, for the error. Throws InvalidArgument when a side would be empty.
  HeldOut(uint64_t records, double fraction, const char* what)
      : records_(records), taken_(uint64_t(double(records) * fraction)) {
    require("data", taken_ > 0 && taken_ < records_, "data.validation_fraction is ", fraction, ", which takes ", taken_,
            " of ", records_, " ", what, ", expected some on both sides");
  }
  bool operator()(uint64_t i) const { return shuffled(i, records_, 0, 0) < taken_; }

 private:
  uint64_t records_, taken_;
};

}  // namespace ingot
