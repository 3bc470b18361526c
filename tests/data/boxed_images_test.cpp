#include "ingot/data/boxed_images.h"

#include <gtest/gtest.h>

#include "ingot/base/file.h"
#include "support/error_of.h"
#include "support/fixture.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

std::string object(const std::string& name, int x1, int y1, int x2, int y2, bool difficult = false) {
  return "<object><name>" + name + "</name><difficult>" + (difficult ? "1" : "0") + "</difficult><bndbox><xmin>" +
         std::to_string(x1) + "</xmin><ymin>" + std::to_string(y1) + "</ymin><xmax>" + std::to_string(x2) +
         "</xmax><ymax>" + std::to_string(y2) + "</ymax></bndbox></object>";
}

class BoxedImagesTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_ / name).parent_path());
    write_file_atomic(folder_ / name, bytes);
  }
  void voc_image(const std::string& name, const std::string& objects) {
    write("JPEGImages/" + name + ".jpg", encode_png({40, 80, 3, std::vector<uint8_t>(40 * 80 * 3, 7)}));
    write("Annotations/" + name + ".xml", "<annotation>" + objects + "</annotation>");
  }
  std::string error(const std::vector<std::string>& names = {}) {
    return error_of([&] { read_boxed_images(voc_, config_, names); });
  }
  void SetUp() override { write("ImageSets/Main/train.txt", "a 1\nb\n"); }

  TempFolder folder_;
  std::string voc_ = folder_.path().string() + ":train";
  BoxedImageConfig config_{.train = "x", .min_size = 32, .max_size = 64};
};

