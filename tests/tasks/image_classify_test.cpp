#include "ingot/tasks/image_classify.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/models/registry.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

class ImageClassifyTest : public testing::Test {
 protected:
  // Bright squares are class "light", dark ones "dark"; 11 images.
  void SetUp() override {
    for (int i = 0; i < 11; ++i) {
      const auto path = folder_ / ((i % 2 ? "train/light/" : "train/dark/") + std::to_string(i) + ".png");
      fs::create_directories(path.parent_path());
      Image image{8, 8, 1, std::vector<uint8_t>(64, uint8_t(i % 2 ? 200 + i : 20 + i))};
      image.pixels[size_t(i)] = 128;
      write_file_atomic(path, encode_png(image));
    }
  }
  std::unique_ptr<Task> make(const std::string& data = "", int64_t batch = 5, Purpose purpose = Purpose::Train) {
    const std::string train = (folder_ / "train").string();
    return make_task(
        parse_toml(
            "[model]\nname = \"resnet\"\ndepth = 0\nlayers = [1]\nwidth = 8\nstem = \"small\"\n[data]\ntrain = \"" +
                train + "\"\ntest = \"" + train + "\"\nchannels = 1\n" + data,
            "r.toml"),
        {.purpose = purpose, .batch_size = batch, .seed = 4, .run_folder = (folder_ / "run").string()});
  }
  TempFolder folder_;
};

TEST_F(ImageClassifyTest, ShowsEachImageOnceAnEpochAndNeverOneAlone) {
  const auto task = make();
  EXPECT_EQ(task->batches_per_epoch(), 2);  // of 5 and 5: the eleventh would be alone
  EXPECT_EQ(make("", 4)->batches_per_epoch(), 3);
  const auto batch = task->train_batch(1);
  EXPECT_EQ(batch["images"].sizes(), (at::IntArrayRef{5, 1, 8, 8}));
  EXPECT_EQ(batch.weight, 5);
  EXPECT_TRUE(batch["images"].equal(make()->train_batch(1)["images"])) << "pure";
  EXPECT_FALSE(batch["images"].equal(task->train_batch(3)["images"])) << "shuffled anew";
  EXPECT_NE(error_of([&] { make("", 1); }).find("train.batch_size is 1, expected at least 2: BatchNorm"),
            std::string::npos);
  EXPECT_EQ(error_of([&] { make("size = -1\n"); }),
            "[recipe] r.toml:11:1: data.size: got -1, expected 0 (as they are) to 4096");
}

TEST_F(ImageClassifyTest, NormalisesByTheTrainingImages) {
  const auto task = make("", 11);
  const auto x = task->train_batch(0)["images"];
  EXPECT_NEAR(x.mean().item<double>(), 0, 1e-4);
  EXPECT_NEAR(x.std(false).item<double>(), 1, 1e-4);
  const auto given = make("mean = [0.5]\nstd = [0.25]\n", 11)->train_batch(0)["images"];
  EXPECT_NEAR(given.max().item<double>(), (209 / 255.0 - 0.5) / 0.25, 1e-5);
}

TEST_F(ImageClassifyTest, MixesImagesAndTheirLoss) {
  for (const char* how : {"mixup = 0.5\n", "cutmix = 1.0\n"}) {
    const auto task = make(std::string("label_smoothing = 0.1\n[data.augment]\n") + how);
    task->initialise();
    const auto batch = task->train_batch(0);
    const double lambda = batch["lambda"].item<double>();
    EXPECT_TRUE(lambda >= 0 && lambda <= 1) << how;
    EXPECT_TRUE(batch["other_labels"].equal(batch["labels"].roll({1}, {0})));
    EXPECT_NEAR(task->loss(batch, "model").item<double>(), 5 * std::log(2), 3) << how;
  }
}

TEST_F(ImageClassifyTest, LearnsEvaluatesAndPredicts) {
  const auto task = make("[data.augment]\nflip = true\n");
  task->initialise();
  torch::optim::SGD optimizer(task->module().parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  for (int64_t step = 0; step < 60; ++step) {
    task->module().train();
    optimizer.zero_grad();
    const auto batch = task->train_batch(step);
    (task->loss(batch, "model") / batch.weight).backward();
    optimizer.step();
  }
  const auto metrics = task->evaluate("test");
  EXPECT_EQ(metrics["accuracy"], 1);
  EXPECT_EQ(metrics["samples"], 11);
  EXPECT_LT(metrics["ece"].get<double>(), 0.2);
  EXPECT_NE(error_of([&] { task->evaluate("dev"); }).find("this run has no split 'dev'"), std::string::npos);

  task->save_assets((folder_ / "run/assets").string());
  const auto loaded = make("", 1, Purpose::Infer);
  const torch::NoGradGuard no_grad;
  for (auto& item : loaded->module().named_parameters())
    item.value().copy_(task->module().named_parameters()[item.key()]);
  for (auto& item : loaded->module().named_buffers()) item.value().copy_(task->module().named_buffers()[item.key()]);
  write_file_atomic(folder_ / "big.png", encode_png({20, 30, 3, std::vector<uint8_t>(1800, 210)}));
  const auto answer = loaded->predict({{"file", (folder_ / "big.png").string()}});
  EXPECT_EQ(answer["label"], "light");
  EXPECT_EQ(answer["top"].size(), 2u);
  EXPECT_NE(error_of([&] { loaded->predict({{"text", "x"}}); }).find("expected {\"file\""), std::string::npos);
  write_file_atomic(folder_ / "no.png", "no image");
  EXPECT_NE(error_of([&] {
              loaded->predict({{"file", (folder_ / "no.png").string()}});
            }).find("no.png does not decode: it is neither PNG nor JPEG"),
            std::string::npos);

  task->illustrate(folder_.path().string());
  EXPECT_NE(read_file(folder_ / "confusion.svg").find(">light</text>"), std::string::npos);
  EXPECT_NE(read_file(folder_ / "reliability.svg").find("expected calibration error"), std::string::npos);
}

TEST(ClassificationReport, MeasuresCalibration) {
  ClassificationReport report({"a", "b"});
  report.add(0, 0, 0, 0.9, 0.1);  // bin 0.9 of 14: 2 samples, 1 right, mean confidence 0.9: off by 0.4
  report.add(0, 1, 1, 0.9, 2.3);
  report.add(1, 1, 0, 0.6, 0.5);  // alone in its bin: off by 0.4
  report.add(1, 1, 0, 1.0, 0.0);  // exact
  EXPECT_NEAR(report.ece(), (2 * 0.4 + 0.4) / 4, 1e-12);
  EXPECT_EQ(report.count(0, 1), 1);
  const auto metrics = report.metrics();
  EXPECT_EQ(metrics["accuracy"], 0.75);
  EXPECT_FALSE(metrics.contains("top5"));
}

}  // namespace
}  // namespace ingot
