#include "ingot/plan/market/capability.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ingot/base/csv.h"

namespace ingot::market {
namespace {

struct Compare {
  const std::map<std::string, double>& rows;
  size_t seen = 0;
  template <typename T>
  void operator()(const char* name, const T& value, const char*) {
    EXPECT_TRUE(rows.contains(name)) << name;
    if (rows.contains(name)) {
      EXPECT_DOUBLE_EQ(rows.at(name), double(value)) << name;
    }
    ++seen;
  }
};

// The defaults are the rows of facts/capability.csv, all of them, each with a date and a source.
TEST(Capability, DefaultsAreTheFacts) {
  const auto facts = read_csv(std::string(INGOT_SOURCE_DIR) + "/facts/capability.csv");
  std::map<std::string, double> rows;
  for (size_t r = 0; r < facts.rows.size(); ++r) {
    rows[facts.text(r, "parameter")] = facts.number(r, "value");
    EXPECT_GT(facts.text(r, "source").size(), 10u);
    EXPECT_EQ(facts.text(r, "date").size(), 10u);
  }
  Compare compare{rows};
  const CapabilityConfig config;
  CapabilityConfig::visit(config, compare);
  EXPECT_EQ(compare.seen, rows.size());
}

// The derived rows follow from the published ones by the arithmetic that their source column gives.
TEST(Capability, DerivedDefaultsFollowFromPublishedNumbers) {
  const CapabilityConfig c;
  EXPECT_NEAR(c.points_per_decade, 15.5 / (std::log10(5) + 12.0 / 8 * std::log10(2)), 0.05);
  EXPECT_NEAR(c.algorithmic_sigma, std::log(14.0 / 5) / (2 * 1.96), 5e-4);
  EXPECT_NEAR(c.flop_per_usd, 989.4e12 * 0.40 * 3600 / 2.35, 5e14);
  EXPECT_NEAR(c.reference_flop, 400e6 * c.flop_per_usd * std::pow(5, 14.0 / 12), 1e26);
  EXPECT_NEAR(c.hardware_doubling_months, 12 * 2.07, 1e-9);
  EXPECT_NEAR(c.spread_points, 7 / 1.645 / std::sqrt(2), 0.01);
}

// A lone firm whose budget grows as physical compute did (5x a year with hardware) moves as the index did: 15.5 points
// a year. That is the calibration, read back through the step.
TEST(Capability, BudgetsThatGrowAsTheFrontierDidGiveItsTrend) {
  const CapabilityConfig c;
  const CapabilityRace race(c, c.reference_date);
  auto s = race.start(std::vector<double>{158});
  const double hardware = std::exp2(1 / c.hardware_doubling_months), growth = std::pow(5, 1.0 / 12) / hardware;
  // The dollars that keep C on the path C(t) = C(0) 5^(t/12).
  const double compute_growth = std::pow(5, 1.0 / 12);
  double usd = c.reference_flop * (compute_growth - (1 - 1 / c.training_window_months)) /
               (c.final_run_share * c.flop_per_usd * hardware);
  for (int month = 0; month < 36; ++month) {
    race.step(s, std::vector<double>{usd});
    usd *= growth;
  }
  EXPECT_NEAR(race.points(s.trainable[0]) - 158, 3 * 15.5, 0.1);
}

TEST(Capability, AlgorithmsAloneDoubleEfficiencyEveryEightMonths) {
  CapabilityConfig c;
  c.training_window_months = 120;
  const CapabilityRace race(c, 2026);
  auto s = race.start(std::vector<double>{150});
  const double before = s.algorithms;
  for (int month = 0; month < 16; ++month) race.step(s, std::vector<double>{0});
  EXPECT_NEAR(s.algorithms / before, 4, 1e-12);
}

// A follower with a tenth of the compute matches a release `lag` months later, never sooner, and never passes it.
TEST(Capability, FollowersReachTheFrontierAfterTheLagAndAtLowerCost) {
  CapabilityConfig c;
  c.algorithmic_doubling_months = 1e6, c.hardware_doubling_months = 1e6;
  c.distillation_lag_months = 3, c.release_gain = 0.01, c.training_window_months = 12;
  const CapabilityRace race(c, 2026);
  // Budgets that hold compute at the level of 160 points, and at a fifth of it.
  const double hold = race.effective_flop(160) / 12 / (c.final_run_share * c.flop_per_usd);
  const std::vector<double> usd{hold, hold / 5};
  auto s = race.start(std::vector<double>{130, 130});
  s.compute[0] = race.effective_flop(160), s.compute[1] = s.compute[0] / 5;
  const double alone = race.points(s.compute[1]);
  std::vector<double> leader, follower;
  for (int month = 0; month < 8; ++month) {
    race.step(s, usd);
    leader.push_back(race.released(s, 0));
    follower.push_back(race.released(s, 1));
  }
  EXPECT_NEAR(leader.front(), 160, 1e-3);
  for (int month = 0; month < 3; ++month) EXPECT_NEAR(follower[size_t(month)], alone, 0.01) << month;
  for (int month = 3; month < 8; ++month) EXPECT_NEAR(follower[size_t(month)], 160, 0.01) << month;

  // Without the permission to distil it stays behind; with too little compute it gets as far as ten times its own.
  auto closed = race.start(std::vector<double>{130, 130});
  closed.may_distil = 1;
  closed.compute = s.compute;
  for (int month = 0; month < 8; ++month) race.step(closed, usd);
  EXPECT_NEAR(race.released(closed, 1), alone, 0.05);
  auto poor = race.start(std::vector<double>{130, 130});
  poor.compute[0] = race.effective_flop(160), poor.compute[1] = race.effective_flop(160) / 50;
  for (int month = 0; month < 8; ++month) race.step(poor, std::vector<double>{hold, hold / 50});
  EXPECT_NEAR(race.released(poor, 1), 160 - 13.5 * std::log10(5), 0.05);
}

// At the start the frontier has a past: a follower first finds the model of `lag` months ago, not the one of today.
TEST(Capability, TheFrontierCameUpBeforeTheStart) {
  const CapabilityRace race(CapabilityConfig{}, 2026.9);
  auto s = race.start(std::vector<double>{158, 140});
  s.compute[1] = s.compute[0] / 2;  // enough for anything it can distil
  for (int month = 1; month <= 4; ++month) {
    race.step(s, std::vector<double>{0, 0});
    const double served = 158 - 15.5 * (4 - month) / 12.0;
    EXPECT_NEAR(race.points(s.trainable[1]), served, 1e-9) << month;
  }
}

TEST(Capability, ReleasesWaitForTheGainOrTheClock) {
  CapabilityConfig c;
  c.hardware_doubling_months = 1e6;
  c.training_window_months = 120;
  const CapabilityRace race(c, 2026);
  auto s = race.start(std::vector<double>{150});
  const double hold = s.compute[0] / 120 / (c.final_run_share * s.flop_per_usd);
  int first = 0, releases = 0;
  for (int month = 1; month <= 24; ++month) {
    race.step(s, std::vector<double>{hold});
    if (!s.released_now) continue;
    if (!first) first = month;
    ++releases;
  }
  // 13.5 log10(2) / 8 = 0.508 points a month: two points take four months.
  EXPECT_EQ(first, 4);
  EXPECT_EQ(releases, 6);

  c.release_gain = 1000;
  const CapabilityRace patient(c, 2026);
  s = patient.start(std::vector<double>{150});
  for (int month = 1; month <= 6; ++month) {
    patient.step(s, std::vector<double>{hold});
    EXPECT_EQ(s.released_now, month == 6 ? 1u : 0u) << month;
  }
}

// Shocks: the same normals give the same path; the lead has the published spread in the long run; a faster future is
// ahead.
TEST(Capability, ShocksMoveTheLeadAsPublished) {
  const CapabilityConfig c;
  const CapabilityRace race(c, 2026);
  auto s = race.start(std::vector<double>{150});
  double sum = 0, sum2 = 0;
  const int months = 40000;
  uint64_t state = 1;
  for (int month = 0; month < months; ++month) {
    double z = -6;  // twelve uniforms: close enough to a normal for two moments
    for (int i = 0; i < 12; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      z += double(state >> 11) * 0x1.0p-53;
    }
    s.algorithms = 1, s.flop_per_usd = 1;
    race.step(s, std::vector<double>{1}, std::vector<double>{z});
    const double points = c.points_per_decade * s.lead[0] / std::log(10);
    sum += points, sum2 += points * points;
  }
  EXPECT_NEAR(sum / months, 0, 0.25);
  EXPECT_NEAR(std::sqrt(sum2 / months), c.spread_points, 0.2);

  EXPECT_GT(race.start(std::vector<double>{150}, 1).algorithm_growth,
            race.start(std::vector<double>{150}, -1).algorithm_growth);
}

TEST(Capability, NamesEveryWrongValue) {
  CapabilityConfig c;
  c.algorithmic_doubling_months = 0.1;
  c.distillation_cost = 0;
  c.distillation_lag_months = 99;
  try {
    CapabilityRace race(c, std::nan(""));
    FAIL();
  } catch (const Error& e) {
    const std::string text = e.what();
    for (const char* name : {"algorithmic_doubling_months: got 0.1", "distillation_cost: got 0", "lag_months: got 99",
                             "start_date: got nan"})
      EXPECT_NE(text.find(name), std::string::npos) << text;
  }
  const CapabilityRace race(CapabilityConfig{}, 2026);
  EXPECT_THROW(race.start({}), Error);
  EXPECT_THROW(race.start(std::vector<double>(17, 150.0)), Error);
  EXPECT_THROW(race.start(std::vector<double>{std::nan("")}), Error);
  EXPECT_THROW(race.start(std::vector<double>{1e6}), Error);
}

}  // namespace
}  // namespace ingot::market
