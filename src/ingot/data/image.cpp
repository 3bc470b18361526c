#include "ingot/data/image.h"

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>
#include <png.h>

#include "ingot/base/error.h"

namespace ingot {
namespace {

template <typename... Parts>
[[noreturn]] void does_not_decode(const std::string& origin, const Parts&... why) {
  fail(ErrorKind::InvalidArgument, "image", origin, " does not decode: ", why...);
}

void check_size(int64_t width, int64_t height, const std::string& origin, int64_t max_pixels) {
  require("image", width * height <= max_pixels, origin, " has ", width, " x ", height, " pixels, expected at most ",
          max_pixels, " in all; make it smaller or raise the limit (data.max_pixels)");
}

struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char text[JMSG_LENGTH_MAX] = "";
};

// libjpeg leaves by longjmp: no object with a destructor may begin its life between setjmp and the end.
bool read_jpeg(std::string_view bytes, int channels, int64_t max_pixels, Image& image, JpegErrors& errors,
               int64_t size[2]) {
  jpeg_decompress_struct jpeg;
  jpeg.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = [](j_common_ptr info) {
    auto* own = reinterpret_cast<JpegErrors*>(info->err);
    own->base.format_message(info, own->text);
    std::longjmp(own->jump, 1);
  };
  errors.base.emit_message = [](j_common_ptr info, int level) {
    if (level < 0) info->err->error_exit(info);  // a warning means that pixels were made up
  };
  jpeg_create_decompress(&jpeg);
  if (setjmp(errors.jump)) {
    jpeg_destroy_decompress(&jpeg);
    return false;
  }
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  size[0] = jpeg.image_width;
  size[1] = jpeg.image_height;
  if (size[0] * size[1] <= max_pixels) {
    jpeg.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&jpeg);
    image.width = jpeg.output_width;
    image.height = jpeg.output_height;
    image.pixels.resize(size_t(image.width * image.height * channels));
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW row = image.at(jpeg.output_scanline, 0);
      jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
  }
  jpeg_destroy_decompress(&jpeg);
  return true;
}

Image decode_png(std::string_view bytes, const std::string& origin, int64_t channels, int64_t max_pixels,
                 uint8_t background) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size())) does_not_decode(origin, png.message);
  const int64_t width = png.width, height = png.height;
  if (width * height > max_pixels) png_image_free(&png);
  check_size(width, height, origin, max_pixels);
  png.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Image image{height, width, channels, std::vector<uint8_t>(PNG_IMAGE_SIZE(png))};
  const png_color behind{background, background, background};
  if (!png_image_finish_read(&png, &behind, image.pixels.data(), 0, nullptr) || png.warning_or_error)
    does_not_decode(origin, png.message);
  return image;
}

// One axis of a resampling: for each output, where its window begins and its weights, which sum to 1.
struct Window {
  int64_t begin;
  std::vector<float> weights;
};
std::vector<Window> windows(int64_t from, int64_t to) {
  const double scale = double(from) / double(to), reach = std::max(scale, 1.0);
  std::vector<Window> result;
  for (int64_t i = 0; i < to; ++i) {
    const double centre = (double(i) + 0.5) * scale;
    const int64_t begin = std::max<int64_t>(0, int64_t(centre - reach + 0.5));
    const int64_t end = std::min<int64_t>(from, int64_t(centre + reach + 0.5));
    Window window{begin, {}};
    double sum = 0;
    for (int64_t k = begin; k < end; ++k) {
      window.weights.push_back(float(std::max(0.0, 1 - std::abs((double(k) + 0.5 - centre) / reach))));
      sum += double(window.weights.back());
    }
    for (auto& weight : window.weights) weight = float(double(weight) / sum);
    result.push_back(std::move(window));
  }
  return result;
}

}  // namespace

Image decode_image(std::string_view bytes, const std::string& origin, int64_t channels, int64_t max_pixels,
                   uint8_t background) {
  INGOT_INVARIANT(channels == 1 || channels == 3, "channels is ", channels);
  if (bytes.starts_with("\x89PNG")) return decode_png(bytes, origin, channels, max_pixels, background);
  require("image", bytes.starts_with("\xff\xd8"), origin, " does not decode: it is neither PNG nor JPEG");
  Image image{0, 0, channels, {}};
  JpegErrors errors;
  int64_t size[2] = {0, 0};
  if (!read_jpeg(bytes, int(channels), max_pixels, image, errors, size)) does_not_decode(origin, errors.text);
  check_size(size[0], size[1], origin, max_pixels);
  return image;
}

std::string encode_png(const Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = png_uint_32(image.width);
  png.height = png_uint_32(image.height);
  png.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr))
    fail(ErrorKind::Internal, "image", "PNG of ", image.width, " x ", image.height, ": ", png.message);
  bytes.resize(size);
  return bytes;
}

Image resize(const Image& image, int64_t height, int64_t width) {
  if (height == image.height && width == image.width) return image;
  const auto C = image.channels;
  std::vector<float> rows(size_t(image.height * width * C));  // [height of image, width, C]
  const auto across = windows(image.width, width), down = windows(image.height, height);
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < C; ++c) {
        float sum = 0;
        const auto& [begin, weights] = across[size_t(x)];
        for (size_t k = 0; k < weights.size(); ++k) sum += weights[k] * float(image.at(y, begin + int64_t(k))[c]);
        rows[size_t((y * width + x) * C + c)] = std::round(sum);  // Pillow keeps bytes between passes
      }
  Image result{height, width, C, std::vector<uint8_t>(size_t(height * width * C))};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t i = 0; i < width * C; ++i) {
      float sum = 0;
      const auto& [begin, weights] = down[size_t(y)];
      for (size_t k = 0; k < weights.size(); ++k)
        sum += weights[k] * rows[size_t((begin + int64_t(k)) * width * C + i)];
      result.pixels[size_t(y * width * C + i)] = uint8_t(std::clamp(std::lround(sum), 0L, 255L));
    }
  return result;
}

Image resize_and_crop(const Image& image, int64_t size) {
  if (image.height == size && image.width == size) return image;
  const double scale = double(size) / double(std::min(image.height, image.width));
  const auto side = [&](int64_t n) { return std::max(size, int64_t(std::lround(double(n) * scale))); };
  const Image whole = resize(image, side(image.height), side(image.width));
  Image result{size, size, image.channels, {}};
  const int64_t top = (whole.height - size) / 2, left = (whole.width - size) / 2;
  for (int64_t y = 0; y < size; ++y)
    result.pixels.insert(result.pixels.end(), whole.at(top + y, left), whole.at(top + y, left) + size * whole.channels);
  return result;
}

}  // namespace ingot
