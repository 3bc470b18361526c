#include "ingot/plan/market/equilibrium.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "ingot/base/rng.h"

namespace ingot::market {
namespace {

void expect_near(const std::vector<double>& got, const std::vector<double>& want, double relative) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], relative * std::fabs(want[i])) << i;
}

Equilibrium solve(std::vector<double> delta, double alpha, std::vector<int32_t> firm, std::vector<double> cost) {
  return solve_prices(Demand::logit(std::move(delta), alpha), {std::move(firm), std::move(cost), {}, {}});
}

// B0: p = c + (1 + W(e^(delta - alpha c - 1))) / alpha with W(e) = 1.
TEST(LogitPrices, MonopolyHasTheLambertClosedForm) {
  const auto e = solve({3}, 2, {0}, {0.5});
  EXPECT_EQ(e.status, Status::Converged) << e.why;
  expect_near(e.price, {1.5}, 1e-12);
  expect_near(e.share, {0.5}, 1e-12);
}

// B1: symmetric duopoly; profit = markup - 1 / alpha.
TEST(LogitPrices, SymmetricDuopoly) {
  const auto e = solve({1, 1}, 1, {0, 1}, {1, 1});
  expect_near(e.price, {2.22675064483434808, 2.22675064483434808}, 1e-12);
  expect_near(e.share, {0.184838415035002421, 0.184838415035002421}, 1e-12);
  expect_near(e.profit, {0.226750644834348078, 0.226750644834348078}, 1e-12);
}

// B2: own computation, mpmath 30 digits.
TEST(LogitPrices, ThreeSingleProductFirms) {
  const auto e = solve({4, 3, 2}, 1.5, {0, 1, 2}, {1.2, 0.8, 0.3});
  expect_near(e.price, {2.21006595003428418, 1.70784310968584525, 1.1579656335803496}, 1e-12);
  expect_near(e.share, {0.339977090957240639, 0.265658725000001966, 0.222968099684108778}, 1e-12);
  EXPECT_NEAR(e.consumer_surplus, 1.17585207875208951, 1e-12);
}

// B3: multi-product firms carry one markup each.
TEST(LogitPrices, MultiProductFirms) {
  const auto e = solve({4, 3.5, 3, 2.5, 2}, 1.5, {0, 0, 1, 1, 2}, {1.2, 1, 0.8, 0.5, 0.3});
  expect_near(e.price,
              {2.28667926537112788, 2.08667926537112788, 1.78549260890925767, 1.48549260890925767, 1.10300458573066259},
              1e-12);
  expect_near(
      e.share,
      {0.212516437394620585, 0.173993742829547497, 0.165802831856650123, 0.157716532327589948, 0.169784732847995596},
      1e-12);
  EXPECT_NEAR(e.consumer_surplus, 1.41247802873816434, 1e-12);
}

// B4: four labs, $ per million tokens.
TEST(LogitPrices, FourLabs) {
  const auto e = solve({3, 2.8, 2.2, 1}, 0.35, {0, 1, 2, 3}, {3, 2, 0.8, 0.3});
  expect_near(e.price, {6.79324763865002894, 5.93116862175178372, 4.567577096659356, 3.49561969841656307}, 1e-12);
  expect_near(e.share, {0.246781879455758441, 0.273207757781279215, 0.241649796715179312, 0.105918999510931162}, 1e-12);
  expect_near(e.profit, {0.936104781507171792, 1.07402576460892657, 0.910434239516498856, 0.33847684127370593}, 1e-12);
}

// B5 and B6: tools/golden/market_prices.py, mpmath with 50 digits.
TEST(NestedPrices, MatchTheReference) {
  const auto demand = Demand::nested_logit({4, 3.5, 3, 2.5, 2}, 1.5, {0, 0, 0, 1, 1}, {0.5, 0.3});
  const auto e = solve_prices(demand, {{0, 0, 1, 1, 2}, {1.2, 1, 0.8, 0.5, 0.3}, {}, {}});
  EXPECT_EQ(e.status, Status::Converged) << e.why;
  expect_near(
      e.price,
      {1.90757245351438066, 1.70757245351438066, 1.32681162996647968, 1.23460437922053443, 0.931150486377413973},
      1e-12);
  expect_near(
      e.share,
      {0.223988246618002425, 0.150143811784421515, 0.173101140470443043, 0.175772872672810243, 0.164871320350450105},
      1e-12);
  EXPECT_NEAR(e.consumer_surplus, 1.45877486082509907, 1e-12);
}

