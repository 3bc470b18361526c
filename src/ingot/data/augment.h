// Random changes of a training image that leave its class as it is.
#pragma once

#include "ingot/base/config.h"
#include "ingot/base/rng.h"
#include "ingot/data/image.h"

namespace ingot {

struct AugmentConfig {  // [data.augment]
  int64_t crop_padding = 0;
  bool flip = false;
  bool trivial_augment = false;
  double erase = 0;
  double mixup = 0, cutmix = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("crop_padding", self.crop_padding, "pad by so many black pixels, then crop at random to the old size");
    v("flip", self.flip, "mirror left to right, half of the time");
    v("trivial_augment", self.trivial_augment, "one random operation at a random strength (Mueller & Hutter 2021)");
    v("erase", self.erase, "chance of a black rectangle of 2 to 33 % of the area (Zhong et al. 2020)");
    v("mixup", self.mixup, "alpha of Beta(alpha, alpha) for blending two images; 0 = off (Zhang et al. 2018)");
    v("cutmix", self.cutmix, "the same for pasting a rectangle; with mixup, either by turns (Yun et al. 2019)");
  }
  Problems validate() const;
};

// Crop, flip, TrivialAugment, erase: what concerns one image.
void augment(Image& image, const AugmentConfig& config, Rng& rng);

void mirror(Image& image);     // left to right
void turn_over(Image& image);  // top to bottom

// The 14 operations of TrivialAugment's wide space, as torchvision's TrivialAugmentWide: `bin` 0 (nothing or little) to
// 30; `sign` -1 or 1 for those that have a direction.
enum class ImageOperation {
  Identity,
  ShearX,
  ShearY,
  TranslateX,
  TranslateY,
  Rotate,
  Brightness,
  Color,
  Contrast,
  Sharpness,
  Posterize,
  Solarize,
  AutoContrast,
  Equalize
};
constexpr int kImageOperations = 14, kStrengthBins = 31;
void apply(Image& image, ImageOperation operation, int bin, int sign);

struct Box {
  int64_t top = 0, left = 0, height = 0, width = 0;
};
// CutMix's rectangle for a share of 1 - lambda, cut at the border.
Box cutmix_box(int64_t height, int64_t width, double lambda, Rng& rng);
// Beta(alpha, alpha) by Joehnk 1964. Requires 0 < alpha <= 1.
double symmetric_beta(double alpha, Rng& rng);

}  // namespace ingot
