// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3").
// A draw is a pure function of (seed, stream, counter), so nothing about it needs to be saved to resume a run.
#pragma once

#include <array>
#include <cstdint>

namespace ingot {

using Philox4x32 = std::array<uint32_t, 4>;

// Ten rounds; known answers are in tests/base/rng_test.cpp.
constexpr Philox4x32 philox(Philox4x32 counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {uint32_t(p1 >> 32) ^ counter[1] ^ key[0], uint32_t(p1), uint32_t(p0 >> 32) ^ counter[3] ^ key[1],
               uint32_t(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// A sequence of draws from one (seed, stream). Cheap to make; copy it to fork it.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0) : key_{uint32_t(seed), uint32_t(seed >> 32)}, stream_(stream) {}

  uint32_t next_u32() {
    if (used_ == 4) {
      block_ = philox({uint32_t(counter_), uint32_t(counter_ >> 32), uint32_t(stream_), uint32_t(stream_ >> 32)}, key_);
      ++counter_;
      used_ = 0;
    }
    return block_[used_++];
  }
  uint64_t next_u64() {
    const uint64_t high = next_u32();
    return high << 32 | next_u32();
  }
  // Uniform in [0, 1) with 53 bits.
  double uniform() { return double(next_u64() >> 11) * 0x1.0p-53; }
  // Uniform in [0, n) without bias (Lemire 2019). Requires n > 0.
  uint64_t below(uint64_t n) {
    for (;;) {
      const auto product = static_cast<unsigned __int128>(next_u64()) * n;
      if (uint64_t(product) >= n || uint64_t(product) >= (-n) % n) return uint64_t(product >> 64);
    }
  }

 private:
  std::array<uint32_t, 2> key_;
  uint64_t stream_;
  uint64_t counter_ = 0;
  Philox4x32 block_{};
  int used_ = 4;
};

}  // namespace ingot
