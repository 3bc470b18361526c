#include "ingot/plan/cost/run_folder.h"

#include <gtest/gtest.h>

#include "ingot/base/file.h"
#include "ingot/base/json.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot::cost {

void write_run(const TempFolder& folder, const std::string& name, const Json& record) {
  fs::create_directories(folder / name);
  write_json(folder / (name + "/run.json"), record);
}

Json record(double params, double tokens, double loss, double cpu_s) {
  return {{"status", "finished"},
          {"model", {{"params", params}}},
          {"train",
           {{"tokens", tokens},
            {"cpu_s", cpu_s},
            {"wall_s", cpu_s / 2},
            {"flops_per_token", 6 * params},
            {"mfu", 0.4},
            {"steps", 10}}},
          {"eval", {{"val_loss", loss}}},
          {"machine", {{"cpu", "EPYC"}}}};
}

TEST(RunFolder, ReadsWhatTheTrainerMeasured) {
  TempFolder folder;
  write_run(folder, "a", record(1e6, 2e7, 3.1, 100));
  const RunSummary run = read_run(folder / "a");
  EXPECT_EQ(run.name, "a");
  EXPECT_EQ(run.machine, "EPYC");
  EXPECT_EQ(run.params, 1e6);
  EXPECT_EQ(run.loss, 3.1);
  EXPECT_EQ(run.flops_per_second(), 2e7 * 6e6 / 100);
  EXPECT_EQ(read_runs({folder.path().string()}).size(), 1u);
  EXPECT_EQ(scaling_points({run}).size(), 1u);
}

TEST(RunFolder, ReadsARecordInUnitsOfTokens) {
  TempFolder folder;
  write_run(
      folder, "a",
      {{"status", "finished"},
       {"model", {{"family", "gpt"}, {"parameters", 90000}, {"flops_per_unit", 540000.0}}},
       {"train",
        {{"unit", "token"}, {"units", 1638400}, {"units_per_s", 44444.4}, {"tokens_per_s", 44444.4}, {"cpu_s", 66.4}}},
       {"eval", {{"validation", {{"loss", 3.2}, {"bits_per_byte", 1.8}}}}}});
  const RunSummary run = read_run(folder / "a");
  EXPECT_EQ(run.params, 90000);
  EXPECT_EQ(run.tokens, 1638400);
  EXPECT_EQ(run.flops_per_token, 540000);
  EXPECT_EQ(run.loss, 3.2);
}

TEST(RunFolder, ReviewsForecastsOfFinishedRuns) {
  TempFolder folder;
  const ScalingLaw law{20, 400, 1.2, .25, .4};
  for (const double n : {1e5, 3e5, 1e6})
    for (const double d : {1e6, 3e6, 1e7})
      write_run(folder, std::to_string(int(n)) + "-" + std::to_string(int(d)),
                record(n, d, law.loss(n, d), (1e-5 + 6 * n / 1e10) * d));
  const auto reviews = review_runs(read_runs({folder.path().string()}));
  ASSERT_EQ(reviews.size(), 9u);
  for (const auto& review : reviews) {
    ASSERT_EQ(review.rows.size(), 2u);
    EXPECT_NEAR(review.rows[0].error(), 0, 1e-9);  // the same overhead and FLOP/s everywhere
    EXPECT_EQ(review.rows[0].source, "overhead and FLOP/s fitted to 8 other runs on this machine");
    EXPECT_NEAR(review.rows[1].error(), 0, 0.01);
  }
}

TEST(RunFolder, AStoredForecastCountsFirstAndUnfinishedRunsNot) {
  TempFolder folder;
  Json a = record(1e6, 2e7, 3.1, 100), b = a;
  a["forecast"] = {{"cpu_s", 80}};
  b["status"] = "interrupted";
  write_run(folder, "a", a);
  write_run(folder, "b", b);
  const auto reviews = review_runs(read_runs({folder.path().string()}));
  ASSERT_EQ(reviews.size(), 1u);
  ASSERT_EQ(reviews[0].rows.size(), 1u);
  EXPECT_NEAR(reviews[0].rows[0].error(), -0.2, 1e-12);
}

TEST(RunFolder, ErrorsNameFileAndField) {
  TempFolder folder;
  EXPECT_NE(error_of([&] { read_run(folder / "none"); }).find("does not exist, expected the record"),
            std::string::npos);
  EXPECT_NE(error_of([&] { read_runs({folder.path().string()}); }).find("holds no run.json"), std::string::npos);
  write_run(folder, "a", {{"train", {{"tokens", "many"}}}});
  EXPECT_NE(error_of([&] { read_run(folder / "a"); }).find("train.tokens is \"many\", expected a number"),
            std::string::npos);
  write_run(folder, "b", {{"train", {{"mfu", 1.5}}}});
  EXPECT_NE(error_of([&] { read_run(folder / "b"); }).find("train.mfu is 1.5, expected a share"), std::string::npos);
}

}  // namespace ingot::cost
