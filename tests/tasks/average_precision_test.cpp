#include "ingot/tasks/average_precision.h"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "support/fixture.h"

namespace ingot {
namespace {

TEST(AveragePrecision, EqualsCocosToyCurves) {
  EXPECT_NEAR(precision_at_101({true, false, true, true, false}, 4), 0.6287128713, 1e-9);
  EXPECT_EQ(precision_at_101({true, true}, 2), 1);
  EXPECT_NEAR(precision_at_101({false, true}, 1), 0.5, 1e-12);
  EXPECT_EQ(precision_at_101({}, 3), 0);
}

// github.com/rafaelpadilla/Object-Detection-Metrics, README: 7 images, 15 true boxes, 24 found ones, IoU 0.3. Its
// corners are pixels inside the box, hence the 1. The README rounds recalls and precisions to four digits before it
// adds: 24.56 %.
TEST(AveragePrecision, EqualsThePublishedSample) {
  INGOT_FIXTURE(folder, "fixture-detection-metrics");
  std::vector<JudgedImage> images;
  for (int i = 1; i <= 7; ++i) {
    JudgedImage image;
    const auto name = "0000" + std::to_string(i) + ".txt";
    std::string label;
    float x = 0, y = 0, w = 0, h = 0;
    double score = 0;
    for (std::ifstream file(folder / "groundtruths" / name); file >> label >> x >> y >> w >> h;)
      image.truth.push_back({{x, y, x + w + 1, y + h + 1}, 0, false});
    for (std::ifstream file(folder / "detections" / name); file >> label >> score >> x >> y >> w >> h;)
      image.found.push_back({{x, y, x + w + 1, y + h + 1}, 0, score});
    images.push_back(std::move(image));
  }
  EXPECT_NEAR(voc_average_precision(images, 0, 0.3), 0.2456, 1e-4);
  EXPECT_NEAR(voc_average_precision(images, 0, 0.3, Interpolation::ElevenPoints), 0.2684, 1e-4);
}

JudgedImage two_objects() {
  return {{{{0, 0, 10, 10}, 0, 0.9}, {{20, 0, 30, 8}, 0, 0.8}, {{50, 50, 60, 60}, 0, 0.7}},
          {{{0, 0, 10, 10}, 0, false}, {{20, 0, 30, 10}, 0, false}}};
}

TEST(AveragePrecision, FollowsTheOverlapAsked) {
  const std::vector<JudgedImage> images = {two_objects()};
  EXPECT_EQ(coco_average_precision(images, 0, 0.8), 1);
  EXPECT_NEAR(coco_average_precision(images, 0, 0.85), 51.0 / 101, 1e-12);  // recalls 0 to 0.5 are reached
  const auto metrics = detection_metrics(images, {"cell", "absent"});
  EXPECT_EQ(metrics["map50"], 1.0);
  EXPECT_NEAR(metrics["coco_map"].get<double>(), (7 + 3 * 51.0 / 101) / 10, 1e-12);  // 0.5 .. 0.8 find both
  EXPECT_EQ(metrics["ap50"].size(), 1u);
}

TEST(AveragePrecision, CountsACrowdAsNothing) {
  auto image = two_objects();
  image.truth.push_back({{45, 45, 80, 80}, 0, true});
  image.found.push_back({{46, 46, 52, 52}, 0, 0.95});  // inside the crowd: not an error
  double recall = 0;
  EXPECT_EQ(coco_average_precision({image}, 0, 0.5, &recall), 1);
  EXPECT_EQ(recall, 1);
  EXPECT_TRUE(std::isnan(coco_average_precision({image}, 1, 0.5)));
}

TEST(AveragePrecision, TakesASecondBoxOnOneObjectAsAnError) {
  auto image = two_objects();
  image.found = {{{0, 0, 10, 10}, 0, 0.9}, {{0, 0, 10, 9}, 0, 0.85}, {{20, 0, 30, 10}, 0, 0.8}};
  EXPECT_NEAR(voc_average_precision({image}, 0, 0.5), 0.5 + 0.5 * 2 / 3, 1e-12);
}

}  // namespace
}  // namespace ingot
