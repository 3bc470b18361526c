#include "ingot/plan/finance/valuation.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "plan/finance/random_structure.h"

namespace ingot::finance {
namespace {

// V1. Published: vcmethod.com, $4,938,271.60; Sahlman, HBS 9-288-006.
TEST(Valuation, VentureMethod) {
  const auto r =
      venture_method({.exit_value = 2.5e6 * 15, .years = 5, .annual_return = 0.5, .investment = 3.5e6, .shares = 1e6});
  EXPECT_NEAR(r.post_money, 4938271.60, 0.005);
  EXPECT_NEAR(r.pre_money, 1438271.60, 0.005);
  EXPECT_NEAR(r.ownership_now, 0.70875, 1e-12);
  EXPECT_NEAR(r.new_shares, 2433476.39, 0.005);
  EXPECT_NEAR(r.price, 1.4382716049, 1e-10);
}

TEST(Valuation, VentureMethodWithRetention) {  // V3
  const auto r =
      venture_method({.exit_value = 20e9, .years = 6, .multiple = 10, .retention = 0.4, .investment = 300e6});
  EXPECT_NEAR(r.post_money, 800e6, 1e-3);
  EXPECT_NEAR(r.pre_money, 500e6, 1e-3);
  EXPECT_NEAR(r.ownership_now, 0.375, 1e-12);
  EXPECT_NEAR(r.ownership_at_exit, 0.15, 1e-12);
  EXPECT_NEAR(r.exit_proceeds, 3e9, 1e-3);
}

TEST(Valuation, SeveralRoundsEndWithTheSharesTheyNeed) {
  const auto r = venture_rounds(100e6, 5, 1e6, {{"A", 0, 2e6, 0.5}, {"B", 2, 3e6, 0.4}, {"C", 4, 5e6, 0.25}});
  double shares = 1e6;
  for (const auto& x : r) shares += x.new_shares;
  for (const auto& x : r) EXPECT_NEAR(x.new_shares / shares, x.final_share, 1e-12);
  EXPECT_NEAR(r[0].final_share * 100e6, 2e6 * std::pow(1.5, 5), 1e-6);
  EXPECT_THROW(venture_rounds(1e6, 5, 1e6, {{"A", 0, 2e6, 0.5}}), Error);
}

TEST(Valuation, Dcf) {  // V4
  const auto r = dcf({-120, -80, -10, 90, 240}, 0.25, 0.04);
  EXPECT_NEAR(r.explicit_value, -36.8128, 1e-10);
  EXPECT_NEAR(r.terminal_value, 1188.5714285714, 1e-9);
  EXPECT_NEAR(r.value, 352.6582857143, 1e-9);
  EXPECT_THROW(dcf({1}, 0.04, 0.04), Error);
}

TEST(Irr, OfDatedFlows) {  // V5
  const std::vector<DatedFlow> flows = {
      {Date(2023, 3, 1), -10e6}, {Date(2024, 9, 15), -5e6}, {Date(2027, 6, 30), 60e6}};
  const auto r = xirr(flows);
  ASSERT_EQ(r.size(), 1u);
  EXPECT_NEAR(r[0], 0.42593654919016, 1e-12);
  EXPECT_NEAR(moic(flows), 4.0, 1e-15);
}

TEST(Irr, ReportsEveryRoot) {
  // -(x - 1/1.1)(x - 1/1.5) scaled: rates 10% and 50%.
  const auto two = irr({-1000, 2600, -1650});
  ASSERT_EQ(two.size(), 2u);
  EXPECT_NEAR(two[0], 0.1, 1e-12);
  EXPECT_NEAR(two[1], 0.5, 1e-12);
  // (x - 1/1.1)(x - 1/1.2)(x - 1/1.3): 10%, 20%, 30%.
  const auto three = irr({-1000, 3600, -4310, 1716});
  ASSERT_EQ(three.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(three[i], 0.1 * double(i + 1), 1e-8);
  EXPECT_TRUE(irr({-100, 150, -100}).empty());  // signs change, yet no rate exists
  try {
    irr({100, 50});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("never change sign"), std::string::npos);
  }
}

TEST(Opm, BlackScholes) {  // V6; Hull prints 4.76 for the second
  EXPECT_NEAR(black_scholes_call(100, 100, 0.2, 1, 0.05), 10.4505835721856, 1e-12);
  EXPECT_NEAR(black_scholes_call(42, 40, 0.2, 0.5, 0.1), 4.75942239287153, 1e-12);
}

CapitalStructure two_classes() {  // $M with 1,000 minor units; shares in thousands
  return {{},
          {},
          {{.name = "A", .kind = ClaimKind::Preferred, .shares = 5000, .claim = 6000},
           {.name = "Common", .shares = 10000}}};
}

TEST(Opm, AllocatesEquityOverTheBreakPoints) {  // V7
  const auto r = opm(two_classes(), 40, 0.9, 5, 0.05, 1000);
  ASSERT_EQ(r.tranches.size(), 3u);
  EXPECT_NEAR(r.tranches[1].strike, 6, 1e-12);
  EXPECT_NEAR(r.tranches[2].strike, 18, 1e-12);
  EXPECT_NEAR(r.tranches[1].call, 36.7873657753718, 1e-11);
  EXPECT_NEAR(r.tranches[2].call, 33.0675593178342, 1e-11);
  EXPECT_NEAR(r.values[0], 14.2351539972396, 1e-11);
  EXPECT_NEAR(r.values[1], 25.7648460027604, 1e-11);
}

TEST(Opm, Backsolves) {  // V8: A priced at 1.20; headline post-money 18.0
  const auto r = opm_backsolve(two_classes(), 0, 0.0012, 0.9, 5, 0.05, 1000);
  EXPECT_NEAR(r.equity, 15.3189441349818, 1e-9);
  EXPECT_NEAR(r.per_share[1] * 1000, 0.931894413498184, 1e-10);
  EXPECT_NEAR(r.per_share[1] / r.per_share[0], 0.776578677915, 1e-10);
}

TEST(Opm, TranchesSumToEquityOnRandomStructures) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed, 3);
    auto s = random_structure(rng);
    s.debts.clear(), s.carve_outs.clear();
    const auto r = opm(s, 500, 0.6, 3, 0.04, 1);
    ASSERT_NEAR(std::accumulate(r.values.begin(), r.values.end(), 0.0), 500, 1e-9) << seed;
    for (const double v : r.values) ASSERT_GE(v, -1e-9);
  }
}

TEST(Pwerm, WeighsScenariosAndChecksProbabilities) {
  const auto r = pwerm(two_classes(), {{"sale", 0.5, 6, 2}, {"ipo", 0.5, 90, 2}}, 0, 1000);
  EXPECT_NEAR(r.values[0], 0.5 * 6 + 0.5 * 30, 1e-12);
  EXPECT_NEAR(r.value, 48, 1e-12);
  EXPECT_THROW(pwerm(two_classes(), {{"sale", 0.5, 6, 2}}, 0, 1000), Error);
}

}  // namespace
}  // namespace ingot::finance
