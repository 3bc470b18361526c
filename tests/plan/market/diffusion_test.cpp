#include "ingot/plan/market/diffusion.h"

#include <cmath>

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

// Why the Bass model fits without decision variables (Bass, Krishnan & Jain 1994): where the price falls at a constant
// rate, effort is constant and the curve is again a Bass curve, with p and q scaled by it.
TEST(GeneralizedBass, ConstantPriceDeclineIsABassCurveWithScaledCoefficients) {
  const GeneralizedBass g{{0.03, 0.38, 1}, -1.5, 0, 0};
  const double x = 1 + 1.5 * 0.2;
  const Bass scaled{0.03 * x, 0.38 * x, 1};
  double F = 0;
  for (int t = 1; t <= 12; ++t) {
    F = g.advance(F, -0.2, 0);
    EXPECT_NEAR(F, scaled.adopted_share(t), 1e-14);
  }
}

// F depends on cumulative effort alone: the same total in another order ends at the same place. The rate agrees with
// the differential equation.
TEST(GeneralizedBass, AdoptionFollowsCumulativeEffort) {
  const GeneralizedBass g{{0.02, 0.5, 1}, -1, 0.05, 0};
  const double early = g.advance(g.advance(0.1, -0.3, 0), 0.1, 2), late = g.advance(g.advance(0.1, 0.1, 2), -0.3, 0);
  EXPECT_NEAR(early, late, 1e-15);
  const double h = 1e-6, F = 0.2, x = g.effort(-0.3, 2);
  EXPECT_DOUBLE_EQ(x, 1.4);
  EXPECT_NEAR((g.advance(F, -0.3, 2, h) - F) / h, (0.02 + 0.5 * F) * (1 - F) * x, 1e-6);
  EXPECT_EQ(g.advance(F, 5, 0), F);  // a price shock stops adoption, it does not undo it
  const GeneralizedBass elastic{{0.02, 0.5, 100}, -1, 0, -1.2};
  EXPECT_NEAR(elastic.potential(0.5), 100 * std::pow(2, 1.2), 1e-12);
  const GeneralizedBass wrong{{0, -1, 0}, 1, -1, 1};
  EXPECT_EQ(wrong.validate().size(), 6u);
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
