// Raster images: PNG and JPEG in, PNG out, resizing. 8 bits a channel, grey or RGB.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;  // [height, width, channels]
  uint8_t* at(int64_t y, int64_t x) { return pixels.data() + (y * width + x) * channels; }
  const uint8_t* at(int64_t y, int64_t x) const { return pixels.data() + (y * width + x) * channels; }
};

constexpr int64_t kMaxPixels = 178'956'970;  // Pillow's bound against decompression bombs, 2^31 / 12

// The format by its first bytes. `channels` 1 (grey) or 3 (RGB): converted; transparent PNG pixels lie on grey of this
// brightness, 0 (black) to 255.
// Throws InvalidArgument that names `origin` when the bytes do not decode whole, or the header says more than
// `max_pixels`, which is checked before memory is taken.
Image decode_image(std::string_view bytes, const std::string& origin, int64_t channels, int64_t max_pixels = kMaxPixels,
                   uint8_t background = 0);

std::string encode_png(const Image& image);

// Bilinear with antialiasing (a triangle as wide as the scale when it shrinks), as Pillow's BILINEAR.
Image resize(const Image& image, int64_t height, int64_t width);
// The shorter side to `size`, then the middle: size x size.
Image resize_and_crop(const Image& image, int64_t size);

}  // namespace ingot