TEST_F(BoxedImagesTest, ReadsVoc) {
  voc_image("a", object("dog", 1, 1, 40, 20) + object("cat", 11, 21, 80, 40, true));
  voc_image("b", object("dog", 5, 5, 9, 9));
  const auto set = read_boxed_images(voc_, config_);
  EXPECT_EQ(set.names, (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(set.images.size(), 2u);
  const auto& image = set.images[0];
  EXPECT_EQ(image.width, 80);
  EXPECT_EQ(image.image.width, 64);
  EXPECT_EQ(image.image.height, 32);
  EXPECT_EQ(image.boxes[0].corners, (std::array<float, 4>{0, 0, 40, 20}));  // counted from 0 now
  EXPECT_EQ(image.boxes[0].label, 1);
  EXPECT_TRUE(image.boxes[1].ignore);
}

TEST_F(BoxedImagesTest, ReadsCoco) {
  write("train2017/x.png", encode_png({40, 80, 3, std::vector<uint8_t>(40 * 80 * 3, 7)}));
  const auto json = [&](const std::string& box, int category) {
    write(
        "annotations/instances_train2017.json",
        R"({"images": [{"id": 7, "file_name": "x.png"}], "categories": [{"id": 3, "name": "car"}, {"id": 9, "name": "bus"}],
              "annotations": [{"image_id": 7, "category_id": )" +
            std::to_string(category) + R"(, "iscrowd": 0, "bbox": )" + box + "}]}");
    return (folder_ / "annotations/instances_train2017.json").string();
  };
  const auto set = read_boxed_images(json("[10, 5.5, 20, 30]", 3), config_);
  EXPECT_EQ(set.names, std::vector<std::string>{"car"});
  EXPECT_EQ(set.images[0].boxes[0].corners, (std::array<float, 4>{10, 5.5, 30, 35.5}));
  const auto wrong = [&](const std::string& path) { return error_of([&] { read_boxed_images(path, config_); }); };
  EXPECT_NE(wrong(json("[10, 5, 0, 30]", 3)).find("annotations[0] (x.png): car has no area: 10 5 to 10 35"),
            std::string::npos);
  EXPECT_NE(wrong(json("[10, 5]", 3)).find("annotations[0]: bbox is [10,5], expected [x, y, width, height]"),
            std::string::npos);
  EXPECT_NE(wrong(json("[1, 1, 2, 2]", 4)).find("category_id is 4, which no entry of categories has"),
            std::string::npos);
}

TEST_F(BoxedImagesTest, LeavesOutBadBoxesWithinTheBudget) {
  voc_image("a", object("dog", 1, 1, 40, 20) + object("dog", 9, 9, 9, 9));
  voc_image("b", object("dog", 5, 5, 95, 9));
  EXPECT_NE(error().find("a.xml: object 2: dog has no area: 9 9 to 9 9; 2 of 3 boxes failed, expected at most "
                         "data.box_budget = 0 of them"),
            std::string::npos)
      << error();
  config_.box_budget = 0.7;
  const auto set = read_boxed_images(voc_, config_);
  EXPECT_EQ(set.num_boxes(), 1);
  ASSERT_EQ(set.quarantined.size(), 2u);
  EXPECT_NE(set.quarantined[1].find("b.xml: object 1: dog is 4 4 to 95 9, outside its image of 80 x 40 pixels"),
            std::string::npos);
}

TEST_F(BoxedImagesTest, LeavesOutImagesThatDoNotDecodeWithinTheBudget) {
  voc_image("a", object("dog", 1, 1, 40, 20));
  voc_image("b", object("dog", 1, 1, 40, 20));
  write("JPEGImages/b.jpg", "\xff\xd8 cut off");
  EXPECT_NE(error().find("b.jpg does not decode"), std::string::npos);
  EXPECT_NE(error().find("1 of 2 images failed, expected at most data.quarantine_budget = 0"), std::string::npos);
  config_.quarantine_budget = 0.5;
  EXPECT_EQ(read_boxed_images(voc_, config_).images.size(), 1u);
  voc_image("b", object("dog", 1, 1, 40, 20));
  config_.max_pixels = 100;
  EXPECT_NE(error().find("a.jpg has 80 x 40 pixels, expected at most 100"), std::string::npos);
}

TEST_F(BoxedImagesTest, RefusesUnknownLabelsAndEmptyClasses) {
  voc_image("a", object("dog", 1, 1, 40, 20));
  voc_image("b", object("dgo", 1, 1, 40, 20));
  EXPECT_NE(error({"dog"}).find("b.xml: object 1: label is 'dgo', which the training images do not have; did you mean "
                                "'dog'?"),
            std::string::npos);
  config_.names = {"dog", "cat"};
  EXPECT_NE(error().find("label is 'dgo', which data.names does not have"), std::string::npos);
  config_.other_labels = OtherLabels::LeaveOut;
  EXPECT_NE(error().find("class 'cat' is empty, expected a box of each class"), std::string::npos);
  config_.names = {"dog"};
  EXPECT_EQ(read_boxed_images(voc_, config_).num_boxes(), 1);
  write("Annotations/a.xml", "<annotation><object></annotation>");
  EXPECT_NE(error().find("a.xml: byte "), std::string::npos);
  write("Annotations/a.xml", "<annotation><object><name>dog</name></object></annotation>");
  EXPECT_NE(error().find("a.xml: object 1: xmin is '', expected a number"), std::string::npos);
}

TEST_F(BoxedImagesTest, ReadsTheRealOnes) {
  INGOT_FIXTURE(bccd, "det-bccd/BCCD");
  INGOT_FIXTURE(coco, "det-cap-coco-mini-cc-train/annotations/instances_train2017.json");
  config_.box_budget = 0.001;
  const auto cells = read_boxed_images(bccd.string() + ":trainval", config_);
  EXPECT_EQ(cells.images.size(), 292u);
  EXPECT_EQ(cells.names, (std::vector<std::string>{"Platelets", "RBC", "WBC"}));
  const auto objects = read_boxed_images(coco.string(), config_);
  EXPECT_EQ(objects.images.size(), 26u);
  EXPECT_EQ(objects.num_boxes(), 333);
  EXPECT_EQ(objects.names.size(), 51u);
}

}  // namespace
}  // namespace ingot
