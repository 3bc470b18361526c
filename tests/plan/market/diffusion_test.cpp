#include "ingot/plan/market/diffusion.h"

#include <gtest/gtest.h>

namespace ingot::market {

// D1: Bass 1969, eq. 9 and 10 in closed form.
TEST(Bass, KnownAnswers) {
  const Bass b{0.03, 0.38, 100};
  EXPECT_NEAR(b.peak_time(), 6.19261919770311239, 1e-13);
  EXPECT_NEAR(b.adopted_share(b.peak_time()), 0.460526315789473684, 1e-14);
  EXPECT_NEAR(b.rate(b.peak_time()), 11.0592105263157895, 1e-12);
  EXPECT_NEAR(b.adopted_share(1), 0.0357581642564416261, 1e-15);
  EXPECT_NEAR(b.adopted_share(5), 0.33119864249137348, 1e-14);
  EXPECT_NEAR(b.adopted_share(10), 0.812803221221346168, 1e-14);
}

TEST(Bass, AdvanceComposes) {
  const Bass b{0.03, 0.38, 1};
  double F = 0;
  for (int t = 0; t < 10; ++t) F = Bass::advance(F, b.p, b.q);
  EXPECT_NEAR(F, b.adopted_share(10), 1e-14);
}

// C1, exact.
TEST(Cournot, ThreeFirms) {
  const auto c = solve_cournot(100, 1, {10, 20, 30});
  EXPECT_DOUBLE_EQ(c.price, 40);
  EXPECT_EQ(c.quantity, (std::vector<double>{30, 20, 10}));
  EXPECT_EQ(c.profit, (std::vector<double>{900, 400, 100}));
}

TEST(Cournot, HighCostFirmsStayOut) {
  const auto c = solve_cournot(100, 2, {10, 80});
  EXPECT_DOUBLE_EQ(c.price, 55);
  EXPECT_EQ(c.quantity[1], 0);
}

}  // namespace ingot::market
