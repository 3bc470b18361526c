#include "ingot/data/image.h"

#include <gtest/gtest.h>

#include "ingot/base/file.h"
#include "ingot/data/augment.h"
#include "support/error_of.h"

namespace ingot {
namespace {

Image ramp(int64_t height, int64_t width, int64_t channels) {
  Image image{height, width, channels, {}};
  for (int64_t i = 0; i < height * width * channels; ++i) image.pixels.push_back(uint8_t(i * 7 % 256));
  return image;
}

TEST(Image, ComesBackFromPng) {
  for (const int64_t channels : {1, 3}) {
    const auto image = ramp(5, 7, channels);
    const auto back = decode_image(encode_png(image), "x.png", channels);
    EXPECT_EQ(back.pixels, image.pixels);
    EXPECT_EQ(back.height, 5);
    EXPECT_EQ(back.width, 7);
  }
  EXPECT_EQ(decode_image(encode_png(ramp(5, 7, 3)), "x.png", 1).pixels.size(), 35u);
}

// Written by Pillow 9.4: 8 x 8, quality 90, left half (200, 40, 40), right half (40, 40, 200), 4:4:4.
TEST(Image, ReadsJpegAndRefusesWhatDoesNotDecode) {
  const std::string jpeg = read_file(INGOT_SOURCE_DIR "/tests/data/halves.jpg");
  const auto image = decode_image(jpeg, "halves.jpg", 3);
  ASSERT_EQ(image.pixels.size(), 8u * 8 * 3);
  EXPECT_NEAR(image.at(4, 1)[0], 200, 12);
  EXPECT_NEAR(image.at(4, 6)[2], 200, 12);
  const auto error = [](const std::string& bytes, int64_t limit = kMaxPixels) {
    return error_of([&] { decode_image(bytes, "a/b.jpg", 3, limit); });
  };
  EXPECT_NE(error(jpeg.substr(0, jpeg.size() - 30)).find("a/b.jpg does not decode: Premature end"), std::string::npos);
  EXPECT_NE(error("GIF89a").find("neither PNG nor JPEG"), std::string::npos);
  EXPECT_NE(error("").find("neither PNG nor JPEG"), std::string::npos);
  EXPECT_NE(error(jpeg, 63).find("a/b.jpg has 8 x 8 pixels, expected at most 63 in all"), std::string::npos);
  const auto png = encode_png(ramp(9, 9, 3));
  EXPECT_NE(error(png, 80).find("has 9 x 9 pixels"), std::string::npos);
  EXPECT_NE(error(png.substr(0, png.size() / 2)).find("does not decode"), std::string::npos);
}

// Pillow 9.4: Image.fromarray((arange(36) * 7).reshape(6, 6)).resize((3, 2), BILINEAR)
TEST(Image, ResizesAsPillow) {
  const auto image = resize(ramp(6, 6, 1), 2, 3);
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{58, 71, 83, 163, 176, 188}));
  EXPECT_EQ(resize(image, 2, 3).pixels, image.pixels);
  const auto square = resize_and_crop(ramp(6, 10, 3), 4);
  EXPECT_EQ(square.height, 4);
  EXPECT_EQ(square.width, 4);
  EXPECT_EQ(square.pixels.size(), 48u);
}

TEST(Augment, MovesPixelsAsEachOperationSays) {
  const auto image = ramp(6, 6, 1);
  const auto after = [&](ImageOperation operation, int bin, int sign) {
    auto changed = image;
    apply(changed, operation, bin, sign);
    return changed;
  };
  for (const auto operation :
       {ImageOperation::Identity, ImageOperation::ShearX, ImageOperation::ShearY, ImageOperation::TranslateX,
        ImageOperation::TranslateY, ImageOperation::Rotate, ImageOperation::Brightness, ImageOperation::Color,
        ImageOperation::Contrast, ImageOperation::Sharpness, ImageOperation::Posterize})
    EXPECT_EQ(after(operation, 0, 1).pixels, image.pixels) << int(operation);
  EXPECT_EQ(*after(ImageOperation::TranslateX, 2, 1).at(3, 5), *image.at(3, 3));
  EXPECT_EQ(*after(ImageOperation::TranslateX, 2, 1).at(3, 1), 0);
  EXPECT_EQ(*after(ImageOperation::TranslateY, 2, -1).at(1, 4), *image.at(3, 4));
  EXPECT_EQ(*after(ImageOperation::Rotate, 20, 1).at(0, 0), *image.at(0, 5));  // 90 degrees, against the clock
  EXPECT_EQ(*after(ImageOperation::Rotate, 20, -1).at(0, 0), *image.at(5, 0));
  EXPECT_EQ(*after(ImageOperation::Posterize, 30, 1).at(5, 5), *image.at(5, 5) & 0xc0);
  EXPECT_EQ(*after(ImageOperation::Solarize, 30, 1).at(5, 5), 255 - *image.at(5, 5));
  const auto wide = after(ImageOperation::AutoContrast, 0, 1);
  EXPECT_EQ(*std::min_element(wide.pixels.begin(), wide.pixels.end()), 0);
  EXPECT_EQ(*std::max_element(wide.pixels.begin(), wide.pixels.end()), 255);
}

TEST(Augment, IsAFunctionOfItsDraws) {
  const AugmentConfig config{.crop_padding = 2, .flip = true, .trivial_augment = true, .erase = 0.5};
  int changed = 0;
  for (uint64_t i = 0; i < 64; ++i) {
    auto a = ramp(8, 8, 3), b = a;
    Rng one(3, i), two(3, i);
    augment(a, config, one);
    augment(b, config, two);
    EXPECT_EQ(a.pixels, b.pixels);
    EXPECT_EQ(a.pixels.size(), 192u);
    changed += a.pixels != ramp(8, 8, 3).pixels;
  }
  EXPECT_GT(changed, 40);
  Rng rng(1);
  double sum = 0;
  for (int i = 0; i < 2000; ++i) sum += symmetric_beta(0.2, rng);
  EXPECT_NEAR(sum / 2000, 0.5, 0.03);
  for (int i = 0; i < 100; ++i) {
    const auto box = cutmix_box(32, 24, 0.4, rng);
    EXPECT_TRUE(box.top >= 0 && box.left >= 0 && box.top + box.height <= 32 && box.left + box.width <= 24);
  }
}

}  // namespace
}  // namespace ingot
