#include "ingot/data/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace ingot {
namespace {

// Nearest pixel of source (x, y) = m (x, y, 1) for each pixel; black from outside.
void affine(Image& image, const std::array<double, 6>& m) {
  const Image source = image;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x) {
      const double px = double(x) + 0.5, py = double(y) + 0.5;
      const auto sx = int64_t(std::floor(m[0] * px + m[1] * py + m[2]));
      const auto sy = int64_t(std::floor(m[3] * px + m[4] * py + m[5]));
      const bool inside = sx >= 0 && sy >= 0 && sx < image.width && sy < image.height;
      for (int64_t c = 0; c < image.channels; ++c) image.at(y, x)[c] = inside ? source.at(sy, sx)[c] : 0;
    }
}

uint8_t to_byte(double value) { return uint8_t(std::clamp(value, 0.0, 255.0)); }

double grey(const uint8_t* p, int64_t channels) {  // ITU-R 601, as torchvision
  return channels == 1 ? p[0] : std::floor(0.2989 * p[0] + 0.587 * p[1] + 0.114 * p[2]);
}

// image = factor image + (1 - factor) other(y, x, c)
template <typename Other>
void blend(Image& image, double factor, const Other& other) {
  const Image source = image;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x)
      for (int64_t c = 0; c < image.channels; ++c)
        image.at(y, x)[c] = to_byte(factor * source.at(y, x)[c] + (1 - factor) * other(source, y, x, c));
}

void sharpen(Image& image, double factor) {
  if (image.height <= 2 || image.width <= 2) return;
  blend(image, factor, [](const Image& s, int64_t y, int64_t x, int64_t c) -> double {
    if (y == 0 || x == 0 || y == s.height - 1 || x == s.width - 1) return s.at(y, x)[c];
    double sum = 4 * s.at(y, x)[c];  // the middle weighs 5 of 13
    for (int64_t dy = -1; dy <= 1; ++dy)
      for (int64_t dx = -1; dx <= 1; ++dx) sum += s.at(y + dy, x + dx)[c];
    return std::round(sum / 13);
  });
}

template <typename Table>
void map_channels(Image& image, const Table& table_of) {
  for (int64_t c = 0; c < image.channels; ++c) {
    std::array<int64_t, 256> histogram{};
    for (size_t i = size_t(c); i < image.pixels.size(); i += size_t(image.channels)) ++histogram[image.pixels[i]];
    const std::array<uint8_t, 256> table = table_of(histogram);
    for (size_t i = size_t(c); i < image.pixels.size(); i += size_t(image.channels))
      image.pixels[i] = table[image.pixels[i]];
  }
}

std::array<uint8_t, 256> stretch(const std::array<int64_t, 256>& histogram) {
  const auto used = [](int64_t n) { return n > 0; };
  const auto low = std::find_if(histogram.begin(), histogram.end(), used) - histogram.begin();
  const auto high = 255 - (std::find_if(histogram.rbegin(), histogram.rend(), used) - histogram.rbegin());
  std::array<uint8_t, 256> table;
  for (int i = 0; i < 256; ++i)
    table[size_t(i)] = low == high ? uint8_t(i) : to_byte(255.0 * double(i - low) / double(high - low));
  return table;
}

// Pillow's ImageOps.equalize.
std::array<uint8_t, 256> equalise(const std::array<int64_t, 256>& histogram) {
  int64_t sum = 0, last = 0;
  for (const int64_t n : histogram) {
    sum += n;
    if (n > 0) last = n;
  }
  const int64_t step = (sum - last) / 255;
  std::array<uint8_t, 256> table;
  int64_t before = step / 2;
  for (size_t i = 0; i < 256; ++i) {
    table[i] = step == 0 ? uint8_t(i) : uint8_t(std::min<int64_t>(255, before / step));
    before += histogram[i];
  }
  return table;
}

void shift_and_crop(Image& image, int64_t down, int64_t right) {
  const Image source = image;
  std::fill(image.pixels.begin(), image.pixels.end(), uint8_t(0));
  const int64_t begin = std::max<int64_t>(0, -right), end = std::min(image.width, image.width - right);
  for (int64_t y = 0; y < image.height; ++y)
    if (const int64_t from = y + down; from >= 0 && from < image.height && begin < end)
      std::copy(source.at(from, begin + right), source.at(from, begin + right) + (end - begin) * image.channels,
                image.at(y, begin));
}

void erase_box(Image& image, Rng& rng) {
  const double area = double(image.height * image.width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * (0.02 + 0.31 * rng.uniform());
    const double ratio = std::exp(std::log(0.3) + rng.uniform() * (std::log(3.3) - std::log(0.3)));
    const auto h = int64_t(std::lround(std::sqrt(target * ratio))), w = int64_t(std::lround(std::sqrt(target / ratio)));
    if (h >= image.height || w >= image.width) continue;
    const auto top = int64_t(rng.below(uint64_t(image.height - h + 1)));
    const auto left = int64_t(rng.below(uint64_t(image.width - w + 1)));
    for (int64_t y = top; y < top + h; ++y)
      std::fill(image.at(y, left), image.at(y, left) + w * image.channels, uint8_t(0));
    return;
  }
}

}  // namespace

