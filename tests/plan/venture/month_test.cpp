#include <cmath>

#include <gtest/gtest.h>

#include "ingot/plan/market/equilibrium.h"
#include "plan/venture/industry.h"

namespace ingot::venture {
namespace {

// Cash at a month's end is cash before plus the flows that the record names, on many paths with closings and deaths.
TEST(Month, ConservesCash) {
  auto n = small_industry();
  set_plan_revenue(n);
  int closings = 0;
  for (uint64_t path = 0; path < 64; ++path) {
    double cash = double(n.money.cash);
    for (const auto& r : trace(n, 7, path)) {
      if (r.cash == 0 && r.fixed == 0) break;  // after a death
      const double flows = r.receipts - r.fixed - r.compute - r.serving - r.research - r.service - r.tax + r.other +
                           r.financing - r.called;
      ASSERT_NEAR(r.cash, cash + flows, 1e-6 * (1 + std::fabs(cash) + std::fabs(flows))) << "path " << path;
      cash = r.cash;
      closings += r.closing.closed;
    }
  }
  EXPECT_GT(closings, 10);
}

TEST(Month, ConservesCashWithDebtAndTax) {
  auto n = small_industry();
  n.money.debt_share = 0.3f, n.money.debt_service = 0.04f, n.money.covenant = 0.4f, n.money.warrant = 0.05f,
  n.tax = 0.21;
  set_plan_revenue(n);
  for (uint64_t path = 0; path < 32; ++path) {
    double cash = double(n.money.cash);
    for (const auto& r : trace(n, 7, path)) {
      if (r.cash == 0 && r.fixed == 0) break;
      cash += r.receipts - r.fixed - r.compute - r.serving - r.research - r.service - r.tax + r.other + r.financing -
              r.called;
      ASSERT_NEAR(r.cash, cash, 1e-6 * (1 + std::fabs(cash)));
      cash = r.cash;
    }
  }
}

TEST(Month, StaysDeadAndFinite) {
  auto n = small_industry();
  n.money.cash = 2e6f;
  set_plan_revenue(n);
  int deaths = 0;
  for (uint64_t path = 0; path < 200; ++path) {
    bool alive = true;
    for (const auto& r : trace(n, 3, path)) {
      ASSERT_FALSE(r.alive && !alive);
      deaths += alive && !r.alive;
      alive = r.alive;
      ASSERT_TRUE(std::isfinite(r.cash + r.revenue + r.serving + r.gpu + r.climate + r.tax));
      double total = 0;
      for (size_t j = 0; j < n.products.size(); ++j) {
        ASSERT_TRUE(std::isfinite(r.price[j]) && r.share[j] >= 0);
        total += r.share[j];
      }
      ASSERT_LE(total, 1);
      if (!r.alive) {
        ASSERT_EQ(r.lead, false);
      }
    }
  }
  EXPECT_GT(deaths, 10);
}

TEST(Month, WithoutDemandEarnsOnlyWhatThePlanSays) {
  auto n = small_industry();
  for (auto& s : n.size) s = 0;
  for (const auto& r : trace(n, 1, 5)) {
    EXPECT_EQ(r.units, 0);
    if (r.alive) {
      EXPECT_GT(r.revenue, 0);
    }  // the plan's other revenue
    EXPECT_EQ(r.serving, 0);
  }
}

// Every direction that economics fixes, on the path without chance.
TEST(Month, MovesTheRightWay) {
  auto n = small_industry();
  n.inertia = 0;
  const auto base = trace(n, 0, std::nullopt);
  auto with = [&](Shock shock) {
    auto changed = n;
    changed.shocks = {shock};
    return trace(changed, 0, std::nullopt);
  };
  const size_t m = 12;
  const auto cut = with({.kind = ShockKind::PriceCut, .firm = 1, .size = 0.5});
  EXPECT_NEAR(cut[m].price[1], 0.5 * base[m - 1].price[1], 1e-9);
  EXPECT_GT(cut[m].share[1], base[m].share[1]);
  EXPECT_LT(cut[m].share[0], base[m].share[0]);
  EXPECT_LE(cut[m].price[0], base[m].price[0] + 1e-12);
  const auto merger = with({.kind = ShockKind::Merger, .firm = 1, .other = 2});
  EXPECT_GT(merger[m].price[2], base[m].price[2]);  // worth more: it now carries the giant's model
  EXPECT_EQ(merger[m - 1].price[2], base[m - 1].price[2]);
  const auto shortage = with({.kind = ShockKind::GpuPrice, .size = 2});
  EXPECT_NEAR(shortage[m].cost[0], 2 * base[m].cost[0], 1e-9);
  EXPECT_GT(shortage[m].price[0], base[m].price[0]);
  const auto open = with({.kind = ShockKind::OpenFrontier});
  EXPECT_LT(open[m].share[0], base[m].share[0]);
  EXPECT_GT(open[m].share[3], base[m].share[3]);
  const auto winter = with({.kind = ShockKind::FundingWinter, .months = 24, .size = 0.45});
  for (size_t k = 0; k < winter.size(); ++k)
    if (winter[k].closing.closed && k >= 12) {
      EXPECT_LT(winter[k].closing.pre_money, base[k].closing.closed ? base[k].closing.pre_money : 1e12);
    }
}

TEST(Month, MoreResearchGivesABetterModel) {
  auto n = small_industry();
  const auto base = trace(n, 0, std::nullopt);
  for (auto& r : n.research) r *= 10;
  n.money.cash = 100e6f;
  EXPECT_GT(trace(n, 0, std::nullopt).back().level[0], base.back().level[0] + 5);
}

TEST(Prices, AgreeWithTheMarketSolver) {
  auto n = small_industry();
  for (const bool nested : {false, true}) {
    if (nested) {
      n.rho = {0.4, 0.2};
      for (size_t j = 0; j < 4; ++j) n.products[j].nest = j % 2;
      n.types = {{.weight = 0.3, .alpha = 1.5, .quality = 0.05}, {.weight = 0.7, .alpha = 0.6, .quality = 0.1}};
    }
    MarketMonth k{};
    k.products = 4;
    market::Demand demand;
    market::Supply supply;
    demand.num_products = 4;
    for (const auto& t : n.types) demand.weight.push_back(t.weight), demand.alpha.push_back(t.alpha);
    if (nested) demand.rho = n.rho;
    for (size_t i = 0; i < n.types.size(); ++i)
      for (size_t j = 0; j < 4; ++j) demand.value.push_back(k.value[i][j] = n.products[j].base + 0.1 * double(i));
    for (size_t j = 0; j < 4; ++j) {
      k.sold[j] = true, k.owner[j] = n.products[j].firm, k.cost[j] = n.products[j].cost;
      k.given[j] = n.products[j].fringe >= 0, k.price[j] = k.cost[j] * 1.2;
      supply.firm.push_back(int32_t(k.owner[j])), supply.cost.push_back(k.cost[j]);
      supply.fixed.push_back(k.given[j] ? k.price[j] : NAN);
      if (nested) demand.nest.push_back(int32_t(n.products[j].nest));
    }
    PriceSolver solver(n);
    ASSERT_TRUE(solver.solve(k));
    const auto truth = market::solve_prices(demand, supply);
    ASSERT_EQ(truth.status, market::Status::Converged) << truth.why;
    for (size_t j = 0; j < 4; ++j) {
      EXPECT_NEAR(k.price[j], truth.price[j], 1e-6 * truth.price[j]);
      EXPECT_NEAR(k.share[j], truth.share[j], 1e-7);
    }
    // Warm: a second solve of the same market stays.
    const double price = k.price[0];
    ASSERT_TRUE(solver.solve(k));
    EXPECT_NEAR(k.price[0], price, 1e-7);
  }
}

}  // namespace
}  // namespace ingot::venture
