#include "ingot/plan/market/forecast.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "ingot/base/file.h"
#include "ingot/base/toml.h"

namespace ingot::market {
namespace {

Document example(const std::vector<std::string>& overrides = {}) {
  return read_toml(std::string(INGOT_SOURCE_DIR) + "/examples/race.toml", overrides);
}

struct Input {
  Industry industry;
  RaceSection race;
  ForecastSection forecast;
  explicit Input(const Document& document)
      : industry(read_industry(document)),
        race(read_config<RaceSection>(document, "race")),
        forecast(read_config<ForecastSection>(document, "forecast")) {}
  std::vector<ForecastMonth> run() {
    MovingMarket market(industry, race, forecast);
    simulate_race(race, market.race_market());
    return market.months();
  }
};

double total(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// Month 0 is the observed market: the prices and shares that the calibration was given.
TEST(Forecast, BeginsAtTheObservedMarket) {
  Input in(example());
  const auto months = in.run();
  ASSERT_EQ(months.size(), 37u);
  const std::vector<double> price{24, 22, 20, 6}, share{0.10, 0.05, 0.03, 0.02};
  for (size_t f = 0; f < 4; ++f) {
    EXPECT_NEAR(months[0].equilibrium.price[f], price[f], 1e-6 * price[f]) << f;
    EXPECT_NEAR(months[0].share[f], share[f], 1e-8) << f;
    EXPECT_NEAR(months[0].revenue[f], 400e6 * price[f] * share[f], 1e3 * price[f]);
  }
  for (const auto& m : months) {
    EXPECT_EQ(m.equilibrium.status, Status::Converged) << m.equilibrium.why;
    EXPECT_LT(total(m.share), 1);
    for (const double s : m.share) EXPECT_TRUE(s > 0 && std::isfinite(s));
  }
}

// Nothing moves where nothing changes, loyal buyers included: constant qualities against the outside option, costs,
// adoption and shares.
TEST(Forecast, StandsStillWithoutChange) {
  Input in(example(
      {"race.months=6", "forecast.cost_halving_months=1e12", "forecast.outside_points=0", "forecast.trend_points=0"}));
  in.forecast.adopted.reset();
  in.forecast.segments.clear();
  for (auto& f : in.race.firms) f.rule = InvestRule::Fixed, f.rnd = 0, f.growth = 0, f.distils = false;
  in.race.capability.algorithmic_doubling_months = 1e6;
  const auto months = in.run();
  for (size_t f = 0; f < 4; ++f) {
    EXPECT_NEAR(months[6].share[f], months[0].share[f], 1e-6 * months[0].share[f]) << f;
    EXPECT_NEAR(months[6].equilibrium.price[f], months[0].equilibrium.price[f], 1e-6 * months[0].equilibrium.price[f]);
  }
  EXPECT_DOUBLE_EQ(months[6].size, months[0].size);
}

// With prices and relative quality held, size is the Bass curve of the segments.
TEST(Forecast, SizeFollowsBass) {
  Input in(example({"forecast.price_effect=0", "forecast.quality_effect=0", "race.months=24"}));
  in.forecast.segments.clear();
  in.forecast.p = 0.03, in.forecast.q = 0.38;
  const auto months = in.run();
  double F = 0.178;
  for (size_t m = 0; m < months.size(); ++m) {
    EXPECT_NEAR(months[m].adopted[0], F, 1e-12);
    EXPECT_NEAR(months[m].size, 400e6 * F / 0.178, 1e-3);
    F = Bass::advance(F, 0.03, 0.38, 1.0 / 12);
  }
  const auto like = Input(example()).run();  // the business segment follows the cell telephone
  EXPECT_NEAR(like[1].adopted[1], Bass::advance(0.25, 0.00471, 0.506, 1.0 / 12), 0.002);
}

// Loyal buyers leave more slowly after a rival's release; a rival that stops investing loses buyers.
TEST(Forecast, LoyaltySlowsSwitching) {
  const std::vector<std::string> calm = {"race.months=3", "forecast.cost_halving_months=1e12",
                                         "forecast.outside_points=0", "forecast.trend_points=0"};
  Input loyal(example(calm));
  for (auto& f : loyal.race.firms) f.rule = InvestRule::Fixed, f.growth = 0;
  loyal.race.firms[1].rnd = 3e10;  // Basalt leaps ahead
  loyal.race.capability.distillation_cost = 1;
  auto text = read_file(std::string(INGOT_SOURCE_DIR) + "/examples/race.toml");
  for (const std::string value : {"loyalty = 1.5", "loyalty = 2.5"})
    text.replace(text.find(value), value.size(), "loyalty = 0");
  Input fickle(parse_toml(text, "race.toml"));
  fickle.race = loyal.race;
  fickle.forecast = loyal.forecast;
  const auto slow = loyal.run(), fast = fickle.run();
  const double gain_slow = slow[1].share[1] / slow[0].share[1], gain_fast = fast[1].share[1] / fast[0].share[1];
  EXPECT_GT(gain_fast, 1.05);
  EXPECT_LT(gain_slow, gain_fast);
  EXPECT_GT(slow[3].share[1], slow[1].share[1]);  // and goes on winning them
}

TEST(Forecast, FanIsReproducible) {
  Input in(example({"race.months=3"}));
  const auto a = fan_forecast(in.industry, in.race, in.forecast, 6, 3),
             b = fan_forecast(in.industry, in.race, in.forecast, 6, 3);
  EXPECT_EQ(a.share, b.share);
  EXPECT_EQ(a.revenue, b.revenue);
  EXPECT_LE(a.share[0][3][0], a.share[0][3][4]);
}

TEST(Forecast, TheDefaultMarketRuns) {
  const auto industry = build_industry(default_market());
  auto race = default_race();
  race.months = 6;
  MovingMarket market(industry, race, default_forecast());
  simulate_race(race, market.race_market());
  EXPECT_GT(market.months().back().size, market.months().front().size);
  EXPECT_FALSE(market.notes().empty());
}

std::string message(const std::vector<std::string>& overrides) {
  try {
    Input in(example(overrides));
    in.run();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Forecast, NamesWrongValues) {
  EXPECT_NE(message({"forecast.adopted=1.4"}).find("adopted: got 1.4, expected in (0, 1)"), std::string::npos);
  EXPECT_NE(message({"forecast.usage_growth=4"}).find("explodes"), std::string::npos);
  EXPECT_NE(message({"forecast.price_effect=2"}).find("price_effect: got 2"), std::string::npos);
  EXPECT_NE(message({"forecast.like=\"Cell telefone\""}).find("did you mean 'Cell telephone'"), std::string::npos);
  EXPECT_NE(message({"market.period=\"fortnight\""}).find("market.period is 'fortnight'"), std::string::npos);
  EXPECT_NE(message({"demand.outside_share=0"}).find("outside option"), std::string::npos);
}

}  // namespace
}  // namespace ingot::market
