#include "ingot/data/labelled_images.h"

#include <gtest/gtest.h>

#include "ingot/base/file.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

void write_image(const fs::path& path, uint8_t value, int64_t side = 4) {
  fs::create_directories(path.parent_path());
  write_file_atomic(path, encode_png({side, side, 1, std::vector<uint8_t>(size_t(side * side), value)}));
}

std::string idx(const std::vector<uint32_t>& sizes, const std::string& data) {
  std::string bytes{0, 0, 8, char(sizes.size())};
  for (const uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += char(size >> shift & 0xff);
  return bytes + data;
}

class LabelledImagesTest : public testing::Test {
 protected:
  LabelledImages read(const std::string& name, const LabelledImageConfig& config,
                      const std::vector<std::string>& names = {}) {
    return read_labelled_images((folder_ / name).string(), config, names);
  }
  std::string error(const std::string& name, const LabelledImageConfig& config,
                    const std::vector<std::string>& names = {}) {
    return error_of([&] { read(name, config, names); });
  }
  TempFolder folder_;
  LabelledImageConfig grey_{.channels = 1};
};

TEST_F(LabelledImagesTest, ReadsFoldersAndArchives) {
  write_image(folder_ / "tree/cat/1.png", 10);
  write_image(folder_ / "tree/cat/2.png", 20);
  write_image(folder_ / "tree/ant/x.png", 30);
  ASSERT_EQ(std::system(("cd " + folder_.path().string() + " && tar czf a.tar.gz tree").c_str()), 0);
  for (const char* name : {"tree", "a.tar.gz:tree"}) {
    const auto images = read(name, grey_);
    EXPECT_EQ(images.names, (std::vector<std::string>{"ant", "cat"}));
    EXPECT_EQ(images.labels, (std::vector<int64_t>{0, 1, 1}));
    EXPECT_EQ(images.image(2).pixels, std::vector<uint8_t>(16, 20));
    EXPECT_EQ(images.hash, read("tree", grey_).hash);
  }
  EXPECT_EQ(read("tree", {.size = 2}).pixels.size(), 3u * 2 * 2 * 3);
}

TEST_F(LabelledImagesTest, NamesFileAndRuleOfWhatIsWrong) {
  write_image(folder_ / "t/cat/1.png", 1);
  write_image(folder_ / "t/dog/1.png", 2);
  EXPECT_NE(error("t", grey_, {"cat", "dgo"})
                .find("t/dog/1.png: label is 'dog', which the training images do not have; "
                      "did you mean 'dgo'?"),
            std::string::npos);
  EXPECT_NE(error("t", grey_, {"cat", "dog", "eel"}).find("class 'eel' is empty"), std::string::npos);
  EXPECT_NE(error("t/cat", grey_).find("holds no image in a sub-folder"), std::string::npos);
  fs::create_directories(folder_ / "t/cow/herd");
  EXPECT_NE(error("t", grey_).find("t/cow is a class without a file"), std::string::npos);
  fs::remove_all(folder_ / "t/cow");
  auto small = grey_;
  small.max_pixels = 15;
  EXPECT_NE(error("t", small).find("t/cat/1.png has 4 x 4 pixels, expected at most 15"), std::string::npos);
  write_image(folder_ / "t/dog/2.png", 2, 5);
  EXPECT_NE(error("t", grey_).find("t/dog/2.png has 5 x 5 pixels, expected 4 x 4 as the first image; set data.size"),
            std::string::npos);
}

TEST_F(LabelledImagesTest, LeavesOutWhatDoesNotDecodeWithinTheBudget) {
  for (int i = 0; i < 4; ++i) write_image(folder_ / ("t/a/" + std::to_string(i)), 1);
  write_image(folder_ / "t/b/1.png", 2);
  write_file_atomic(folder_ / "t/b/2.png", "\x89PNG broken");
  const auto text = error("t", grey_);
  EXPECT_NE(text.find("t/b/2.png does not decode"), std::string::npos) << text;
  EXPECT_NE(text.find("1 of 6 images failed, expected at most data.quarantine_budget = 0"), std::string::npos) << text;
  auto lenient = grey_;
  lenient.quarantine_budget = 0.2;
  const auto images = read("t", lenient);
  EXPECT_EQ(images.size(), 5);
  ASSERT_EQ(images.quarantined.size(), 1u);
  EXPECT_NE(images.quarantined[0].find("t/b/2.png"), std::string::npos);
}

TEST_F(LabelledImagesTest, ReadsIdx) {
  const auto images = folder_ / "x-images-idx3-ubyte", labels = folder_ / "x-labels-idx1-ubyte";
  write_file_atomic(images, idx({2, 1, 3}, "abcdef"));
  write_file_atomic(labels, idx({2}, std::string{1, 0}));
  const auto read_back = read("x-images-idx3-ubyte", grey_);
  EXPECT_EQ(read_back.labels, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(read_back.width, 3);
  EXPECT_EQ(read_back.pixels[5], 'f');
  EXPECT_NE(error("x-images-idx3-ubyte", {}).find("has 1 channels, expected data.channels = 3"), std::string::npos);
  write_file_atomic(labels, idx({2}, std::string{1, 7}));
  auto named = grey_;
  named.names = {"top", "coat"};
  EXPECT_NE(error("x-images-idx3-ubyte", named).find("labels-idx1-ubyte: record 1: label is 7, expected 0 to 1"),
            std::string::npos);
  write_file_atomic(labels, idx({1}, std::string{1}));
  EXPECT_NE(error("x-images-idx3-ubyte", grey_).find("has 1 labels, expected 2"), std::string::npos);
  write_file_atomic(images, idx({9, 1, 3}, "abcdef"));
  EXPECT_NE(error("x-images-idx3-ubyte", grey_).find("holds 6 bytes of data, expected 27 by its header"),
            std::string::npos);
  write_file_atomic(images, "not idx at all");
  EXPECT_NE(error("x-images-idx3-ubyte", grey_).find("does not begin with idx magic 2051"), std::string::npos);
}

TEST_F(LabelledImagesTest, ReadsCifarBinaries) {
  std::string bytes;
  for (const char label : {1, 0})
    bytes += label + std::string(1024, 'r') + std::string(1024, 'g') + std::string(1024, 'b');
  fs::create_directories(folder_ / "c");
  write_file_atomic(folder_ / "c/data_batch_1.bin", bytes);
  write_file_atomic(folder_ / "c/batches.meta.txt", "airplane\nautomobile\n\n");
  const auto images = read("c", {});
  EXPECT_EQ(images.names, (std::vector<std::string>{"airplane", "automobile"}));
  EXPECT_EQ(images.labels, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(std::string(images.pixels.begin(), images.pixels.begin() + 3), "rgb");
  write_file_atomic(folder_ / "c/data_batch_1.bin", bytes + "x");
  EXPECT_NE(error("c", {}).find("data_batch_1.bin has 6147 bytes, expected records of 3073"), std::string::npos);
}

TEST_F(LabelledImagesTest, SplitsOffTheSameShareEachTime) {
  for (int i = 0; i < 40; ++i)
    write_image(folder_ / ("t/" + std::to_string(i % 2) + "/" + std::to_string(i)), uint8_t(i));
  auto images = read("t", grey_), again = images;
  const auto part = split_off(images, 0.25);
  EXPECT_EQ(part.size(), 10);
  EXPECT_EQ(images.size(), 30);
  EXPECT_EQ(split_off(again, 0.25).pixels, part.pixels);
  EXPECT_NE(error_of([&] { split_off(images, 0.001); }).find("takes 0 of 30 images"), std::string::npos);
}

}  // namespace
}  // namespace ingot
