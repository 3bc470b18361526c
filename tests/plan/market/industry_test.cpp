#include "ingot/plan/market/industry.h"

#include <cmath>

#include <gtest/gtest.h>

#include "ingot/plan/market/calibration.h"
#include "support/error_of.h"

namespace ingot::market {
namespace {

Industry read(const std::string& toml) { return read_industry(parse_toml(toml, "market.toml")); }

// Prices and shares of B4 (equilibrium_test.cpp): the calibration finds the utilities and costs that made them.
const std::string kFourLabs = R"(
[[products]]
name = "a"
price = 6.79324763865002894
share = 0.246781879455758441
[[products]]
name = "b"
price = 5.93116862175178372
share = 0.273207757781279215
[[products]]
name = "c"
price = 4.567577096659356
share = 0.241649796715179312
[[products]]
name = "d"
price = 3.49561969841656307
share = 0.105918999510931162
)";

TEST(Calibration, LogitFindsUtilitiesAndCosts) {
  const auto m = read("[demand]\nalpha = 0.35\n" + kFourLabs);
  const double base[] = {3, 2.8, 2.2, 1}, cost[] = {3, 2, 0.8, 0.3};
  for (size_t j = 0; j < 4; ++j) {
    EXPECT_NEAR(m.offers[j].base, base[j], 1e-12);
    EXPECT_NEAR(m.offers[j].cost, cost[j], 1e-12);
  }
}

// Plain logit: own elasticity -alpha p (1 - s), so alpha has a closed form for its share-weighted mean.
TEST(Calibration, ElasticityGivesAlpha) {
  const auto m = read("[demand]\nelasticity = -1.8\n" + kFourLabs);
  double inside = 0, sum = 0;
  for (const auto& o : m.offers) inside += *o.share, sum += *o.share * *o.price * (1 - *o.share);
  EXPECT_NEAR(m.alpha, 1.8 * inside / sum, 1e-13);
  EXPECT_NEAR(*m.elasticity, -1.8, 1e-13);
  // All prices rise together: -alpha s0 times the mean price of the products.
  const auto market = read(
      "[demand]\nelasticity = -0.3\nelasticity_of = 'market'\n[[firms]]\nname = 'a'\ncost = 1\n"
      "[[firms]]\nname = 'b'\ncost = 1\n[[firms]]\nname = 'c'\ncost = 1\n[[firms]]\nname = 'd'\ncost = 1\n" +
      kFourLabs);
  double spend = 0;
  for (const auto& o : market.offers) spend += *o.share * *o.price;
  EXPECT_NEAR(market.alpha, 0.3 * inside / (spend * (1 - inside)), 1e-12);
}

// Whatever the model, the observed prices are the equilibrium of the calibrated market.
TEST(Calibration, ObservedPricesAreTheEquilibrium) {
  const std::string nests = "[[nests]]\nname = 'closed'\nrho = 0.4\n[[nests]]\nname = 'open'\nrho = 0.2\n";
  const std::string segments =
      "[[segments]]\nname = 'enterprise'\nweight = 2\nprice_sensitivity = 0.7\nquality_taste = 1.3\nloyalty = 1.5\n"
      "[[segments]]\nname = 'developers'\nweight = 1\n";
  std::string nested = kFourLabs;
  for (size_t at = 0, i = 0; (at = nested.find("price", at)) != std::string::npos; ++i)
    nested.insert(at, i < 2 ? "nest = 'closed'\n" : "nest = 'open'\nquality = 0.5\n"), at += 40;
  for (const std::string& toml :
       {"[demand]\nelasticity = -1.6\n" + kFourLabs, "[demand]\nelasticity = -1.6\n" + nests + nested,
        "[demand]\nelasticity = -1.6\nsigma_price = 0.5\n" + kFourLabs,
        "[demand]\nelasticity = -1.6\nsigma_price = 0.5\nsigma_quality = 0.4\nnodes = 7\n" + nests + segments +
            nested}) {
    const auto m = read(toml);
    const auto e = solve_prices(m.demand(), m.supply());
    ASSERT_EQ(e.status, Status::Converged) << e.why;
    for (size_t j = 0; j < m.offers.size(); ++j) {
      EXPECT_NEAR(e.price[j], *m.offers[j].price, 1e-10 * e.price[j]);
      EXPECT_NEAR(e.share[j], *m.offers[j].share, 1e-10);
    }
  }
}

TEST(Calibration, SharesOfRevenueBecomeQuantities) {
  const auto m = read(
      "[demand]\nalpha = 3\nshares = 'revenue'\noutside_share = 0.25\n"
      "[[products]]\nname = 'dear'\nprice = 4\nshare = 0.5\n[[products]]\nname = 'cheap'\nprice = 1.5\nshare = 0.5\n");
  EXPECT_NEAR(*m.offers[0].share + *m.offers[1].share, 0.75, 1e-15);
  EXPECT_NEAR(*m.offers[0].share * 4, *m.offers[1].share * 1.5, 1e-15);
}

// Loyal buyers make the observed shares sticky: a higher loyalty lowers the own elasticity at the same shares.
TEST(Loyalty, MakesDemandLessElastic) {
  const auto with = [&](double loyalty) {
    return read("[demand]\nalpha = 0.7\n[[segments]]\nname = 'all'\nloyalty = " + std::to_string(loyalty) + "\n" +
                kFourLabs);
  };
  const auto free = with(0), loyal = with(2);
  EXPECT_EQ(free.types.size(), 1u);
  EXPECT_EQ(loyal.types.size(), 5u);  // four firms and the outside option
  EXPECT_GT(*loyal.elasticity, *free.elasticity);
}

TEST(GaussHermite, IsExactForMoments) {
  double moment[9] = {};
  for (const auto& [z, w] : gauss_hermite(5))
    for (int k = 0; k < 9; ++k) moment[k] += w * std::pow(z, k);
  const double exact[] = {1, 0, 1, 0, 3, 0, 15, 0, 105};
  for (int k = 0; k < 9; ++k) EXPECT_NEAR(moment[k], exact[k], 1e-12) << k;
}

TEST(DefaultMarket, ObservedPricesAreTheEquilibrium) {
  const auto m = build_industry(default_market());
  EXPECT_NEAR(*m.elasticity, -1.11, 1e-12);
  const auto e = solve_prices(m.demand(), m.supply());
  ASSERT_EQ(e.status, Status::Converged) << e.why;
  for (size_t j = 0; j < m.offers.size(); ++j) EXPECT_NEAR(e.price[j], *m.offers[j].price, 1e-9);
}

TEST(Industry, WrongInputNamesValueAndRule) {
  const std::string two = "[[products]]\nname = 'x'\nvalue = 1\ncost = 1\n[[products]]\nname = 'y'\nvalue = 2\n";
  const auto fails = [&](const std::string& toml, const std::string& text) {
    const std::string error = error_of([&] { read(toml); });
    EXPECT_NE(error.find(text), std::string::npos) << error << "\nexpected: " << text;
  };
  fails("[demand]\nalpha = 1\n" + two, "product y: has no cost, expected cost");
  fails("[demand]\nalpha = -0.3\n" + kFourLabs, "demand.alpha: got -0.3, expected > 0");
  fails("[demand]\nelasticity = 1.1\n" + kFourLabs, "demand.elasticity: got 1.1, expected < 0");
  fails(kFourLabs, "neither alpha nor elasticity");
  fails("[demand]\nalpha = 1\noutside_share = 0\n" + kFourLabs, "expected in (0, 1): a market needs an outside option");
  fails(
      "[demand]\nalpha = 1\n[[products]]\nname = 'x'\nprice = 1\nshare = 0.7\n[[products]]\nname = 'y'\nprice = "
      "1\nshare = 0.4\n",
      "shares sum to 1.1, expected below 1");
  fails("[demand]\nelasticity = -0.5\n" + kFourLabs, "imply a cost of");
  fails("[demand]\nalpha = 1\n[[firms]]\nname = 'z'\n" + kFourLabs, "firms: z sells no product");
  fails("[demand]\nalpha = 1\n[[firms]]\nname = 'a'\ncapacity = 0\n" + kFourLabs, "capacity of a is 0, expected > 0");
  fails("[demand]\nalhpa = 1\n" + kFourLabs, "did you mean 'alpha'");
}

}  // namespace
}  // namespace ingot::market
