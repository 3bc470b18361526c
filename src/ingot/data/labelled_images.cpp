#include "ingot/data/labelled_images.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "ingot/base/file.h"
#include "ingot/base/lines.h"
#include "ingot/data/byte_source.h"
#include "ingot/data/datasets.h"
#include "ingot/data/parallel.h"
#include "ingot/data/permutation.h"
#include "ingot/data/quarantine.h"
#include "ingot/data/tar.h"

namespace ingot {
namespace {

std::string read_all(const fs::path& path) {
  ByteSource source(path);
  std::string bytes;
  constexpr size_t kStep = 1 << 20;
  for (size_t n = 1; n > 0;) {
    const size_t at = bytes.size();
    bytes.resize(at + kStep);
    n = source.read(bytes.data() + at, kStep);
    bytes.resize(at + n);
  }
  return bytes;
}

int64_t big_endian(const std::string& bytes, size_t at) {
  int64_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// The header of an idx file: type 8 (bytes) and `dims` sizes, which must be those of the file.
std::vector<int64_t> idx_header(const std::string& bytes, size_t dims, const std::string& origin) {
  const size_t header = 4 + 4 * dims;
  require("data", bytes.size() >= header && big_endian(bytes, 0) == int64_t(0x800 + dims), origin,
          " does not begin with idx magic ", 0x800 + dims, " (bytes in ", dims, " dimensions)");
  std::vector<int64_t> sizes;
  double product = 1;  // of lying sizes it may pass 2^63
  for (size_t i = 0; i < dims; ++i) {
    sizes.push_back(big_endian(bytes, 4 + 4 * i));
    product *= double(sizes.back());
  }
  require("data", product == double(bytes.size() - header), origin, " holds ", bytes.size() - header,
          " bytes of data, expected ", product, " by its header");
  return sizes;
}

void set_numbered_names(LabelledImages& images, const LabelledImageConfig& config,
                        const std::vector<std::string>& names, const std::string& origin) {
  images.names = !names.empty() ? names : config.names;
  const auto largest = *std::max_element(images.labels.begin(), images.labels.end());
  if (images.names.empty())
    for (int64_t k = 0; k <= largest; ++k) images.names.push_back(std::to_string(k));
  for (size_t i = 0; i < images.labels.size(); ++i)
    require("data", images.labels[i] < int64_t(images.names.size()), origin, ": record ", i, ": label is ",
            images.labels[i], ", expected 0 to ", images.names.size() - 1, " (the classes that have names)");
}

LabelledImages read_idx(const fs::path& path, const LabelledImageConfig& config,
                        const std::vector<std::string>& names) {
  std::string label_file = path.filename().string();
  const size_t at = label_file.find("images-idx3");
  require("data", at != std::string::npos, path.string(),
          ": expected a name with 'images-idx3', beside it the same with "
          "'labels-idx1'");
  label_file.replace(at, 11, "labels-idx1");
  const fs::path label_path = path.parent_path() / label_file;
  const std::string pixels = read_all(path), labels = read_all(label_path);
  const auto sizes = idx_header(pixels, 3, path.string()), counts = idx_header(labels, 1, label_path.string());
  require("data", sizes[0] == counts[0], label_path.string(), " has ", counts[0], " labels, expected ", sizes[0],
          " as there are images in ", path.string());
  require("data", sizes[0] > 0, path.string(), " holds no image, expected at least one");
  require("data", sizes[1] * sizes[2] <= config.max_pixels, path.string(), " has ", sizes[2], " x ", sizes[1],
          " pixels an image, expected at most ", config.max_pixels, " (data.max_pixels)");
  LabelledImages result{.height = sizes[1], .width = sizes[2], .channels = 1};
  result.pixels.assign(pixels.begin() + 16, pixels.end());
  for (size_t i = 8; i < labels.size(); ++i) result.labels.push_back(static_cast<unsigned char>(labels[i]));
  set_numbered_names(result, config, names, label_path.string());
  return result;
}

// CIFAR-10: label, 3 planes of 32 x 32. CIFAR-100: coarse label, fine label, planes; the fine label counts.
LabelledImages read_cifar(const fs::path& path, const LabelledImageConfig& config,
                          const std::vector<std::string>& names) {
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path))
      if (const auto name = entry.path().filename().string();
          (name.starts_with("data_batch") && name.ends_with(".bin")) || name == "train.bin")
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  require("data", !files.empty(), path.string(), " holds no data_batch_N.bin and no train.bin");
  constexpr size_t kSide = 32, kPlane = kSide * kSide;
  LabelledImages result{.height = kSide, .width = kSide, .channels = 3};
  for (const auto& file : files) {
    const std::string bytes = read_all(file);
    const bool fine = bytes.size() % (3 * kPlane + 1) != 0;
    const size_t label_bytes = fine ? 2 : 1, record = 3 * kPlane + label_bytes;
    require("data", !bytes.empty() && bytes.size() % record == 0, file.string(), " has ", bytes.size(),
            " bytes, expected records of 3073 (CIFAR-10) or 3074 (CIFAR-100)");
    for (size_t at = 0; at < bytes.size(); at += record) {
      result.labels.push_back(static_cast<unsigned char>(bytes[at + label_bytes - 1]));
      for (size_t i = 0; i < kPlane; ++i)
        for (size_t c = 0; c < 3; ++c) result.pixels.push_back(uint8_t(bytes[at + label_bytes + c * kPlane + i]));
    }
  }
  std::vector<std::string> own = names;
  const fs::path folder = fs::is_directory(path) ? path : path.parent_path();
  for (const char* file : {"batches.meta.txt", "fine_label_names.txt"})
    if (own.empty() && config.names.empty() && fs::exists(folder / file)) {
      const std::string text = read_file(folder / file);
      LineReader lines(text);
      for (std::string_view line; lines.next(line);)
        if (!line.empty()) own.emplace_back(line);
    }
  set_numbered_names(result, config, own, files.front().string());
  return result;
}

struct ImageRecord {
  std::string label, origin, bytes;
  fs::path path;  // where the bytes are read from, if not given
};

// <root>/<label>/<file>, sorted by path; hidden files are left out.
std::vector<ImageRecord> list_folder(const fs::path& root, const std::string& inner) {
  std::map<std::string, ImageRecord> files;
  const auto add = [&](const std::string& name, std::string bytes, const fs::path& path) {
    const auto slash = name.find('/');
    if (slash == std::string::npos || fs::path(name).filename().string().starts_with(".")) return;
    files[name] = {name.substr(0, slash), root.string() + (path.empty() ? ":" : "/") + name, std::move(bytes), path};
  };
  if (fs::is_directory(root)) {
    refuse_empty_classes(root);
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.is_regular_file()) add(fs::relative(entry.path(), root).string(), "", entry.path());
  } else {
    const std::string prefix = inner.empty() ? "" : inner + "/";
    for_each_tar_member(root, [&](const std::string& name, std::string bytes) {
      if (name.starts_with(prefix)) add(name.substr(prefix.size()), std::move(bytes), {});
    });
  }
  std::vector<ImageRecord> records;
  for (auto& [name, record] : files) records.push_back(std::move(record));
  return records;
}

