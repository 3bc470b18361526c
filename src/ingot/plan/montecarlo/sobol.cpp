#include "ingot/plan/montecarlo/sobol.h"

#include <boost/random/sobol.hpp>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"

namespace ingot::mc {
namespace {

uint32_t reverse(uint32_t x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  x = (x >> 8 & 0x00ff00ffu) | (x & 0x00ff00ffu) << 8;
  return x >> 16 | x << 16;
}

}  // namespace

Sobol::Sobol(uint32_t dimensions) : dimensions_(dimensions) {
  require("montecarlo", dimensions > 0 && dimensions <= kMaxDimensions, "dimensions is ", dimensions,
          ", expected 1 to ", kMaxDimensions);
  const boost::random::qrng_detail::sobol_lattice<uint32_t, 32, boost::random::default_sobol_table> lattice(dimensions);
  columns_.assign(lattice.iter_at(0), lattice.iter_at(0) + 32 * ptrdiff_t(dimensions));
  for (const auto c : columns_) reversed_.push_back(reverse(c));
  for (uint32_t d = 0; d < dimensions; ++d)
    for (uint32_t i = 0; i < 16; ++i) lanes_.push_back(reverse(word(i, d)));
}

uint32_t Sobol::word(uint32_t index, uint32_t dimension) const {
  uint32_t x = 0;
  for (uint32_t gray = index ^ (index >> 1), bit = 0; gray != 0; gray >>= 1, ++bit)
    if (gray & 1) x ^= columns_[bit * dimensions_ + dimension];
  return x;
}

uint32_t Sobol::scrambled_word(uint32_t index, uint32_t dimension, uint32_t seed) const {
  uint32_t x = reverse(word(index, dimension));
  x ^= x * 0x3d20adeau;
  x += seed;
  x *= (seed >> 16) | 1u;
  x ^= x * 0x05526c56u;
  x ^= x * 0x53a22864u;
  return reverse(x);
}

std::vector<uint32_t> Sobol::seeds(uint32_t seed, uint32_t scramble) const {
  Rng rng(seed, (uint64_t{0x50b01} << 32) | scramble);
  std::vector<uint32_t> seeds;
  for (uint32_t d = 0; d < dimensions_; ++d) seeds.push_back(rng.next_u32());
  return seeds;
}

}  // namespace ingot::mc
