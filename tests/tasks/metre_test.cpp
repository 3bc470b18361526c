#include "ingot/tasks/metre.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

TEST(Metre, MeasuresClauses) {
  EXPECT_EQ(clause_lengths("牀前看月光，疑是地上霜。"), (std::vector<int64_t>{5, 5}));
  EXPECT_EQ(clause_lengths("君不見，黃河之水天上來"), (std::vector<int64_t>{3, 7}));
  EXPECT_EQ(clause_lengths("（一作）□見　歸"), (std::vector<int64_t>{2, 2, 1})) << "a lost character is a syllable";
  EXPECT_EQ(clause_lengths("，。 "), std::vector<int64_t>{});
}

TEST(Metre, ScansWhenClausesAreEquallyLong) {
  const std::vector<int64_t> metre = {5, 7};
  EXPECT_TRUE(scans("牀前看月光，疑是地上霜。", metre));
  EXPECT_TRUE(scans("朝辭白帝彩雲間，千里江陵一日還。", metre));
  EXPECT_FALSE(scans("朝辭白帝彩雲間，疑是地上霜。", metre));
  EXPECT_FALSE(scans("關關雎鳩，在河之洲。", metre)) << "four is not among them";
  EXPECT_FALSE(scans("牀前看月光", metre)) << "one clause";
  EXPECT_FALSE(scans("", metre));
}

TEST(Metre, VersesAreLinesWithCharacters) {
  EXPECT_EQ(verses("甲，乙。\n\n。\n丙"), (std::vector<std::string_view>{"甲，乙。", "丙"}));
}

}  // namespace
}  // namespace ingot
