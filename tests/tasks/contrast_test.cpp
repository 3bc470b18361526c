#include "ingot/tasks/contrast.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/models/registry.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

class ContrastTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string table = "image,text\n";
    for (int i = 0; i < 6; ++i) {
      const auto name = std::to_string(i) + ".png";
      write_file_atomic(folder_ / name, encode_png({8, 8, 3, std::vector<uint8_t>(192, uint8_t(40 * i))}));
      table += name + ",shade number" + std::to_string(i) + ";grey;plain\n";
    }
    write_file_atomic(folder_ / "t.csv", table);
  }
  std::unique_ptr<Task> make(const std::string& data = "", Purpose purpose = Purpose::Train, int64_t batch = 4) {
    const auto table = (folder_ / "t.csv").string();
    return make_task(
        parse_toml("[model]\nname = \"clip\"\nembedding = 8\n[model.image]\ndepth = 0\nlayers = [1]\nwidth = 8\nstem = "
                   "\"small\"\n[model.text]\nlayers = 1\nwidth = 8\nheads = 2\ninner = 8\n[data]\ntrain = \"" +
                       table + "\"\ntest = \"" + table + "\"\nsize = 8\n" + data,
                   "r.toml"),
        {.purpose = purpose, .batch_size = batch, .seed = 4, .run_folder = (folder_ / "run").string()});
  }
  TempFolder folder_;
};

TEST_F(ContrastTest, PairsImagesAndTexts) {
  const auto task = make("keep_texts = 0.5\n");
  EXPECT_EQ(task->batches_per_epoch(), 1);  // of 4; 2 are left out
  const auto batch = task->train_batch(3);
  EXPECT_EQ(batch["images"].sizes(), (at::IntArrayRef{4, 3, 8, 8}));
  EXPECT_EQ(batch["ids"].size(0), 4);
  EXPECT_TRUE(batch["real"].select(1, 0).all().item<bool>());
  EXPECT_FALSE(batch["same"].any().item<bool>());
  EXPECT_TRUE(batch["ids"].equal(make("keep_texts = 0.5\n")->train_batch(3)["ids"])) << "pure";
  EXPECT_NE(error_of([&] { make("", Purpose::Train, 7); }).find("has 6 pairs, expected at least a batch of 7"),
            std::string::npos);
  EXPECT_NE(error_of([&] { make("", Purpose::Train, 1); }).find("train.batch_size is 1, expected at least 2"),
            std::string::npos);
  EXPECT_NE(error_of([&] { make("[data.augment]\nmixup = 0.2\n"); }).find("a blend of two images has no one text"),
            std::string::npos);
}

TEST_F(ContrastTest, MarksPairsOfOneClass) {
  const auto batch = make("class_column = \"text\"\nseparator = \"\"\n")->train_batch(0);
  EXPECT_FALSE(batch["same"].any().item<bool>());  // six texts
  write_file_atomic(folder_ / "t.csv", "image,text,kind\n0.png,a,x\n1.png,b,x\n2.png,c,x\n3.png,d,x\n");
  const auto all = make("class_column = \"kind\"\n")->train_batch(0)["same"];
  EXPECT_EQ(all.sum().item<int64_t>(), 12);  // all but the diagonal
}

TEST_F(ContrastTest, CountsAPartnerOfTheSameLabelAsFound) {
  const auto similarity = torch::tensor({{0.9, 0.1, 0.2}, {0.8, 0.3, 0.5}, {0.1, 0.2, 0.7}});
  EXPECT_NEAR(recall_at(similarity, {"a", "b", "c"}, {"a", "b", "c"}, 1), 2.0 / 3, 1e-12);
  EXPECT_NEAR(recall_at(similarity, {"a", "b", "c"}, {"a", "b", "c"}, 2), 2.0 / 3, 1e-12);
  EXPECT_EQ(recall_at(similarity, {"a", "b", "c"}, {"a", "b", "c"}, 10), 1);
  EXPECT_EQ(recall_at(similarity, {"a", "a", "c"}, {"a", "b", "c"}, 1), 1);
}

TEST_F(ContrastTest, EvaluatesAndAnswers) {
  const auto task = make();
  task->initialise();
  const auto metrics = task->evaluate("test");
  EXPECT_EQ(metrics["recall10"], 1.0);  // of six
  EXPECT_TRUE(metrics["image_to_text"].contains("recall1"));
  task->save_assets((folder_ / "run/assets").string());
  const auto trained = make("", Purpose::Infer);
  trained->initialise();
  const auto image = (folder_ / "0.png").string();
  const auto named = trained->predict({{"file", image}, {"texts", {"shade", "plain"}}});
  EXPECT_EQ(named["top"].size(), 2u);
  EXPECT_NEAR(named["top"][0]["score"].get<double>() + named["top"][1]["score"].get<double>(), 1, 1e-6);
  const auto found = trained->predict({{"text", "grey"}, {"images", folder_.path().string()}});
  EXPECT_EQ(found["top"].size(), 5u);
  EXPECT_NE(error_of([&] {
              trained->predict({{"file", image}});
            }).find("the request has no list \"texts\""),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              trained->predict({{"text", "grey"}});
            }).find("the request has no \"text\" and \"images\""),
            std::string::npos);
}

}  // namespace
}  // namespace ingot
