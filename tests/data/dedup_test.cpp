#include "ingot/data/dedup.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "ingot/base/rng.h"

namespace ingot {
namespace {

std::vector<uint64_t> random_words(Rng& rng, size_t count) {
  std::vector<uint64_t> words(count);
  for (auto& word : words) word = rng.next_u64();
  return words;
}

// A copy in which about `changes` words are replaced.
std::vector<uint64_t> edited(Rng& rng, std::vector<uint64_t> words, int changes) {
  for (int i = 0; i < changes; ++i) words[rng.below(words.size())] = rng.next_u64();
  return words;
}

double jaccard(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b, size_t n) {
  const auto shingles = [&](const std::vector<uint64_t>& words) {
    std::set<std::vector<uint64_t>> set;
    for (size_t i = 0; i + n <= words.size(); ++i) set.emplace(words.begin() + long(i), words.begin() + long(i + n));
    return set;
  };
  const auto x = shingles(a), y = shingles(b);
  size_t common = 0;
  for (const auto& shingle : x) common += y.count(shingle);
  return double(common) / double(x.size() + y.size() - common);
}

double agreement(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  size_t equal = 0;
  for (size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
  return double(equal) / double(a.size());
}

}  // namespace

// Broder 1997: the share of equal minima estimates the Jaccard similarity without bias; sd of the mean of 60 pairs
// of 112 hashes is at most 0.5 / sqrt(112 * 60) = 0.006.
TEST(MinHash, EstimatesJaccard) {
  const DedupConfig config;
  for (const int changes : {4, 12, 30, 80}) {
    Rng rng(uint64_t(changes), 9);
    double error = 0, worst = 0;
    for (int pair = 0; pair < 60; ++pair) {
      const auto a = random_words(rng, 300);
      const auto b = edited(rng, a, changes);
      const double difference = agreement(minhash(config, a), minhash(config, b)) - jaccard(a, b, 5);
      error += difference / 60;
      worst = std::max(worst, std::abs(difference));
    }
    EXPECT_LT(std::abs(error), 0.025) << changes;
    EXPECT_LT(worst, 0.2) << changes;
  }
}

TEST(MinHash, IgnoresTextsShorterThanAShingle) {
  Rng rng(1);
  EXPECT_TRUE(minhash({}, random_words(rng, 4)).empty());
  EXPECT_EQ(minhash({}, random_words(rng, 5)).size(), 112u);
}

// The banding curve: P(found) = 1 - (1 - s^8)^14 for similarity s, and nothing under the threshold is dropped.
TEST(NearDuplicates, FindsClosePairsAndSparesDistantOnes) {
  const DedupConfig config;
  NearDuplicates kept(config);
  Rng rng(2);
  int close = 0, close_found = 0, distant_found = 0;
  for (int i = 0; i < 300; ++i) {
    const auto original = random_words(rng, 400);
    ASSERT_EQ(kept.find_or_keep(minhash(config, original)), -1);
    const auto near = edited(rng, original, 4);  // similarity about 0.9
    ++close;
    close_found += kept.find_or_keep(minhash(config, near)) >= 0;
    const auto far = edited(rng, original, 60);  // about 0.35
    distant_found += kept.find_or_keep(minhash(config, far)) >= 0;
  }
  EXPECT_GE(close_found, close * 97 / 100);
  EXPECT_EQ(distant_found, 0);
}

TEST(NearDuplicates, NamesTheFirstOfItsGroup) {
  const DedupConfig config;
  NearDuplicates kept(config);
  Rng rng(3);
  const auto a = random_words(rng, 200), b = random_words(rng, 200);
  EXPECT_EQ(kept.find_or_keep(minhash(config, a)), -1);
  EXPECT_EQ(kept.find_or_keep(minhash(config, b)), -1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(kept.find_or_keep(minhash(config, b)), 1);
    EXPECT_EQ(kept.find_or_keep(minhash(config, a)), 0);
  }
}

TEST(NearDuplicates, GrowsWithoutLosingAnyone) {
  const DedupConfig config;
  NearDuplicates kept(config);
  std::vector<std::vector<uint32_t>> signatures;
  Rng rng(4);
  for (int i = 0; i < 3000; ++i) {
    signatures.push_back(minhash(config, random_words(rng, 8)));
    ASSERT_EQ(kept.find_or_keep(signatures.back()), -1);
  }
  for (size_t i = 0; i < signatures.size(); ++i) ASSERT_EQ(kept.find_or_keep(signatures[i]), int64_t(i));
}

TEST(HashSet, HoldsEachValueOnce) {
  HashSet set;
  for (uint64_t i = 0; i < 10000; ++i) EXPECT_TRUE(set.insert(i * 7919 + 2));
  for (uint64_t i = 0; i < 10000; ++i) EXPECT_FALSE(set.insert(i * 7919 + 2));
  EXPECT_EQ(set.size(), 10000u);
}

TEST(DedupConfig, SaysWhatIsOutOfRange) {
  DedupConfig config;
  config.bands = 0;
  config.threshold = 1.5;
  EXPECT_EQ(config.validate().size(), 2u);
}

}  // namespace ingot