TEST(MixedPrices, MatchTheReference) {
  Demand demand;
  demand.num_products = 5;
  demand.weight = {0.3, 0.5, 0.2};
  demand.alpha = {0.8, 1.5, 3};
  for (const double taste : {1.0, 0.0, -0.5})
    for (int j = 0; j < 5; ++j) demand.value.push_back(4 - 0.5 * j + taste * (1 - 0.5 * j));
  const auto e = solve_prices(demand, {{0, 0, 1, 1, 2}, {1.2, 1, 0.8, 0.5, 0.3}, {}, {}});
  EXPECT_EQ(e.status, Status::Converged) << e.why;
  expect_near(e.price,
              {3.13202356914949231, 2.58756328669954928, 1.89025442307881615, 1.45408187244627092, 1.01910262784065216},
              1e-12);
  expect_near(
      e.share,
      {0.169616703967738407, 0.129030891357688122, 0.148011814521561445, 0.154822636691078321, 0.201071616969658269},
      1e-12);
  EXPECT_NEAR(e.consumer_surplus, 1.90547877337498529, 1e-12);
}

struct RandomMarket {
  Demand demand;
  Supply supply;
};

RandomMarket random_market(uint64_t seed, size_t J, size_t F, size_t R, size_t G) {
  Rng rng(seed);
  const auto normal = [&] {
    return std::sqrt(-2 * std::log(1 - rng.uniform())) * std::cos(6.283185307179586 * rng.uniform());
  };
  RandomMarket m;
  m.demand.num_products = int64_t(J);
  m.demand.weight.assign(R, 1.0 / double(R));
  std::vector<double> base(J), taste(J);
  for (size_t j = 0; j < J; ++j) base[j] = normal(), taste[j] = rng.uniform();
  for (size_t i = 0; i < R; ++i) {
    m.demand.alpha.push_back(R == 1 ? 1.5 : 1.5 * std::exp(0.4 * normal()));
    const double nu = R == 1 ? 0 : normal();
    for (size_t j = 0; j < J; ++j) m.demand.value.push_back(base[j] + nu * taste[j]);
  }
  for (size_t j = 0; j < J; ++j) {
    if (G) m.demand.nest.push_back(int32_t(j % G));
    m.supply.firm.push_back(int32_t(j < F ? j : rng.below(F)));
    m.supply.cost.push_back(0.2 + rng.uniform());
  }
  for (size_t g = 0; g < G; ++g) m.demand.rho.push_back(0.3 + 0.4 * double(g) / double(G));
  return m;
}

TEST(ShareDerivatives, MatchFiniteDifferences) {
  for (const size_t nests : {0, 2}) {
    const auto m = random_market(3, 6, 3, 20, nests);
    std::vector<double> p(6, 1.0);
    const auto d = share_derivatives(m.demand, shares(m.demand, p));
    for (size_t k = 0; k < 6; ++k) {
      const double h = 1e-5;
      auto up = p, down = p;
      up[k] += h;
      down[k] -= h;
      const auto high = shares(m.demand, up).product, low = shares(m.demand, down).product;
      for (size_t j = 0; j < 6; ++j)
        EXPECT_NEAR((j == k ? -d.lambda[j] : 0) + d.gamma[j * 6 + k], (high[j] - low[j]) / (2 * h), 1e-9);
    }
  }
}

TEST(Prices, NestedAndMixedAreEquilibria) {
  for (uint64_t seed = 0; seed < 10; ++seed)
    for (const size_t nests : {0, 3})
      for (const size_t types : {1, 40}) {
        const auto m = random_market(seed, 12, 4, types, nests);
        const auto e = solve_prices(m.demand, m.supply);
        EXPECT_EQ(e.status, Status::Converged) << seed << " " << nests << " " << types << " " << e.why;
        EXPECT_LT(e.residual, 1e-10);
        EXPECT_LT(e.best_deviation, 1e-7);
      }
}

TEST(Prices, GeneralFormAgreesWithTheScalarEquation) {
  auto m = random_market(5, 8, 3, 1, 0);
  const auto scalar = solve_prices(m.demand, m.supply);
  m.demand.nest.assign(8, 0);  // one nest with rho 0 is the plain logit, by the zeta iteration
  m.demand.rho = {0};
  const auto general = solve_prices(m.demand, m.supply);
  expect_near(general.price, scalar.price, 1e-12);
}

TEST(Prices, ImpliedCostsInvertTheEquilibrium) {
  const auto m = random_market(8, 10, 3, 30, 2);
  const auto e = solve_prices(m.demand, m.supply);
  expect_near(implied_costs(m.demand, m.supply, e.price), m.supply.cost, 1e-9);
}

