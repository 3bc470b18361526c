#include "ingot/plan/market/rivals.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "ingot/plan/market/equilibrium.h"

namespace ingot::market {
namespace {

RaceFirmConfig firm(const std::string& name, double capability, double rnd) {
  RaceFirmConfig f;
  f.name = name, f.capability = capability, f.rnd = rnd;
  return f;
}

// A logit market of one product a firm in which a capability point is worth `taste` of utility.
RaceMarket logit_market(double size, double taste, std::vector<double> appeal = {}) {
  RaceMarket market;
  market.income = [=](int, std::span<const double> points) {
    std::vector<double> value;
    Supply supply;
    for (size_t f = 0; f < points.size(); ++f) {
      value.push_back(taste * (points[f] - 158) + (appeal.empty() ? 0 : appeal[f]) + 1);
      supply.firm.push_back(int32_t(f));
      supply.cost.push_back(1);
    }
    SolverConfig solver;
    solver.check_deviations = false;
    const auto e = solve_prices(Demand::logit(value, 1), supply, solver);
    MonthlyIncome income;
    for (size_t f = 0; f < points.size(); ++f) {
      income.profit.push_back(size * e.profit[f]);
      income.revenue.push_back(size * e.share[f] * e.price[f]);
    }
    return income;
  };
  return market;
}

TEST(Rivals, RulesSetBudgets) {
  RaceSection s;
  s.months = 3;
  s.firms = {firm("grower", 158, 100), firm("sharer", 157, 0), firm("follower", 156, 10)};
  s.firms[0].growth = 0.1;
  s.firms[1].rule = InvestRule::RevenueShare, s.firms[1].share = 0.5, s.firms[1].revenue = 400, s.firms[1].growth = 0.2;
  s.firms[2].rule = InvestRule::MatchLeader, s.firms[2].share = 0.5, s.firms[2].limit = 130;
  const auto path = simulate_race(s);
  ASSERT_EQ(path.size(), 4u);
  const std::vector<std::vector<double>> budgets = {{100, 0, 10}, {110, 200, 50}, {121, 240, 100}, {133.1, 288, 120}};
  for (size_t m = 0; m < 4; ++m)
    for (size_t f = 0; f < 3; ++f) EXPECT_NEAR(path[m].budget[f], budgets[m][f], 1e-9) << m << " " << f;
  EXPECT_EQ(s.month_name(0), "2026-11");
  EXPECT_EQ(s.month_name(2), "2027-01");
}

// Best responses come to rest where no firm gains by another budget, from different starts at the same place, and alike
// firms end alike.
TEST(Rivals, BudgetsReachANashEquilibrium) {
  RaceSection s;
  s.capability.distillation_cost = 1;
  const auto market = logit_market(2e10, 0.05);
  std::vector<double> first;
  for (const double start : {1e6, 3e9}) {
    s.firms = {firm("a", 130, start), firm("b", 130, start), firm("c", 130, start / 2)};
    const auto e = learn_budgets(s, market);
    EXPECT_TRUE(e.converged) << e.why;
    EXPECT_LT(e.best_deviation, 1e-6);
    EXPECT_GT(e.budget[0], 1e7);
    for (size_t f = 1; f < 3; ++f) {
      EXPECT_NEAR(e.budget[f] / e.budget[0], 1, 1e-4);
      EXPECT_NEAR(e.profit[f] / e.profit[0], 1, 1e-4);
    }
    for (const double factor : {0.9, 1.1}) {  // a firm's own payoff is highest at its budget
      auto other = e.budget;
      other[0] *= factor;
      EXPECT_LT(horizon_profit(s, market, other)[0], e.profit[0]);
    }
    if (first.empty()) first = e.budget;
    EXPECT_NEAR(e.budget[0] / first[0], 1, 1e-4);
  }
}

// Where capability decides nearly everything, alike firms end unlike: one invests, the others live off what they have.
// Still no firm gains by another budget.
TEST(Rivals, WinnerTakesAllMarketsHaveAsymmetricEquilibria) {
  RaceSection s;
  s.capability.distillation_cost = 1;
  s.firms = {firm("a", 158, 1e6), firm("b", 158, 1e6), firm("c", 150, 5e5)};
  const auto e = learn_budgets(s, logit_market(2e9, 0.3));
  EXPECT_TRUE(e.converged) << e.why;
  const auto [least, most] = std::minmax_element(e.budget.begin(), e.budget.end());
  EXPECT_GT(*most, 1e7);
  EXPECT_EQ(*least, 0);
}

// One-step best responses inside the race: with a larger market the same firms invest more.
TEST(Rivals, BestRespondersInvestMoreInALargerMarket) {
  RaceSection s;
  s.months = 6;
  s.firms = {firm("a", 158, 1e8), firm("b", 156, 1e8)};
  for (auto& f : s.firms) f.rule = InvestRule::BestResponse;
  const auto small = simulate_race(s, logit_market(1e9, 0.3)), large = simulate_race(s, logit_market(1e10, 0.3));
  EXPECT_GT(large.back().budget[0], 2 * small.back().budget[0]);
  EXPECT_GT(large.back().released[0], small.back().released[0]);
}

TEST(Rivals, FanIsReproducibleAndCentredOnTheCertainPath) {
  RaceSection s;
  s.months = 12;
  s.firms = {firm("a", 158, 2e9), firm("b", 157, 2e9)};
  const auto fan = fan_race(s, {}, 400, 7), again = fan_race(s, {}, 400, 7);
  EXPECT_EQ(fan.released[0].back(), again.released[0].back());
  const auto certain = simulate_race(s);
  const auto& end = fan.released[0].back();
  EXPECT_TRUE(std::is_sorted(end.begin(), end.end()));
  EXPECT_LT(end[0], certain.back().released[0]);
  EXPECT_GT(end[4], certain.back().released[0]);
  EXPECT_NEAR(fan.leads[0] + fan.leads[1], 1, 1e-9);
  EXPECT_GT(fan.leads[0], 0.5);
}

TEST(Rivals, DefaultRaceIsTheFacts) {
  const auto race = default_race();
  EXPECT_GE(race.firms.size(), 6u);
  EXPECT_TRUE(race.validate().empty());
  const auto path = simulate_race(race);
  for (const auto& month : path)
    for (const double q : month.released) EXPECT_TRUE(std::isfinite(q));
}

std::string message(const RaceSection& s, const RaceMarket& market = {}) {
  try {
    simulate_race(s, market);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Rivals, NamesWrongValues) {
  RaceSection s;
  EXPECT_NE(message(s).find("expected at least one"), std::string::npos);
  s.firms = {firm("a", 158, -5), firm("a", NAN, 1)};
  s.firms[1].growth = 3;
  s.start = "November";
  const auto text = message(s);
  for (const char* part : {"rnd is -5", "listed twice", "capability is nan", "growth is 3", "start: got 'November'"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
  s.start = "2026-11";
  s.firms = {firm("a", 158, 1e9)};
  s.firms[0].rule = InvestRule::BestResponse;
  EXPECT_NE(message(s).find("need a market"), std::string::npos);
  s.firms[0].rule = InvestRule::Fixed, s.firms[0].growth = 0.9, s.months = 60;
  EXPECT_NE(message(s).find("its growth explodes"), std::string::npos);
  s.firms[0].rule = InvestRule::MatchLeader, s.firms[0].share = 2;
  EXPECT_NE(message(s).find("without a limit"), std::string::npos);
}

}  // namespace
}  // namespace ingot::market
