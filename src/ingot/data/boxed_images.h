// Images with boxes around their objects, as COCO's JSON and Pascal VOC's XML have them. Every error names file and
// record; an image that does not decode and a box outside its image or of no area may be left out within a budget.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/data/image.h"

namespace ingot {

enum class BoxLayout { Auto, Coco, Voc };
template <>
struct EnumNames<BoxLayout> {
  static constexpr std::pair<const char*, BoxLayout> kValues[] = {
      {"auto", BoxLayout::Auto}, {"coco", BoxLayout::Coco}, {"voc", BoxLayout::Voc}};
};
enum class OtherLabels { Refuse, LeaveOut };
template <>
struct EnumNames<OtherLabels> {
  static constexpr std::pair<const char*, OtherLabels> kValues[] = {{"refuse", OtherLabels::Refuse},
                                                                    {"leave_out", OtherLabels::LeaveOut}};
};

struct BoxedImageConfig {  // [data]
  std::string train, validation, test;
  BoxLayout layout = BoxLayout::Auto;
  std::vector<std::string> names;
  OtherLabels other_labels = OtherLabels::Refuse;
  int64_t min_size = 800, max_size = 1333;
  std::vector<double> mean, std;
  int64_t max_pixels = kMaxPixels;
  double quarantine_budget = 0, box_budget = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("train", self.train, "VOC folder:split, as VOC2007:trainval, or COCO's instances_X.json beside the folder X");
    v("validation", self.validation, "images for evaluation during training; empty: none");
    v("test", self.test, "test images");
    v("layout", self.layout, "coco or voc; auto: coco for .json");
    v("names", self.names, "the classes; empty: those of the training boxes, sorted");
    v("other_labels", self.other_labels, "a label outside names: refuse, or leave_out its boxes");
    v("min_size", self.min_size, "the shorter side after resizing, in pixels");
    v("max_size", self.max_size, "of the longer side at most, which then decides");
    v("mean", self.mean, "per channel, of pixels in 0..1, taken off; empty: measured on the training images");
    v("std", self.std, "per channel, divides; empty: measured on the training images");
    v("max_pixels", self.max_pixels, "an image with more is refused before it is decoded");
    v("quarantine_budget", self.quarantine_budget, "share of images that may fail to decode and are then left out");
    v("box_budget", self.box_budget,
      "share of boxes that may lie outside their image or have no area and are left out");
  }
  Problems validate() const;
};

struct ObjectBox {
  std::array<float, 4> corners{};  // x1, y1, x2, y2 in pixels of the file's image
  int64_t label = 0;               // index into names
  bool ignore = false;             // COCO's crowds, VOC's difficult objects: not trained on, neither hit nor miss
};

struct BoxedImage {
  std::string file;
  int64_t height = 0, width = 0;  // of the file; `image` is resized to min_size and max_size
  Image image;
  std::vector<ObjectBox> boxes;
};

struct BoxedImages {
  std::vector<BoxedImage> images;
  std::vector<std::string> names;
  std::vector<std::string> quarantined;  // why, with file and record
  std::string hash;                      // of boxes and pixels, in order
  int64_t num_boxes() const;
};

// Height and width after resizing: the shorter side to min_size, unless the longer one then passes max_size.
std::array<int64_t, 2> detection_size(int64_t height, int64_t width, int64_t min_size, int64_t max_size);

// `names`: the classes of the training images. Empty: config.names, of which each must have a box, or those found here.
BoxedImages read_boxed_images(const std::string& where, const BoxedImageConfig& config,
                              const std::vector<std::string>& names = {});

}  // namespace ingot
