#include "ingot/tasks/detect.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/models/registry.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

class DetectTest : public testing::Test {
 protected:
  // A bright square in each of five images of two shapes.
  void SetUp() override {
    Json json = {{"images", Json::array()},
                 {"annotations", Json::array()},
                 {"categories", Json::array({{{"id", 1}, {"name", "square"}}})}};
    for (int i = 0; i < 5; ++i) {
      Image image{i % 2 ? 32 : 48, 64, 3, {}};
      image.pixels.assign(size_t(image.height * image.width * 3), 20);
      for (int64_t y = 8; y < 24; ++y)
        for (int64_t x = 4 * i; x < 4 * i + 16; ++x) std::fill_n(image.at(y, x), 3, uint8_t(220));
      const auto name = std::to_string(i) + ".png";
      write_file_atomic(folder_ / name, encode_png(image));
      json["images"].push_back({{"id", i}, {"file_name", name}});
      json["annotations"].push_back({{"image_id", i}, {"category_id", 1}, {"bbox", {4 * i, 8, 16, 16}}});
    }
    write_json(folder_ / "boxes.json", json);
  }
  std::unique_ptr<Task> make(const std::string& data = "", Purpose purpose = Purpose::Train) {
    const auto path = (folder_ / "boxes.json").string();
    return make_task(
        parse_toml("[model]\nname = \"faster_rcnn\"\nextra_level = false\nfpn_channels = 8\n"
                   "[model.backbone]\ndepth = 0\nlayers = [1]\nwidth = 8\nnorm = \"group\"\ngroups = 2\n"
                   "[model.rpn]\nanchor_sizes = [16]\n[model.roi]\nrepresentation = 8\n[data]\ntrain = \"" +
                       path + "\"\ntest = \"" + path + "\"\nmin_size = 32\nmax_size = 64\n" + data,
                   "r.toml"),
        {.purpose = purpose, .batch_size = 2, .seed = 4, .run_folder = (folder_ / "run").string()});
  }
  TempFolder folder_;
};

TEST_F(DetectTest, PadsImagesAndMovesTheirBoxes) {
  const auto task = make();
  EXPECT_EQ(task->batches_per_epoch(), 3);
  const auto batch = task->train_batch(0);
  EXPECT_EQ(batch["images"].size(2) % 32, 0);
  EXPECT_EQ(batch["boxes"].sizes(), (at::IntArrayRef{2, 4}));
  EXPECT_TRUE(batch["images"].equal(make()->train_batch(0)["images"])) << "pure";
  const auto boxes = [&](int64_t index) { return task->train_batch(index)["boxes"]; };
  EXPECT_FALSE(boxes(0).equal(boxes(3)) && boxes(1).equal(boxes(4))) << "shuffled anew";
  EXPECT_EQ(task->train_batch(2).weight, 1);
}

TEST_F(DetectTest, KeepsBoxesOnTheirObjects) {
  const auto task = make("flip = true\nflip_vertical = true\nscale_low = 0.6\nscale_high = 1.4\n");
  for (int64_t index = 0; index < 12; ++index) {
    const auto batch = task->train_batch(index);
    for (int64_t i = 0; i < batch["boxes"].size(0); ++i) {
      const auto box = batch["boxes"][i];
      const auto at = [&](int64_t k) { return box[k].item<double>(); };
      const auto inside = batch["images"][i][0][int64_t((at(1) + at(3)) / 2)];
      EXPECT_GT(inside[int64_t((at(0) + at(2)) / 2)].item<double>(), 1) << "the middle is bright";
      const auto column = batch["images"][i][0].select(1, int64_t((at(0) + at(2)) / 2));
      EXPECT_LT(column[int64_t(at(1)) - 3].item<double>(), 0) << "above it is dark";
      if (at(0) > 3) {
        EXPECT_LT(inside[int64_t(at(0)) - 3].item<double>(), 0) << "left of it is dark";
      }
    }
  }
}

TEST_F(DetectTest, EvaluatesPredictsAndDraws) {
  const auto task = make();
  task->initialise();
  const auto metrics = task->evaluate("test");
  for (const char* name : {"map50", "coco_map", "ap50", "counts", "images"})
    EXPECT_TRUE(metrics.contains(name)) << name;
  EXPECT_EQ(metrics["counts"]["square"]["annotated"], 1.0);
  EXPECT_TRUE(task->evaluate("validation").empty());
  task->save_assets((folder_ / "run/assets").string());
  const auto trained = make("", Purpose::Infer);
  trained->initialise();
  const auto out = (folder_ / "x.svg").string();
  const auto answer = trained->predict({{"file", (folder_ / "0.png").string()}, {"out", out}});
  EXPECT_TRUE(answer["counts"].contains("square"));
  EXPECT_NE(read_file(out).find("<image"), std::string::npos);
  EXPECT_NE(error_of([&] {
              trained->predict({{"text", "x"}});
            }).find("the request has no string \"file\""),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              trained->predict({{"file", (folder_ / "0.png").string()}, {"out", "x.bmp"}});
            }).find("expected a name that ends with .svg"),
            std::string::npos);
}

}  // namespace
}  // namespace ingot
