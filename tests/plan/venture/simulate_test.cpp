#include <gtest/gtest.h>

#include "ingot/plan/finance/ownership.h"
#include "plan/venture/industry.h"
#include "support/error_of.h"

namespace ingot::venture {
namespace {

TEST(Simulate, GivesTheSameBitsForAnyThreadsAndShards) {
  auto n = small_industry(24);
  set_plan_revenue(n);
  const auto whole = simulate(n, {.seed = 5, .paths = 3000, .threads = 1});
  EXPECT_EQ(whole.cells(), simulate(n, {.seed = 5, .paths = 3000, .threads = 3}).cells());
  Tally parts((Layout(n)));
  for (uint64_t shard = 0; shard < 5; ++shard)
    parts.merge(simulate(n, {.seed = 5, .paths = 3000, .threads = 2, .shard = shard, .shards = 5}));
  EXPECT_EQ(whole.cells(), parts.cells());
  EXPECT_NE(whole.cells(), simulate(n, {.seed = 6, .paths = 3000}).cells());
}

TEST(Simulate, StoppedEqualsFewerPaths) {
  auto n = small_industry(12);
  const auto part = simulate(n, {.paths = 10'000, .threads = 2}, [](uint64_t done, uint64_t) { return done < 5; });
  ASSERT_GE(part.paths(), 5 * kChunkPaths);
  ASSERT_LT(part.paths(), 10'000u);
  EXPECT_EQ(part.cells(), simulate(n, {.paths = part.paths(), .threads = 1}).cells());
}

TEST(Simulate, SurvivalNeverRises) {
  auto n = small_industry();
  n.money.cash = 5e6f;
  set_plan_revenue(n);
  const auto t = simulate(n, {.paths = 2000});
  for (int m = 1; m < n.months(); ++m) EXPECT_LE(t.probability(Layout::Alive, m), t.probability(Layout::Alive, m - 1));
  EXPECT_LT(t.probability(Layout::Alive, n.months() - 1), 1);
  for (int m = 0; m < n.months(); ++m) EXPECT_LE(t.probability(Layout::Lead, m), t.probability(Layout::Alive, m));
  EXPECT_EQ(t.probability(Layout::Unsolved, 0), 0);
}

TEST(Simulate, MoreCashSurvivesMore) {
  auto n = small_industry();
  set_plan_revenue(n);
  double last = -1;
  for (const float cash : {3e6f, 6e6f, 30e6f}) {
    n.money.cash = cash;
    const double alive = simulate(n, {.paths = 2000}).probability(Layout::Alive, n.months() - 1);
    EXPECT_GE(alive, last);
    last = alive;
  }
}

TEST(Simulate, RefusesARivalWithoutCost) {
  auto n = small_industry();
  n.products[1].cost = 0;
  EXPECT_NE(error_of([&] {
              simulate(n, {.paths = 16});
            }).find("giant api.cost: got 0, expected > 0: nobody serves for nothing"),
            std::string::npos);
  n = small_industry();
  n.size[3] = 1e20;
  EXPECT_NE(error_of([&] { simulate(n, {.paths = 16}); }).find("the demand explodes"), std::string::npos);
  n = small_industry();
  for (auto& p : n.products) p.share = 0.3;
  EXPECT_NE(error_of([&] { simulate(n, {.paths = 16}); }).find("shares of all products: got 1.2, expected below 1"),
            std::string::npos);
}

// A SAFE before the first priced round, venture debt after it.
TEST(Raise, FitsTheStage) {
  using finance::Instrument;
  const auto before = finance::instruments_for({.founder = 0.9, .common = 1, .preference = 0});
  const auto after = finance::instruments_for({.founder = 0.5, .common = 0.7, .preference = 5e6});
  EXPECT_EQ(before, (std::vector{Instrument::Equity, Instrument::Safe}));
  EXPECT_EQ(after, (std::vector{Instrument::Equity, Instrument::Debt}));
}

TEST(Tally, FindsQuantilesOfKnownNumbers) {
  for (const auto& [scale, low, high] :
       {std::tuple{Scale::Log, 1e3, 5e8}, {Scale::Share, 0.0, 1.0}, {Scale::Signed, -20.0, 180.0}})
    for (int i = 0; i <= 20; ++i) {
      const double x = low + (high - low) * i / 20;
      const int bin = bin_of(scale, x);
      EXPECT_LE(value_in(scale, bin, 0), x + 1e-9);
      EXPECT_GE(value_in(scale, bin, 1) * 1.0001 + 1e-9, x);
    }
}

}  // namespace
}  // namespace ingot::venture
