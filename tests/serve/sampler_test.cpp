#include "ingot/serve/sampler.h"

#include <cmath>
#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace ingot {
namespace {

const std::vector<float> kLogits = {0.f, 2.f, -1.f, 1.f, 2.f};

std::vector<int32_t> ids(const std::vector<std::pair<int32_t, double>>& candidates) {
  std::vector<int32_t> out;
  for (const auto& [id, p] : candidates) out.push_back(id);
  return out;
}

TEST(Sampler, TakesTheLikeliestAtTemperatureZero) {
  Sampler sampler({.temperature = 0});
  EXPECT_EQ(sampler.next(kLogits, {}), 1);  // of equal ones, the first
}

TEST(Sampler, FiltersKeepWhatTheyPromise) {
  EXPECT_EQ(ids(Sampler({.top_k = 3}).candidates(kLogits, {})), (std::vector<int32_t>{1, 4, 3}));
  EXPECT_EQ(ids(Sampler({.top_k = 99}).candidates(kLogits, {})).size(), 5u);
  // Probabilities: e^2 twice, e, 1, 1/e over their sum 18.86 -> .392 .392 .144 .053 .020
  EXPECT_EQ(ids(Sampler({.top_p = 0.39}).candidates(kLogits, {})), (std::vector<int32_t>{1}));
  EXPECT_EQ(ids(Sampler({.top_p = 0.40}).candidates(kLogits, {})), (std::vector<int32_t>{1, 4}));
  EXPECT_EQ(ids(Sampler({.top_p = 0.80}).candidates(kLogits, {})), (std::vector<int32_t>{1, 4, 3}));
  EXPECT_EQ(ids(Sampler({.min_p = 0.3}).candidates(kLogits, {})), (std::vector<int32_t>{1, 4, 3}));
  EXPECT_EQ(ids(Sampler({.min_p = 1}).candidates(kLogits, {})), (std::vector<int32_t>{1, 4}));
  // top_p after top_k looks at what top_k kept.
  EXPECT_EQ(ids(Sampler({.top_k = 2, .top_p = 0.5}).candidates(kLogits, {})), (std::vector<int32_t>{1}));
  double total = 0;
  for (const auto& [id, p] : Sampler({.temperature = 0.7, .top_p = 0.9, .min_p = 0.01}).candidates(kLogits, {}))
    total += p;
  EXPECT_NEAR(total, 1, 1e-12);
}

TEST(Sampler, PenalisesSeenTokensWhateverTheirSign) {
  const std::vector<int32_t> seen = {1, 2, 1, 77, -1};  // repeated, negative logit, outside
  const Sampler plain(SamplingConfig{}), sampler({.repetition_penalty = 2});
  const auto before = plain.candidates(kLogits, {}), after = sampler.candidates(kLogits, seen);
  const auto find = [](const auto& list, int32_t id) {
    for (const auto& [i, p] : list)
      if (i == id) return p;
    return 0.;
  };
  EXPECT_NEAR(find(after, 1) / find(after, 4), std::exp(1. - 2.), 1e-9);   // 2 / 2, once only
  EXPECT_NEAR(find(after, 2) / find(after, 0), std::exp(-2. - 0.), 1e-9);  // -1 * 2
  EXPECT_LT(find(after, 2) / find(after, 0), find(before, 2) / find(before, 0));
}

TEST(Sampler, DrawsWithTheStatedProbabilities) {
  Sampler sampler({.temperature = 2, .seed = 5});
  const auto expected = sampler.candidates(kLogits, {});
  std::map<int32_t, int> counts;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) ++counts[sampler.next(kLogits, {})];
  double chi_squared = 0;
  for (const auto& [id, p] : expected) chi_squared += std::pow(counts[id] - p * kDraws, 2) / (p * kDraws);
  EXPECT_LT(chi_squared, 18.5);  // 99.9 % of chi-squared with 4 degrees of freedom
}

TEST(Sampler, RepeatsWithItsSeed) {
  const auto draw = [](int64_t seed) {
    Sampler sampler({.seed = seed});
    std::vector<int32_t> out;
    for (int i = 0; i < 20; ++i) out.push_back(sampler.next(kLogits, {}));
    return out;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(Sampler, RefusesBadSettingsAndLogits) {
  try {
    Sampler({.temperature = -1, .top_p = 0, .min_p = 2});
    FAIL();
  } catch (const Error& e) {
    const std::string text = e.what();
    for (const char* key : {"temperature: got -1", "top_p: got 0", "min_p: got 2"})
      EXPECT_NE(text.find(key), std::string::npos) << text;
  }
  const std::vector<float> broken = {0.f, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THROW(Sampler(SamplingConfig{}).next(broken, {}), Error);
}

TEST(Sampler, LogProbabilityIsTheLogOfSoftmax) {
  double total = 0;
  for (int32_t id = 0; id < 5; ++id) total += std::exp(LogProbabilities(kLogits).of(id));
  EXPECT_NEAR(total, 1, 1e-12);
}

}  // namespace
}  // namespace ingot
