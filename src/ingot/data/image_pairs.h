// Images with what belongs to them, a text or a sound: a table (CSV with a header, or JSONL) with one pair a row. Every
// error names file and row; a pair whose files do not decode may be left out within a budget.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/data/image.h"

namespace ingot {

struct ImagePairConfig {  // [data]
  std::string train, validation, test;
  std::string split_column = "split";
  std::string images, image_column = "image";
  std::vector<std::string> text_columns = {"text"};
  std::string separator = ";";
  std::string sounds, sound_column;
  int64_t rate = 16000;
  std::string class_column;
  int64_t size = 64;
  int64_t channels = 3;
  int64_t background = 255;
  std::vector<double> mean, std;
  int64_t max_pixels = kMaxPixels;
  double quarantine_budget = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("train", self.train, "a .csv or .jsonl; TABLE:x takes the rows whose split_column says x");
    v("validation", self.validation, "likewise; empty: none");
    v("test", self.test, "likewise");
    v("split_column", self.split_column, "see train");
    v("images", self.images, "folder that the images' paths start from; empty: the table's");
    v("image_column", self.image_column, "path of the image");
    v("text_columns", self.text_columns, "texts of the image; in JSONL each may be a list");
    v("separator", self.separator, "stands between several texts in one cell of a CSV");
    v("sounds", self.sounds, "folder that the sounds' paths start from; empty: the table's");
    v("sound_column", self.sound_column, "path of a sound: pairs are of image and sound, and texts are not read");
    v("rate", self.rate, "samples a second of the sounds; files at other rates are resampled");
    v("class_column", self.class_column, "pairs of the same class are not set against each other; empty: all differ");
    v("size", self.size, "height and width of the images after resizing and a centre crop");
    v("channels", self.channels, "1 (grey) or 3 (RGB)");
    v("background", self.background, "brightness behind transparent pixels, 0 to 255");
    v("mean", self.mean, "per channel, of pixels in 0..1, taken off; empty: measured on the training images");
    v("std", self.std, "per channel, divides; empty: measured on the training images");
    v("max_pixels", self.max_pixels, "an image with more is refused before it is decoded");
    v("quarantine_budget", self.quarantine_budget, "share of pairs that may fail to decode and are then left out");
  }
  Problems validate() const;
};

struct ImagePair {
  std::string file;  // of the image, as the table names it
  Image image;
  std::vector<std::string> texts;  // at least one, or
  std::vector<float> samples;      // of the sound
  std::string label;               // its class, or its own row number
};

struct ImagePairs {
  std::vector<ImagePair> pairs;
  std::vector<std::string> quarantined;  // why, with file and row
  std::string hash;                      // of texts, samples and pixels, in order
};

ImagePairs read_image_pairs(const std::string& where, const ImagePairConfig& config);

}  // namespace ingot
