#include "ingot/plan/market/ladder.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace ingot::market {
namespace {

// Q2: own solution of the standard 18-rung duopoly (residuals below 1e-13), no published table exists.
TEST(QualityLadder, StandardDuopoly) {
  const auto e = solve_ladder({});
  EXPECT_TRUE(e.converged) << e.residual;
  EXPECT_LT(e.residual, 1e-12);
  const auto profit = [&](int a, int b) { return e.profit[e.state(a, {b})]; };
  EXPECT_NEAR(profit(5, 5), 4.911616807901, 1e-9);
  EXPECT_NEAR(profit(18, 1), 25.345385422248, 1e-9);
  EXPECT_NEAR(profit(9, 5), 8.572710650295, 1e-9);
  EXPECT_NEAR(profit(1, 1), 0.004551115332, 1e-11);
  const struct {
    int a, b;
    double v;
  } values[] = {{1, 1, 17.4403671760}, {5, 5, 53.6419763972}, {9, 9, 58.2261702526}, {18, 1, 316.6352647215},
                {1, 18, 0.1584280871}, {9, 5, 97.5881539965}, {5, 9, 33.6270874283}};
  for (const auto& [a, b, v] : values) EXPECT_NEAR(e.value_at(a, {b}), v, 1e-7) << a << "," << b;
  const auto x = [&](int a, int b) { return e.invest[e.state(a, {b})]; };
  EXPECT_NEAR(x(1, 1), 1.1314694603, 1e-8);
  EXPECT_NEAR(x(5, 5), 2.4499334788, 1e-8);
  EXPECT_NEAR(x(9, 9), 0.5277842000, 1e-8);
  EXPECT_NEAR(x(5, 9), 1.6983574152, 1e-8);
}

TEST(QualityLadder, ErgodicDistributionOfTheDuopoly) {
  const auto e = solve_ladder({});
  const auto p = ergodic_duopoly(e);
  double mean = 0, price = 0;
  for (int a = 1; a <= 18; ++a)
    for (int b = 1; b <= 18; ++b) {
      mean += a * p[size_t((a - 1) * 18 + b - 1)];
      price += e.price[e.state(a, {b})] * p[size_t((a - 1) * 18 + b - 1)];
    }
  EXPECT_NEAR(mean, 7.5604634296, 1e-7);
  EXPECT_NEAR(price, 7.2028473476, 1e-7);
  const auto mode = std::max_element(p.begin(), p.end()) - p.begin();
  EXPECT_EQ(mode, 7 * 18 + 7);  // (8, 8)
  EXPECT_NEAR(p[size_t(mode)], 0.0441956479, 1e-8);
}

// The view of one firm, summed over both firms' rungs, is the joint distribution; the summary has Q2's means.
TEST(QualityLadder, ErgodicViewAgreesWithTheJointDistribution) {
  const auto e = solve_ladder({});
  const auto joint = ergodic_duopoly(e), view = ergodic(e);
  for (size_t s = 0; s < view.size(); ++s)
    EXPECT_NEAR(view[s], joint[size_t((e.states[s][0] - 1) * 18 + e.states[s][1] - 1)], 1e-11);
  const auto mean = summarize(e);
  EXPECT_NEAR(mean.rung, 7.5604634296, 1e-7);
  EXPECT_NEAR(mean.price, 7.2028473476, 1e-7);
  LadderConfig c;
  c.firms = 3, c.rungs = 7;
  double sum = 0;
  for (const double p : ergodic(solve_ladder(c))) sum += p;
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(QualityLadder, NamesWrongValues) {
  LadderConfig c;
  c.knee = 3;  // the log branch would have no value on rung 4
  EXPECT_THROW(solve_ladder(c), Error);
  c = {};
  c.marginal_cost = NAN;
  EXPECT_THROW(solve_ladder(c), Error);
  RaceConfig r;
  r.curvature = 1;
  EXPECT_THROW(solve_race(r), Error);
}

TEST(QualityLadder, ThreeFirmsEarnLessThanTwo) {
  LadderConfig c;
  c.rungs = 7;
  const auto two = solve_ladder(c);
  c.firms = 3;
  const auto three = solve_ladder(c);
  EXPECT_TRUE(three.converged) << three.residual;
  EXPECT_LT(three.value_at(5, {5, 5}), two.value_at(5, {5}));
  EXPECT_EQ(three.state(2, {6, 3}), three.state(2, {3, 6}));  // rivals have no order
}

// Without depreciation rungs are never lost and where the race stops depends on what each expects of the other: random
// starts find two equilibria, both with small residuals, that stop on different rungs.
TEST(QualityLadder, RandomStartsExposeFurtherEquilibria) {
  LadderConfig c;
  c.rungs = 9, c.depreciation = 0, c.tolerance = 1e-11, c.starts = 12;
  const auto e = solve_ladder(c);
  EXPECT_TRUE(e.converged);
  ASSERT_GE(e.num_equilibria, 2);
  ASSERT_EQ(e.others.size(), size_t(e.num_equilibria - 1));
  EXPECT_LE(e.others[0].residual, 1e-10);
  EXPECT_GT(std::fabs(summarize(e).rung - summarize(e.others[0]).rung), 0.5);
  c.firms = 5;
  EXPECT_THROW(solve_ladder(c), Error);
}

TEST(Oblivious, ConvergesAndMoreFirmsInvestLess) {
  LadderConfig c;
  c.firms = 10;
  c.market_size = 400;
  const auto ten = solve_oblivious(c);
  ASSERT_TRUE(ten.converged) << ten.residual;
  c.firms = 40;
  const auto forty = solve_oblivious(c);
  ASSERT_TRUE(forty.converged) << forty.residual;
  EXPECT_LT(forty.value[8], ten.value[8]);
}

// A market too small for its firms has no such equilibrium: said, with the residual, not presented as an answer.
TEST(Oblivious, SaysWhenThereIsNone) {
  LadderConfig c;
  c.firms = 40;
  c.market_size = 5;
  c.rungs = 8;
  const auto e = solve_oblivious(c);
  EXPECT_FALSE(e.converged);
  EXPECT_NE(e.why.find("residual"), std::string::npos);
}

// Lee & Wilde 1980: more rivals make each firm spend more and the race shorter; the first-order condition holds.
TEST(Race, MoreRivalsSpendMore) {
  RaceConfig c;
  const auto two = solve_race(c);
  c.firms = 4;
  const auto four = solve_race(c);
  EXPECT_LT(two.foc_residual, 1e-12);
  EXPECT_GT(four.spend, two.spend);
  EXPECT_LT(four.mean_duration, two.mean_duration);
  EXPECT_LT(four.value, two.value);
}

// One firm, h = s sqrt(x): max (V s y - y^2) / (r + s y) with y = sqrt(x) has y = (-r + sqrt(r^2 + V s^2 r)) / s.
TEST(Race, LoneFirmHasAClosedForm) {
  RaceConfig c;
  c.firms = 1;
  const double y =
      (-c.interest + std::sqrt(c.interest * c.interest + c.prize * c.scale * c.scale * c.interest)) / c.scale;
  EXPECT_NEAR(solve_race(c).spend, y * y, 1e-9 * y * y);
}

}  // namespace
}  // namespace ingot::market
