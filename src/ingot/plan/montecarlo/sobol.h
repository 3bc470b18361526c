// Sobol' sequence (Joe & Kuo 2008 directions, as shipped with Boost.Random) in Gray-code order, and its Owen scramble.
#pragma once

#include <cstdint>
#include <vector>

namespace ingot::mc {

class Sobol {
 public:
  static constexpr uint32_t kMaxDimensions = 3667;
  explicit Sobol(uint32_t dimensions);  // throws InvalidArgument over kMaxDimensions
  uint32_t dimensions() const { return dimensions_; }
  uint32_t word(uint32_t index, uint32_t dimension) const;  // 32 bits of the unscrambled coordinate
  double point(uint32_t index, uint32_t dimension) const { return word(index, dimension) * 0x1.0p-32; }
  // Owen-scrambled coordinate (hash-based, Burley 2020); the kernels draw the same bits.
  uint32_t scrambled_word(uint32_t index, uint32_t dimension, uint32_t seed) const;

  // Tables of lanes.h SobolDraws.
  const std::vector<uint32_t>& reversed_columns() const { return reversed_; }
  const std::vector<uint32_t>& lanes() const { return lanes_; }
  // One scramble seed a dimension, from Philox (seed, scramble).
  std::vector<uint32_t> seeds(uint32_t seed, uint32_t scramble) const;

 private:
  uint32_t dimensions_;
  std::vector<uint32_t> columns_, reversed_, lanes_;  // [bit][dimension], the same reversed, [dimension][16]
};

}  // namespace ingot::mc
