// Labelled images as they lie about: a folder or tar archive with one sub-folder of PNG and JPEG a class, idx files
// (MNIST, Fashion-MNIST) and CIFAR's binaries. Every image ends with the same height and width. Every error names file
// and record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/data/image.h"

namespace ingot {

enum class ImageLayout { Auto, Folder, Idx, Cifar };
template <>
struct EnumNames<ImageLayout> {
  static constexpr std::pair<const char*, ImageLayout> kValues[] = {{"auto", ImageLayout::Auto},
                                                                    {"folder", ImageLayout::Folder},
                                                                    {"idx", ImageLayout::Idx},
                                                                    {"cifar", ImageLayout::Cifar}};
};

struct LabelledImageConfig {  // [data]
  std::string train, validation, test;
  ImageLayout layout = ImageLayout::Auto;
  int64_t size = 0;
  int64_t channels = 3;
  std::vector<std::string> names;
  std::vector<double> mean, std;
  int64_t max_pixels = kMaxPixels;
  double quarantine_budget = 0;
  double validation_fraction = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("train", self.train, "training images: a folder, archive.tar.gz:folder, X-images-idx3-ubyte.gz, or CIFAR's .bin");
    v("validation", self.validation, "validation images; empty: a part of train, or test");
    v("test", self.test, "test images");
    v("layout", self.layout, "folder (one sub-folder a class), idx, cifar; auto: by the name");
    v("size", self.size, "height and width after resizing and a centre crop; 0: as they are, all the same");
    v("channels", self.channels, "1 (grey) or 3 (RGB)");
    v("names", self.names, "idx, cifar: class names in the order of their numbers; empty: the numbers");
    v("mean", self.mean, "per channel, of pixels in 0..1, taken off; empty: measured on the training images");
    v("std", self.std, "per channel, divides; empty: measured on the training images");
    v("max_pixels", self.max_pixels, "an image with more is refused before it is decoded");
    v("quarantine_budget", self.quarantine_budget, "share of images that may fail to decode and are then left out");
    v("validation_fraction", self.validation_fraction, "share of train drawn for validation, always the same images");
  }
  Problems validate() const;
};

struct LabelledImages {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;  // [N, height, width, channels]
  std::vector<int64_t> labels;  // index into names
  std::vector<std::string> names;
  std::vector<std::string> quarantined;  // why, with file and record
  std::string hash;                      // of labels and pixels, in order
  int64_t size() const { return int64_t(labels.size()); }
  int64_t bytes_each() const { return height * width * channels; }
  Image image(int64_t i) const;
};

// `names`: the classes of the training images; another label is an error. Empty: the classes found here, at least two.
LabelledImages read_labelled_images(const std::string& path, const LabelledImageConfig& config,
                                    const std::vector<std::string>& names = {});

// Moves a random share out of `images`, the same for the same images. Requires 0 < fraction < 1; throws when a class
// would be empty on either side.
LabelledImages split_off(LabelledImages& images, double fraction);

}  // namespace ingot