TEST(Prices, CapacityBindsWithAShadowPrice) {
  auto m = random_market(2, 6, 3, 1, 0);
  const auto free = solve_prices(m.demand, m.supply);
  double sales = 0;
  for (size_t j = 0; j < 6; ++j) sales += m.supply.firm[j] == 0 ? free.share[j] : 0;
  const double none = std::numeric_limits<double>::infinity();
  m.supply.capacity = {0.5 * sales, none, 10.0};
  const auto tight = solve_prices(m.demand, m.supply);
  EXPECT_EQ(tight.status, Status::Converged) << tight.why;
  double served = 0;
  for (size_t j = 0; j < 6; ++j) served += m.supply.firm[j] == 0 ? tight.share[j] : 0;
  EXPECT_NEAR(served, 0.5 * sales, 1e-9 * sales);
  EXPECT_GT(tight.shadow_price[0], 0);
  EXPECT_EQ(tight.shadow_price[1], 0);
  EXPECT_EQ(tight.shadow_price[2], 0);  // a slack capacity has no price
}

// A fringe charges cost; where its capacity binds, its price rises by the shadow price until the market clears.
TEST(Prices, FringeClearsItsCapacity) {
  auto m = random_market(4, 6, 3, 20, 0);
  m.supply.fixed.assign(6, std::nan(""));
  for (size_t j = 0; j < 6; ++j)
    if (m.supply.firm[j] == 2) m.supply.fixed[j] = m.supply.cost[j];
  const auto free = solve_prices(m.demand, m.supply);
  double sales = 0;
  for (size_t j = 0; j < 6; ++j) sales += m.supply.firm[j] == 2 ? free.share[j] : 0;
  const double none = std::numeric_limits<double>::infinity();
  m.supply.capacity = {none, none, 0.7 * sales};
  const auto tight = solve_prices(m.demand, m.supply);
  ASSERT_EQ(tight.status, Status::Converged) << tight.why;
  for (size_t j = 0; j < 6; ++j) {
    if (m.supply.firm[j] != 2) continue;
    EXPECT_NEAR(tight.price[j], m.supply.cost[j] + tight.shadow_price[2], 1e-12);
  }
  double served = 0;
  for (size_t j = 0; j < 6; ++j) served += m.supply.firm[j] == 2 ? tight.share[j] : 0;
  EXPECT_NEAR(served, 0.7 * sales, 1e-9 * sales);
}

// Every firm short of capacity at once: each sells exactly what it can, and the residual of all conditions is small.
TEST(Prices, AllFirmsShortOfCapacity) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    auto m = random_market(seed, 12, 4, seed % 2 ? 30 : 1, seed % 3 ? 0 : 2);
    const auto free = solve_prices(m.demand, m.supply);
    m.supply.capacity.assign(4, 0);
    for (size_t j = 0; j < 12; ++j) m.supply.capacity[size_t(m.supply.firm[j])] += 0.6 * free.share[j];
    const auto tight = solve_prices(m.demand, m.supply);
    ASSERT_EQ(tight.status, Status::Converged) << seed << tight.why;
    std::vector<double> served(4, 0);
    for (size_t j = 0; j < 12; ++j) served[size_t(m.supply.firm[j])] += tight.share[j];
    for (size_t f = 0; f < 4; ++f) {
      EXPECT_NEAR(served[f], m.supply.capacity[f], 1e-9);
      EXPECT_GT(tight.shadow_price[f], 0);
    }
  }
}

// Utilities far from 0 neither overflow nor lose digits: adding the same to every price and cost changes nothing else.
TEST(Prices, ExtremeUtilities) {
  const auto rich = solve({900, 899}, 1, {0, 1}, {1, 1});
  EXPECT_EQ(rich.status, Status::Converged) << rich.why;
  EXPECT_LT(rich.outside_share, 1e-3);
  const auto poor = solve({-800, -801}, 1, {0, 1}, {1, 1});
  EXPECT_EQ(poor.status, Status::Converged) << poor.why;
  EXPECT_NEAR(poor.markup[0], 1, 1e-12);  // a firm with no sales has the markup 1 / alpha
}

TEST(Prices, WrongInputNamesValueAndRule) {
  EXPECT_THROW(solve({1}, -1, {0}, {0}), Error);       // price coefficient of the wrong sign
  EXPECT_THROW(solve({1, 2}, 1, {0}, {0, 0}), Error);  // a product without owner
  EXPECT_THROW(solve({1}, 1, {0}, {std::nan("")}), Error);
}

TEST(Hhi, KnownValues) {
  EXPECT_DOUBLE_EQ(hhi({0.25, 0.25}, {0, 1}), 5000);
  EXPECT_DOUBLE_EQ(hhi({0.1, 0.3}, {0, 0}), 10000);
}

}  // namespace
}  // namespace ingot::market
