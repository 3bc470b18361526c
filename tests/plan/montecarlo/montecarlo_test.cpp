#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"
#include "ingot/plan/montecarlo/engine.h"
#include "ingot/plan/montecarlo/models.h"
#include "ingot/plan/montecarlo/sobol.h"

namespace ingot::mc {
namespace {

std::vector<Isa> isas() {
  std::vector<Isa> list;
  for (const auto isa : {Isa::Portable, Isa::Avx2, Isa::Avx512})
    if (available(isa)) list.push_back(isa);
  return list;
}

// The lanes against the scalar Philox of base/rng.h, whose known answers (Random123) are tested there.
TEST(Lanes, DrawPhiloxWordsOfEveryPath) {
  for (const auto isa : isas()) {
    const uint64_t first = (uint64_t{5} << 32) | 0xfffffff0u;
    const auto words = words_of(0xa4093822, 0x299f31d0, first, 17, 3, isa);
    for (uint32_t lane = 0; lane < 16; ++lane) {
      const auto expected = philox({uint32_t(first) + lane, 5, 17, 3}, {0xa4093822, 0x299f31d0});
      for (size_t j = 0; j < 4; ++j) ASSERT_EQ(words[j * 16 + lane], expected[j]) << to_string(isa) << " lane " << lane;
    }
  }
}

// Worked example R1 (Random123 known answers) through the lanes themselves: path 0, month 0.
TEST(Lanes, GiveTheKnownAnswerOfCounterZero) {
  const auto words = words_of(0, 0, 0, 0, 0, best_isa());
  EXPECT_EQ(words[0], 0x6627e8d5u);
  EXPECT_EQ(words[16], 0xe169c58du);
  EXPECT_EQ(words[32], 0xbc57ac4cu);
  EXPECT_EQ(words[48], 0x9b00dbd8u);
}

TEST(Lanes, NormalsAreTheInverseCdfWithTheSameBitsEverywhere) {
  for (uint64_t first = 0; first < 16 * 200; first += 16) {
    const auto words = words_of(7, 1, first, 2, 0, Isa::Portable);
    const auto z = normals_of(7, 1, first, 2, 0, Isa::Portable);
    for (size_t i = 0; i < 64; ++i) {
      // Phi(z) by erfc, against the word's probability.
      const double tail = double((words[i] & 0x7fffffffu) | 1u) * 0x1.0p-32;
      const double sign = words[i] >> 31 ? 1 : -1;
      ASSERT_EQ(z[i] > 0, sign > 0);
      const double density = std::exp(-0.5 * double(z[i]) * double(z[i])) / std::sqrt(2 * M_PI);
      ASSERT_NEAR(0.5 * std::erfc(std::fabs(double(z[i])) / std::sqrt(2.0)), tail, 5e-6 * density + 1e-12);
    }
    for (const auto isa : isas()) ASSERT_EQ(normals_of(7, 1, first, 2, 0, isa), z) << to_string(isa);
  }
}

// Worked example R2: Sobol' (Joe-Kuo) dimensions 1-3, points 0-7.
TEST(Sobol, MatchesJoeAndKuo) {
  const Sobol sobol(3);
  const double expected[8][3] = {{0, 0, 0},          {.5, .5, .5},       {.75, .25, .25},    {.25, .75, .75},
                                 {.375, .375, .625}, {.875, .875, .125}, {.625, .125, .875}, {.125, .625, .375}};
  for (uint32_t i = 0; i < 8; ++i)
    for (uint32_t d = 0; d < 3; ++d) EXPECT_EQ(sobol.point(i, d), expected[i][d]) << i << " " << d;
  EXPECT_THROW(Sobol(4000), Error);
}

TEST(Sobol, OwenScramblingKeepsEveryStratum) {
  const Sobol sobol(50);
  const auto seeds = sobol.seeds(1, 3);
  for (uint32_t d = 0; d < 50; ++d)
    for (uint32_t k : {1u, 4u, 8u}) {
      std::vector<int> hits(size_t(1) << k, 0);
      for (uint32_t i = 0; i < (1u << k); ++i) ++hits[sobol.scrambled_word(i, d, seeds[d]) >> (32 - k)];
      for (const int h : hits) ASSERT_EQ(h, 1) << "dimension " << d;
    }
}

TEST(Engine, SameBitsForAnyThreadCountAndInstructionSet) {
  const auto one = cash_process(3, 10'007, 24, 1, Isa::Portable);
  for (const auto isa : isas())
    for (const int threads : {1, 2, 5}) {
      const auto many = cash_process(3, 10'007, 24, threads, isa);
      EXPECT_EQ(many.cash_sum, one.cash_sum) << to_string(isa) << " " << threads;
      EXPECT_EQ(many.ruined, one.ruined);
      EXPECT_EQ(many.histogram, one.histogram);
    }
  EXPECT_EQ(one.paths, 10'007u);
  const auto a = brownian_ruin_sobol(1, 0, 4096, 24, 30, -1, 2, 1, Isa::Portable);
  for (const auto isa : isas()) EXPECT_EQ(brownian_ruin_sobol(1, 0, 4096, 24, 30, -1, 2, 2, isa).by_month, a.by_month);
}

// Worked example M1: quadrature of the monthly monitored Brownian runway; 4 standard errors.
TEST(Engine, FindsTheRuinProbabilities) {
  const uint64_t paths = 400'000;
  const auto r = brownian_ruin(42, paths, 36, 30, -1, 2, 2);
  const std::pair<size_t, double> expected[] = {
      {12, 0.005018}, {18, 0.086274}, {24, 0.294309}, {30, 0.535173}, {36, 0.726281}};
  for (const auto& [month, p] : expected)
    EXPECT_NEAR(r.probability(month), p, 4 * std::sqrt(p * (1 - p) / double(paths))) << month;
}

// Worked example M4: geometric Brownian motion, mu .08 and sigma .25 a month, 24 months: mean e^(mu T), median
// e^((mu - sigma^2 / 2) T).
TEST(Engine, FindsTheMomentsOfGeometricBrownianMotion) {
  constexpr uint64_t kPaths = 400'000;
  std::vector<double> values;
  double sum = 0;
  for (uint64_t first = 0; first < kPaths; first += 16) {
    double log[16] = {};
    for (uint32_t month = 0; month < 24; month += 4) {
      const auto z = normals_of(3, 0, first, month, 0, best_isa());  // four normals of each of sixteen paths
      for (size_t i = 0; i < 64; ++i) log[i % 16] += .08 - .25 * .25 / 2 + .25 * double(z[i]);
    }
    for (const double l : log) values.push_back(std::exp(l)), sum += values.back();
  }
  const double mean = sum / double(kPaths);
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  EXPECT_NEAR(mean, 6.8209584692907494, 4 * 12.727420628285492 / std::sqrt(double(kPaths)));
  EXPECT_NEAR(std::sqrt(squares / double(kPaths)) / 12.727420628285492, 1, 0.05);  // its fourth moment is large
  std::nth_element(values.begin(), values.begin() + kPaths / 2, values.end());
  EXPECT_NEAR(values[kPaths / 2] / 3.2219926385284996, 1, 0.01);
}

TEST(Engine, SobolPointsBeatRandomOnes) {
  double error = 0;
  for (uint32_t scramble = 0; scramble < 16; ++scramble)
    error += std::pow(brownian_ruin_sobol(9, scramble, 4096, 24, 30, -1, 2, 1).probability(24) - 0.294309, 2);
  const double random = 0.294309 * (1 - 0.294309) / 4096;
  EXPECT_LT(error / 16, random / 2);
}

TEST(Engine, MomentsOfTheNormals) {
  const auto m = normal_moments(5, 200'000, 20, 2);  // 1.6e7 draws: 4 standard errors
  EXPECT_NEAR(m.power[0] / m.count, 0, 1e-3);
  EXPECT_NEAR(m.power[1] / m.count, 1, 1.5e-3);
  EXPECT_NEAR(m.power[3] / m.count, 3, 1e-2);
}

TEST(Engine, AFailureInAThreadReachesTheCaller) {
  EXPECT_THROW(run<Moments>(1000, 3,
                            [](uint64_t first, uint64_t) -> Moments {
                              if (first > 300) fail(ErrorKind::InvalidArgument, "test", "stop");
                              return {};
                            }),
               Error);
}

}  // namespace
}  // namespace ingot::mc
