#include "ingot/engine/schedule.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

TEST(Schedule, WarmsUpThenHolds) {
  const ScheduleConfig config{.warmup = 4};
  EXPECT_DOUBLE_EQ(schedule_factor(config, 0, 100), 0.25);
  EXPECT_DOUBLE_EQ(schedule_factor(config, 3, 100), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(config, 99, 100), 1);
}

TEST(Schedule, FallsAsItsNameSays) {
  for (const auto kind : {ScheduleKind::Linear, ScheduleKind::Cosine}) {
    const ScheduleConfig config{.name = kind, .warmup = 20, .min_factor = 0.1};
    EXPECT_DOUBLE_EQ(schedule_factor(config, 20, 120), 1);
    EXPECT_NEAR(schedule_factor(config, 70, 120), 0.55, 1e-12);  // half-way
    EXPECT_GT(schedule_factor(config, 119, 120), 0.1);
    EXPECT_NEAR(schedule_factor(config, 119, 120), 0.1, 0.01);
    EXPECT_DOUBLE_EQ(schedule_factor(config, 500, 120), 0.1);
  }
}

TEST(Schedule, WsdIsFlatUntilItsLastPart) {
  const ScheduleConfig config{.name = ScheduleKind::Wsd, .warmup = 10, .decay_share = 0.2};
  EXPECT_DOUBLE_EQ(schedule_factor(config, 79, 100), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(config, 90, 100), 0.5);
  EXPECT_NEAR(schedule_factor(config, 99, 100), 0.05, 1e-12);
}

TEST(Schedule, TakesRunsShorterThanItsWarmUp) {
  const ScheduleConfig config{.name = ScheduleKind::Cosine, .warmup = 100};
  EXPECT_DOUBLE_EQ(schedule_factor(config, 0, 1), 0.01);
  EXPECT_DOUBLE_EQ(schedule_factor({.name = ScheduleKind::Linear}, 0, 1), 1);
}

TEST(Schedule, RejectsWhatMakesNoSense) {
  EXPECT_EQ((ScheduleConfig{.warmup = -1, .min_factor = 2, .decay_share = -0.5}).validate().size(), 3u);
}

}  // namespace
}  // namespace ingot
