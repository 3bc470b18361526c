#include "ingot/base/rng.h"

#include <gtest/gtest.h>

namespace ingot {

// Known answers of Random123 (kat_vectors), Salmon et al. 2011.
TEST(Philox, MatchesTheKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Philox4x32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Philox4x32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Philox4x32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, StreamsDifferAndRepeat) {
  Rng a(7, 0), b(7, 0), c(7, 1);
  const auto x = a.next_u64();
  EXPECT_EQ(x, b.next_u64());
  EXPECT_NE(x, c.next_u64());
}

TEST(Rng, BelowIsUniform) {
  Rng rng(1);
  std::array<int, 10> count{};
  for (int i = 0; i < 100000; ++i) ++count[rng.below(10)];
  for (const int n : count) EXPECT_NEAR(n, 10000, 400);  // 4 sigma
}

}  // namespace ingot