LabelledImages read_folder(const fs::path& root, const std::string& inner, const LabelledImageConfig& config,
                           const std::vector<std::string>& names) {
  const auto records = list_folder(root, inner);
  require("data", !records.empty(), root.string(), " holds no image in a sub-folder of a class, expected at least one");
  LabelledImages result{.channels = config.channels, .names = names};
  if (names.empty()) {
    for (const auto& record : records) result.names.push_back(record.label);
    std::sort(result.names.begin(), result.names.end());
    result.names.erase(std::unique(result.names.begin(), result.names.end()), result.names.end());
  }
  for (const auto& record : records)
    require("data", std::binary_search(result.names.begin(), result.names.end(), record.label), record.origin,
            ": label is '", record.label, "', which the training images do not have",
            suggest(record.label, result.names));

  // 1. Decode, each on its own.
  std::vector<Image> images(records.size());
  std::vector<std::string> failures(records.size());
  parallel_for(num_threads(0), records.size(), [&](size_t i) {
    const auto& [label, origin, bytes, path] = records[i];
    try {
      images[i] = decode_image(path.empty() ? bytes : read_file(path), origin, config.channels, config.max_pixels);
      if (config.size > 0) images[i] = resize_and_crop(images[i], config.size);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::InvalidArgument) throw;
      failures[i] = e.what();
    }
  });

  // 2. What failed, against the budget; what is left, in order.
  for (const auto& failure : failures)
    if (!failure.empty()) result.quarantined.push_back(failure);
  check_quarantine(result.quarantined, records.size(), config.quarantine_budget, "images failed");
  for (size_t i = 0; i < records.size(); ++i) {
    if (!failures[i].empty()) continue;
    const auto& image = images[i];
    if (result.labels.empty()) {
      result.height = image.height;
      result.width = image.width;
    }
    require("data", image.height == result.height && image.width == result.width, records[i].origin, " has ",
            image.width, " x ", image.height, " pixels, expected ", result.width, " x ", result.height,
            " as the first image; set data.size to bring all to one size");
    const auto at = std::lower_bound(result.names.begin(), result.names.end(), records[i].label);
    result.labels.push_back(at - result.names.begin());
    result.pixels.insert(result.pixels.end(), image.pixels.begin(), image.pixels.end());
    images[i] = {};
  }
  return result;
}

