#include "ingot/tasks/binary_metrics.h"

#include <cmath>

#include <gtest/gtest.h>

namespace ingot {
namespace {

// The example of sklearn.metrics.roc_auc_score.
TEST(BinaryMetrics, RanksAsPublished) {
  EXPECT_DOUBLE_EQ(auc({{.1, .4, .35, .8}, {0, 0, 1, 1}}), 0.75);
  EXPECT_DOUBLE_EQ(auc({{.5, .5, .5}, {0, 1, 1}}), 0.5);  // ties count half
  EXPECT_DOUBLE_EQ(auc({{.2, .2, .9}, {0, 1, 1}}), 0.75);
  EXPECT_TRUE(std::isnan(auc({{.1, .2}, {1, 1}})));
  EXPECT_NEAR(log_loss({{.9, .1, .2, .65}, {1, 0, 0, 1}}), 0.21616, 1e-5);  // sklearn.metrics.log_loss
}

TEST(BinaryMetrics, WeighsGroupsByRecordsAndSkipsOneSidedOnes) {
  const Scored scored{{.1, .9, .9, .5, .1, .7}, {0, 1, 0, 0, 1, 1}};
  // Group 0: (.1 no, .9 yes) 1. Group 1: (.9 no, .5 no, .1 yes) 0. Group 2: one record.
  EXPECT_DOUBLE_EQ(grouped_auc(scored, {0, 0, 1, 1, 1, 2}), (2 * 1. + 3 * 0.) / 5);
}

TEST(BinaryMetrics, MeasuresCalibrationAndGroups) {
  Scored scored;
  for (int i = 0; i < 200; ++i) {
    scored.probability.push_back(i < 100 ? 0.25 : 0.75);
    scored.label.push_back(i % 4 == 0 || (i >= 100 && i % 4 != 3) ? 1.f : 0.f);
  }
  EXPECT_NEAR(expected_calibration_error(reliability(scored)), 0, 1e-12);
  for (int i = 0; i < 100; ++i) scored.probability[size_t(i)] = 0.45;
  EXPECT_NEAR(expected_calibration_error(reliability(scored)), 0.1, 1e-12);
  std::vector<uint32_t> groups(200);
  for (size_t i = 100; i < 200; ++i) groups[i] = 1;
  const auto table = audit(scored, groups, {"young", "old"});
  EXPECT_EQ(table["groups"]["young"]["selected"], 0);
  EXPECT_EQ(table["groups"]["old"]["selected"], 1);
  EXPECT_DOUBLE_EQ(table["groups"]["old"]["base_rate"], 0.75);
  EXPECT_DOUBLE_EQ(table["demographic_parity_gap"], 1);
  EXPECT_DOUBLE_EQ(table["equal_opportunity_gap"], 1);
  const auto svg = reliability_svg("a < b", {{"test", reliability(scored)}});
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
  EXPECT_NE(svg.find("200, ECE 0.100"), std::string::npos);
}

}  // namespace
}  // namespace ingot
