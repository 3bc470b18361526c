#include "ingot/plan/market/agents.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ingot::market {
namespace {

double largest_gap(const std::vector<double>& a, const std::vector<double>& b) {
  double gap = 0;
  for (size_t j = 0; j < a.size(); ++j) gap = std::max(gap, std::fabs(a[j] - b[j]) / std::fabs(b[j]));
  return gap;
}

// B3 and B4 (tests/plan/market/equilibrium_test.cpp), from prices far away on either side.
TEST(PriceAgents, BestResponsesReachTheEquilibriumOfB3AndB4) {
  const auto b3 = Demand::logit({4, 3.5, 3, 2.5, 2}, 1.5);
  const Supply s3{{0, 0, 1, 1, 2}, {1.2, 1, 0.8, 0.5, 0.3}, {}, {}};
  const auto b4 = Demand::logit({3, 2.8, 2.2, 1}, 0.35);
  const Supply s4{{0, 1, 2, 3}, {3, 2, 0.8, 0.3}, {}, {}};
  for (const double start : {0.1, 1.0, 30.0}) {
    const auto a3 = learn_prices(b3, s3, std::vector<double>(5, start));
    EXPECT_TRUE(a3.converged) << a3.change;
    EXPECT_LT(largest_gap(a3.price, {2.28667926537112788, 2.08667926537112788, 1.78549260890925767, 1.48549260890925767,
                                     1.10300458573066259}),
              1e-11);
    const auto a4 = learn_prices(b4, s4, std::vector<double>(4, start));
    EXPECT_TRUE(a4.converged) << a4.change;
    EXPECT_LT(largest_gap(a4.price, {6.79324763865002894, 5.93116862175178372, 4.567577096659356, 3.49561969841656307}),
              1e-11);
  }
}

// Nests, two types of customers, capacity and a fringe with a given price: the solver's answer again.
TEST(PriceAgents, BestResponsesReachTheSolverWithNestsTypesAndCapacity) {
  Demand d;
  d.num_products = 4;
  d.weight = {0.6, 0.4};
  d.alpha = {0.5, 1.2};
  d.value = {2, 1.8, 1.5, 0.5, 1, 1.4, 1.2, 0.9};
  d.nest = {0, 0, 1, 1};
  d.rho = {0.3, 0.5};
  const Supply s{{0, 1, 2, 3}, {0.5, 0.4, 0.3, 0.2}, {NAN, NAN, NAN, 0.5}, {0.08, INFINITY, INFINITY, INFINITY}};
  const auto solved = solve_prices(d, s);
  ASSERT_EQ(solved.status, Status::Converged) << solved.why;
  ASSERT_GT(solved.shadow_price[0], 0);
  const auto agents = learn_prices(d, s, {1, 1, 1, 1});
  EXPECT_TRUE(agents.converged) << agents.change;
  EXPECT_LT(largest_gap(agents.price, solved.price), 1e-9);
}

// Firms that know no demand curve and only try prices come to the same place.
TEST(PriceAgents, TrialAndErrorReachesTheEquilibrium) {
  const auto d = Demand::logit({4, 3.5, 3, 2.5, 2}, 1.5);
  const Supply s{{0, 0, 1, 1, 2}, {1.2, 1, 0.8, 0.5, 0.3}, {}, {}};
  const auto agents =
      learn_prices(d, s, std::vector<double>(5, 4.0), {.rule = PriceRule::Experiment, .tolerance = 1e-8});
  EXPECT_TRUE(agents.converged) << agents.change;
  EXPECT_LT(largest_gap(agents.price, solve_prices(d, s).price), 1e-6);
  EXPECT_EQ(agents.path.front(), std::vector<double>(5, 4.0));
}

TEST(PriceAgents, RefusesAWrongStart) {
  const auto d = Demand::logit({1, 1}, 1);
  const Supply s{{0, 1}, {0, 0}, {}, {}};
  EXPECT_THROW(learn_prices(d, s, {1}), Error);
  EXPECT_THROW(learn_prices(d, s, {1, NAN}), Error);
}

// Q2: independent firms, each with its own policy from a random start, come to the Markov-perfect equilibrium.
TEST(LadderAgents, BestResponsesReachTheMarkovPerfectEquilibrium) {
  LadderConfig c;
  c.tolerance = 1e-12;
  c.seed = 7;
  const auto agents = learn_ladder(c);
  EXPECT_TRUE(agents.converged) << agents.change;
  EXPECT_LT(agents.asymmetry, 1e-8);
  const auto solved = solve_ladder({});
  for (int a = 1; a <= 18; ++a)
    for (int b = 1; b <= 18; ++b)
      EXPECT_NEAR(agents.invest_at(c, 0, {a, b}), solved.invest[solved.state(a, {b})], 1e-8) << a << "," << b;
  EXPECT_NEAR(agents.invest_at(c, 1, {9, 5}), 1.6983574152, 1e-8);  // firm 1 on rung 5, its rival on 9
}

TEST(LadderAgents, ThreeFirms) {
  LadderConfig c;
  c.firms = 3, c.rungs = 6, c.tolerance = 1e-12, c.seed = 3;
  const auto agents = learn_ladder(c);
  EXPECT_TRUE(agents.converged) << agents.change;
  const auto solved = solve_ladder(c);
  for (int a = 1; a <= 6; ++a)
    for (int b = 1; b <= 6; ++b)
      EXPECT_NEAR(agents.invest_at(c, 0, {a, b, 4}), solved.invest[solved.state(a, {b, 4})], 1e-8);
  c.firms = 4, c.rungs = 18;
  EXPECT_THROW(learn_ladder(c), Error);
}

}  // namespace
}  // namespace ingot::market