void finish(LabelledImages& images, const std::string& origin) {
  require("data", images.names.size() >= 2, origin, " has one class only ('", images.names.front(),
          "'), expected at least two");
  for (size_t k = 0; k < images.names.size(); ++k)
    require("data", std::find(images.labels.begin(), images.labels.end(), int64_t(k)) != images.labels.end(), origin,
            ": class '", images.names[k], "' is empty, expected an image of each class");
  std::string identity;
  for (const int64_t label : images.labels) identity += images.names[size_t(label)] + '\n';
  identity += xxh3_hex({reinterpret_cast<const char*>(images.pixels.data()), images.pixels.size()});
  images.hash = sha256_hex(identity);
}

}  // namespace

Problems LabelledImageConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  check(!train.empty(), "train: got \"\", expected a path");
  check(channels == 1 || channels == 3, "channels: got ", channels, ", expected 1 (grey) or 3 (RGB)");
  check(size >= 0 && size <= 4096, "size: got ", size, ", expected 0 (as they are) to 4096");
  check(max_pixels >= 1, "max_pixels: got ", max_pixels, ", expected at least 1");
  check(mean.size() == std.size() && (mean.empty() || int64_t(mean.size()) == channels), "mean: got ", mean.size(),
        " numbers and ", std.size(), " of std, expected ", channels, " of each, or none");
  for (const double s : std) check(s > 0, "std: got ", s, ", expected above 0");
  check(quarantine_budget >= 0 && quarantine_budget < 1, "quarantine_budget: got ", quarantine_budget,
        ", expected 0 to below 1");
  check(validation_fraction >= 0 && validation_fraction < 1, "validation_fraction: got ", validation_fraction,
        ", expected 0 to below 1");
  return p;
}

Image LabelledImages::image(int64_t i) const {
  const auto begin = pixels.begin() + i * bytes_each();
  return {height, width, channels, {begin, begin + bytes_each()}};
}

LabelledImages read_labelled_images(const std::string& where, const LabelledImageConfig& config,
                                    const std::vector<std::string>& names) {
  const auto colon = where.find(".tar.gz:");
  const std::string inner = colon == std::string::npos ? "" : where.substr(colon + 8);
  const fs::path path = find_data(colon == std::string::npos ? where : where.substr(0, colon + 7));
  const std::string file = path.filename().string();
  auto layout = config.layout;
  if (layout == ImageLayout::Auto)
    layout = file.find("idx3-ubyte") != std::string::npos ? ImageLayout::Idx
             : file.ends_with(".bin") || fs::exists(path / "data_batch_1.bin") || fs::exists(path / "train.bin")
                 ? ImageLayout::Cifar
                 : ImageLayout::Folder;
  auto images = layout == ImageLayout::Idx     ? read_idx(path, config, names)
                : layout == ImageLayout::Cifar ? read_cifar(path, config, names)
                                               : read_folder(path, inner, config, names);
  require("data", images.channels == config.channels, where, " has ", images.channels,
          " channels, expected data.channels = ", config.channels);
  if (config.size > 0 && (images.height != config.size || images.width != config.size)) {
    LabelledImages resized = images;
    resized.height = resized.width = config.size;
    resized.pixels.clear();
    for (int64_t i = 0; i < images.size(); ++i) {
      const auto small = resize_and_crop(images.image(i), config.size);
      resized.pixels.insert(resized.pixels.end(), small.pixels.begin(), small.pixels.end());
    }
    images = std::move(resized);
  }
  finish(images, where);
  return images;
}

LabelledImages split_off(LabelledImages& images, double fraction) {
  const HeldOut held_out(uint64_t(images.size()), fraction, "images");
  LabelledImages part{
      .height = images.height, .width = images.width, .channels = images.channels, .names = images.names};
  LabelledImages rest = part;
  rest.quarantined = std::move(images.quarantined);
  const auto each = images.bytes_each();
  for (int64_t i = 0; i < images.size(); ++i) {
    auto& into = held_out(uint64_t(i)) ? part : rest;
    into.labels.push_back(images.labels[size_t(i)]);
    into.pixels.insert(into.pixels.end(), images.pixels.begin() + i * each, images.pixels.begin() + (i + 1) * each);
  }
  finish(part, "the validation share of the training images");
  finish(rest, "what validation leaves of the training images");
  images = std::move(rest);
  return part;
}

}  // namespace ingot
