#include "ingot/data/pii.h"

#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "ingot/base/csv.h"

namespace ingot {
namespace {

// tests/data/pii.csv: text, kind (empty: nothing personal in it), and the exact span that must be redacted.
// Half of the rows are look-alikes, and some are known misses: "jane at example dot com", local numbers without an
// area code, versions of four parts that read as an address.
struct Score {
  int hits = 0, found = 0, labelled = 0;
};

}  // namespace

TEST(Pii, RecallAndPrecisionOnTheLabelledTable) {
  const CsvTable table = read_csv(std::string(INGOT_SOURCE_DIR) + "/tests/data/pii.csv");
  std::map<std::string, Score> scores;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::string &text = table.text(row, "text"), kind = table.text(row, "kind"), span = table.text(row, "span");
    if (!kind.empty()) ++scores[kind].labelled;
    for (const auto& hit : find_pii(text)) {
      Score& score = scores[std::string(to_string(hit.kind))];
      ++score.hits;
      const bool right = to_string(hit.kind) == kind && text.substr(hit.begin, hit.end - hit.begin) == span;
      score.found += right;
      if (!right) std::printf("false hit   %s in: %s\n", std::string(to_string(hit.kind)).c_str(), text.c_str());
    }
    if (!kind.empty() && find_pii(text).empty()) std::printf("missed      %s in: %s\n", kind.c_str(), text.c_str());
  }
  Score all;
  std::printf("%-11s %6s %9s %6s\n", "kind", "recall", "precision", "rows");
  for (const auto& [kind, score] : scores) {
    const double recall = double(score.found) / score.labelled, precision = double(score.found) / score.hits;
    std::printf("%-11s %6.3f %9.3f %6d\n", kind.c_str(), recall, precision, score.labelled);
    EXPECT_GE(recall, 0.84) << kind;
    EXPECT_GE(precision, 0.84) << kind;
    all.hits += score.hits, all.found += score.found, all.labelled += score.labelled;
  }
  std::printf("%-11s %6.3f %9.3f %6d\n", "all", double(all.found) / all.labelled, double(all.found) / all.hits,
              all.labelled);
  EXPECT_GE(table.rows.size(), 150u);
  EXPECT_EQ(scores.size(), kNumPii);
}

// ISO/IEC 7812-1 annex B; ISO 13616 registry examples; GB 11643-1999 appendix.
TEST(Pii, CheckDigits) {
  EXPECT_TRUE(luhn_ok("79927398713"));
  EXPECT_FALSE(luhn_ok("79927398710"));
  EXPECT_TRUE(iban_ok("GB29NWBK60161331926819"));
  EXPECT_FALSE(iban_ok("GB29NWBK60161331926818"));
  EXPECT_TRUE(chinese_id_ok("11010519491231002X"));
  EXPECT_TRUE(chinese_id_ok("440524188001010014"));
  EXPECT_FALSE(chinese_id_ok("440524188001010015"));
}

TEST(Pii, RedactsEnabledKindsOnly) {
  PiiConfig config;
  config.phone = false;
  PiiCounts counts{};
  std::string text = "Write to jane@example.com or call +44 20 7946 0958, 写信给 li@例 or li@example.cn。";
  redact_pii(config, text, counts);
  EXPECT_EQ(text, "Write to <EMAIL> or call +44 20 7946 0958, 写信给 li@例 or <EMAIL>。");
  EXPECT_EQ(counts[size_t(Pii::Email)], 2);
  EXPECT_EQ(counts[size_t(Pii::Phone)], 0);
}

TEST(Pii, RedactionLeavesNothingToFind) {
  const CsvTable table = read_csv(std::string(INGOT_SOURCE_DIR) + "/tests/data/pii.csv");
  for (size_t row = 0; row < table.rows.size(); ++row) {
    std::string text = table.text(row, "text");
    PiiCounts counts{};
    redact_pii({}, text, counts);
    EXPECT_TRUE(find_pii(text).empty()) << text;
  }
}

}  // namespace ingot