void mirror(Image& image) {
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width / 2; ++x)
      std::swap_ranges(image.at(y, x), image.at(y, x) + image.channels, image.at(y, image.width - 1 - x));
}

void turn_over(Image& image) {
  for (int64_t y = 0; y < image.height / 2; ++y)
    std::swap_ranges(image.at(y, 0), image.at(y, 0) + image.width * image.channels, image.at(image.height - 1 - y, 0));
}

Problems AugmentConfig::validate() const {
  Problems p;
  if (crop_padding < 0 || crop_padding > 1024)
    p.push_back(detail::join_parts("crop_padding: got ", crop_padding, ", expected 0 to 1024"));
  for (const auto& [key, value] : {std::pair{"erase", erase}, {"mixup", mixup}, {"cutmix", cutmix}})
    if (!(value >= 0 && value <= 1)) p.push_back(detail::join_parts(key, ": got ", value, ", expected 0 to 1"));
  return p;
}

void augment(Image& image, const AugmentConfig& config, Rng& rng) {
  if (const int64_t pad = config.crop_padding; pad > 0) {
    const auto shift = [&] { return int64_t(rng.below(uint64_t(2 * pad + 1))) - pad; };
    const int64_t down = shift();
    shift_and_crop(image, down, shift());
  }
  if (config.flip && rng.below(2)) mirror(image);
  if (config.trivial_augment) {
    const auto operation = ImageOperation(rng.below(kImageOperations));
    const int bin = int(rng.below(kStrengthBins));
    apply(image, operation, bin, rng.below(2) ? 1 : -1);
  }
  if (config.erase > 0 && rng.uniform() < config.erase) erase_box(image, rng);
}

void apply(Image& image, ImageOperation operation, int bin, int sign) {
  const double share = double(bin) / (kStrengthBins - 1);
  const double strength = sign * 0.99 * share, shift = sign * std::floor(32 * share);
  const double angle = sign * 135 * share * std::numbers::pi / 180, cx = double(image.width) / 2,
               cy = double(image.height) / 2;
  switch (operation) {
    case ImageOperation::Identity:
      break;
    case ImageOperation::ShearX:
      affine(image, {1, strength, 0, 0, 1, 0});
      break;
    case ImageOperation::ShearY:
      affine(image, {1, 0, 0, strength, 1, 0});
      break;
    case ImageOperation::TranslateX:
      affine(image, {1, 0, -shift, 0, 1, 0});
      break;
    case ImageOperation::TranslateY:
      affine(image, {1, 0, 0, 0, 1, -shift});
      break;
    case ImageOperation::Rotate: {
      const double c = std::cos(angle), s = std::sin(angle);
      affine(image, {c, -s, cx - c * cx + s * cy, s, c, cy - s * cx - c * cy});
      break;
    }
    case ImageOperation::Brightness:
      blend(image, 1 + strength, [](const Image&, int64_t, int64_t, int64_t) { return 0.0; });
      break;
    case ImageOperation::Color:
      blend(image, 1 + strength,
            [](const Image& s, int64_t y, int64_t x, int64_t) { return grey(s.at(y, x), s.channels); });
      break;
    case ImageOperation::Contrast: {
      double sum = 0;
      for (int64_t y = 0; y < image.height; ++y)
        for (int64_t x = 0; x < image.width; ++x) sum += grey(image.at(y, x), image.channels);
      const double mean = sum / double(image.height * image.width);
      blend(image, 1 + strength, [mean](const Image&, int64_t, int64_t, int64_t) { return mean; });
      break;
    }
    case ImageOperation::Sharpness:
      sharpen(image, 1 + strength);
      break;
    case ImageOperation::Posterize: {
      const int bits = 8 - int(std::nearbyint(bin / 5.0));
      for (auto& p : image.pixels) p = uint8_t(p & (0xff << (8 - bits)));
      break;
    }
    case ImageOperation::Solarize:
      for (auto& p : image.pixels)
        if (double(p) >= 255 * (1 - share)) p = uint8_t(255 - p);
      break;
    case ImageOperation::AutoContrast:
      map_channels(image, stretch);
      break;
    case ImageOperation::Equalize:
      map_channels(image, equalise);
      break;
  }
}

Box cutmix_box(int64_t height, int64_t width, double lambda, Rng& rng) {
  const double cut = std::sqrt(1 - lambda);
  const auto h = int64_t(double(height) * cut), w = int64_t(double(width) * cut);
  const auto y = int64_t(rng.below(uint64_t(height))), x = int64_t(rng.below(uint64_t(width)));
  const int64_t top = std::max<int64_t>(0, y - h / 2), left = std::max<int64_t>(0, x - w / 2);
  return {top, left, std::min(height, y + h / 2) - top, std::min(width, x + w / 2) - left};
}

double symmetric_beta(double alpha, Rng& rng) {
  for (;;) {
    const double x = std::pow(1 - rng.uniform(), 1 / alpha), y = std::pow(1 - rng.uniform(), 1 / alpha);
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
}

}  // namespace ingot
