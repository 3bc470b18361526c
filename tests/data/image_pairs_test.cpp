#include "ingot/data/image_pairs.h"

#include <gtest/gtest.h>

#include "ingot/base/file.h"
#include "ingot/data/audio.h"
#include "support/error_of.h"
#include "support/fixture.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

class ImagePairsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a.png", "b.png"})
      write_file_atomic(folder_ / name, encode_png({12, 16, 3, std::vector<uint8_t>(12 * 16 * 3, 9)}));
  }
  std::string table(const std::string& name, const std::string& text) {
    write_file_atomic(folder_ / name, text);
    return (folder_ / name).string();
  }
  std::string error(const std::string& where) {
    return error_of([&] { read_image_pairs(where, config_); });
  }
  TempFolder folder_;
  ImagePairConfig config_{.train = "x", .text_columns = {"name", "words"}, .size = 8};
};

TEST_F(ImagePairsTest, ReadsCsvAndJsonl) {
  const auto csv =
      table("t.csv", "image,name,words,split\na.png,an apple,red;round,train\nb.png,a ball,,train\na.png,x,y,test\n");
  const auto jsonl =
      table("t.jsonl",
            "{\"image\": \"a.png\", \"name\": \"an apple\", \"words\": [\"red\", \"round\"], \"split\": \"train\"}\n"
            "{\"image\": \"b.png\", \"name\": \"a ball\", \"words\": [], \"split\": \"train\"}\n");
  for (const auto& where : {csv + ":train", jsonl}) {
    const auto set = read_image_pairs(where, config_);
    ASSERT_EQ(set.pairs.size(), 2u);
    EXPECT_EQ(set.pairs[0].texts, (std::vector<std::string>{"an apple", "red", "round"}));
    EXPECT_EQ(set.pairs[1].texts, std::vector<std::string>{"a ball"});
    EXPECT_EQ(set.pairs[0].image.width, 8);
    EXPECT_NE(set.pairs[0].label, set.pairs[1].label);
    EXPECT_EQ(set.hash, read_image_pairs(csv + ":train", config_).hash);
  }
  EXPECT_NE(error(csv + ":tset").find("has 0 pairs, expected at least two; is split_column right?"), std::string::npos);
  config_.text_columns = {"caption"};
  EXPECT_NE(error(csv).find("caption"), std::string::npos);
  EXPECT_NE(error(jsonl).find("t.jsonl:1 has no 'caption'"), std::string::npos);
}

TEST_F(ImagePairsTest, ReadsSoundsOfClasses) {
  for (const char* name : {"a.wav", "b.wav"})
    write_file_atomic(folder_ / name, encode_wav(std::vector<float>(80, 0.5f), 8000));
  config_.sound_column = "sound";
  config_.class_column = "digit";
  config_.rate = 8000;
  const auto where = table("t.csv", "image,sound,digit\na.png,a.wav,3\nb.png,b.wav,3\n");
  const auto set = read_image_pairs(where, config_);
  EXPECT_EQ(set.pairs[0].samples.size(), 80u);
  EXPECT_EQ(set.pairs[0].label, "3");
}

TEST_F(ImagePairsTest, LeavesOutWithinTheBudget) {
  write_file_atomic(folder_ / "c.png", "\x89PNG cut off");
  const auto where = table("t.csv", "image,name,words\na.png,an apple,red\nc.png,a cat,\nb.png,,\na.png,x,\n");
  EXPECT_NE(error(where).find("t.csv:3: "), std::string::npos);
  EXPECT_NE(error(where).find("c.png does not decode"), std::string::npos);
  EXPECT_NE(error(where).find("2 of 4 pairs failed, expected at most data.quarantine_budget = 0"), std::string::npos);
  config_.quarantine_budget = 0.5;
  const auto set = read_image_pairs(where, config_);
  EXPECT_EQ(set.pairs.size(), 2u);
  EXPECT_NE(set.quarantined[1].find("t.csv:4 has no text"), std::string::npos);
  config_.max_pixels = 100;
  EXPECT_NE(error(where).find("has 16 x 12 pixels, expected at most 100"), std::string::npos);
  config_.max_pixels = kMaxPixels;
  EXPECT_NE(error(table("u.csv", "image,name,words\n../a.png,x,\n../a.png,x,\n../a.png,y,\nb.png,y,\n"))
                .find("got the path '../a.png', expected a relative one without .."),
            std::string::npos)
      << error((folder_ / "u.csv").string());
}

TEST_F(ImagePairsTest, PutsTransparencyOnItsBackground) {
  INGOT_FIXTURE(emoji, "clip-noto-emoji");
  config_ = {.train = "x", .images = (emoji / "images").string(), .image_column = "file", .text_columns = {"caption"}};
  const auto set = read_image_pairs((emoji / "captions.csv").string() + ":test", config_);
  EXPECT_EQ(set.pairs.size(), 161u);
  EXPECT_EQ(set.pairs[0].image.pixels[0], 255);
}

}  // namespace
}  // namespace ingot
