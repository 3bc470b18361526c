#include "ingot/data/boxed_images.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <pugixml.hpp>

#include "ingot/base/file.h"
#include "ingot/base/lines.h"
#include "ingot/data/datasets.h"
#include "ingot/data/parallel.h"
#include "ingot/data/quarantine.h"

namespace ingot {
namespace {

struct BoxRecord {
  std::string origin, label;
  std::array<double, 4> corners{};
  bool ignore = false;
};
struct BoxedRecord {
  std::string file;  // as the annotations name it
  fs::path path;
  std::vector<BoxRecord> boxes;
};

// Everingham et al. 2010: ImageSets/Main/<split>.txt lists names; Annotations/<name>.xml has the boxes, whose corners
// are pixels counted from 1, both inside the box; JPEGImages/<name>.jpg.
std::vector<BoxedRecord> read_voc(const fs::path& root, const std::string& split) {
  const fs::path list = root / "ImageSets" / "Main" / (split + ".txt");
  const std::string text = read_file(list);
  std::vector<BoxedRecord> records;
  LineReader lines(text);
  for (std::string_view line; lines.next(line);) {
    const std::string name(line.substr(0, line.find_first_of(" \t\r")));
    if (name.empty()) continue;
    const auto path = root / "Annotations" / (name + ".xml");
    pugi::xml_document document;
    const std::string xml = read_file(path);
    const auto parsed = document.load_buffer(xml.data(), xml.size());
    require("data", bool(parsed), path.string(), ": byte ", parsed.offset, ": ", parsed.description());
    const auto annotation = document.child("annotation");
    require("data", !annotation.empty(), path.string(), " has no <annotation>, expected Pascal VOC's form");
    const std::string file = annotation.child("filename").text().as_string();
    BoxedRecord record{name, root / "JPEGImages" / (name + ".jpg"), {}};
    if (!fs::exists(record.path)) record.path = root / "JPEGImages" / fs::path(file).filename();
    int64_t number = 0;
    for (const auto object : annotation.children("object")) {
      BoxRecord box{path.string() + ": object " + std::to_string(++number),
                    object.child("name").text().as_string(),
                    {},
                    object.child("difficult").text().as_int() == 1};
      require("data", !box.label.empty(), box.origin, " has no <name>, expected its class");
      for (size_t k = 0; k < 4; ++k) {
        const char* key = std::array{"xmin", "ymin", "xmax", "ymax"}[k];
        const auto value = object.child("bndbox").child(key).text();
        require("data", !value.empty() && std::isfinite(value.as_double(NAN)), box.origin, ": ", key, " is '",
                value.as_string(), "', expected a number");
        box.corners[k] = value.as_double();
      }
      if (box.corners[2] > box.corners[0] && box.corners[3] > box.corners[1]) box.corners[0] -= 1, box.corners[1] -= 1;
      record.boxes.push_back(std::move(box));
    }
    records.push_back(std::move(record));
  }
  require("data", !records.empty(), list.string(), " names no image, expected one a line");
  return records;
}

// Lin et al. 2014. The images of instances_<set>.json lie in ../<set>, in ../images, or beside it.
std::vector<BoxedRecord> read_coco(const fs::path& path) {
  const Json root = read_json(path);
  const auto list = [&](const char* key) -> const Json& {
    require("data", root.is_object() && root.contains(key) && root[key].is_array(), path.string(), " has no list '",
            key, "', expected COCO's form with images, annotations and categories");
    return root[key];
  };
  const auto origin = [&](const char* key, size_t i) {
    return path.string() + ": " + key + "[" + std::to_string(i) + "]";
  };
  const auto id = [&](const Json& entry, const char* key, const std::string& where) {
    require("data", entry.is_object() && entry.contains(key) && entry[key].is_number_integer(), where,
            " has no whole number '", key, "'");
    return entry[key].get<int64_t>();
  };
  const auto text = [&](const Json& entry, const char* key, const std::string& where) {
    require("data", entry.is_object() && entry.contains(key) && entry[key].is_string(), where, " has no string '", key,
            "'");
    return entry[key].get<std::string>();
  };

  const std::string stem = path.stem().string();
  const fs::path folder = path.parent_path(), set = folder.parent_path() / stem.substr(stem.find('_') + 1);
  const fs::path images_folder = fs::is_directory(set)                               ? set
                                 : fs::is_directory(folder.parent_path() / "images") ? folder.parent_path() / "images"
                                                                                     : folder;
  std::map<int64_t, std::string> categories;
  const auto& category_list = list("categories");
  for (size_t i = 0; i < category_list.size(); ++i)
    categories[id(category_list[i], "id", origin("categories", i))] =
        text(category_list[i], "name", origin("categories", i));
  std::vector<BoxedRecord> records;
  std::map<int64_t, size_t> place;
  const auto& images = list("images");
  for (size_t i = 0; i < images.size(); ++i) {
    const auto file = text(images[i], "file_name", origin("images", i));
    require("data", is_safe_path(file), origin("images", i), ": file_name is '", file,
            "', expected a relative path without ..");
    place[id(images[i], "id", origin("images", i))] = records.size();
    records.push_back({file, images_folder / file, {}});
  }
  require("data", !records.empty(), path.string(), " names no image, expected at least one");
  const auto& annotations = list("annotations");
  for (size_t i = 0; i < annotations.size(); ++i) {
    const auto& entry = annotations[i];
    const auto where = origin("annotations", i);
    const auto image = place.find(id(entry, "image_id", where));
    require("data", image != place.end(), where, ": image_id is ", entry["image_id"].dump(),
            ", which no entry of images has");
    const auto category = categories.find(id(entry, "category_id", where));
    require("data", category != categories.end(), where, ": category_id is ", entry["category_id"].dump(),
            ", which no entry of categories has");
    const auto box = entry.find("bbox");
    require("data",
            box != entry.end() && box->is_array() && box->size() == 4 &&
                std::all_of(box->begin(), box->end(), [](const Json& n) { return n.is_number(); }),
            where, ": bbox is ", box == entry.end() ? "absent" : box->dump(), ", expected [x, y, width, height]");
    const double x = (*box)[0], y = (*box)[1], w = (*box)[2], h = (*box)[3];
    auto& record = records[image->second];
    record.boxes.push_back(
        {where + " (" + record.file + ")", category->second, {x, y, x + w, y + h}, entry.value("iscrowd", 0) == 1});
  }
  return records;
}

// What is wrong with a box, or "". A corner may pass the border by a pixel: rounding.
std::string fault(const BoxRecord& box, int64_t height, int64_t width) {
  const auto& [x1, y1, x2, y2] = box.corners;
  if (!(x2 > x1 && y2 > y1)) return detail::join_parts("has no area: ", x1, " ", y1, " to ", x2, " ", y2);
  if (x1 < -1 || y1 < -1 || x2 > double(width) + 1 || y2 > double(height) + 1)
    return detail::join_parts("is ", x1, " ", y1, " to ", x2, " ", y2, ", outside its image of ", width, " x ", height,
                              " pixels");
  return "";
}

}  // namespace

Problems BoxedImageConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  check(!train.empty(), "train: got \"\", expected a path");
  check(other_labels == OtherLabels::Refuse || !names.empty(),
        "other_labels: got \"leave_out\", expected names with it");
  check(min_size >= 32 && min_size <= max_size && max_size <= 8192, "min_size: got ", min_size, " and max_size ",
        max_size, ", expected 32 <= min_size <= max_size <= 8192");
  check(mean.size() == std.size() && (mean.empty() || mean.size() == 3), "mean: got ", mean.size(), " numbers and ",
        std.size(), " of std, expected 3 of each, or none");
  for (const double s : std) check(s > 0, "std: got ", s, ", expected above 0");
  check(max_pixels >= 1, "max_pixels: got ", max_pixels, ", expected at least 1");
  for (const auto& [key, value] : {std::pair{"quarantine_budget", quarantine_budget}, {"box_budget", box_budget}})
    check(value >= 0 && value < 1, key, ": got ", value, ", expected 0 to below 1");
  return p;
}

int64_t BoxedImages::num_boxes() const {
  int64_t n = 0;
  for (const auto& image : images) n += int64_t(image.boxes.size());
  return n;
}

std::array<int64_t, 2> detection_size(int64_t height, int64_t width, int64_t min_size, int64_t max_size) {
  const double scale =
      std::min(double(min_size) / double(std::min(height, width)), double(max_size) / double(std::max(height, width)));
  const auto side = [&](int64_t n) { return std::max<int64_t>(1, std::lround(double(n) * scale)); };
  return {side(height), side(width)};
}

BoxedImages read_boxed_images(const std::string& where, const BoxedImageConfig& config,
                              const std::vector<std::string>& names) {
  // 1. The annotations.
  const bool coco =
      config.layout == BoxLayout::Coco || (config.layout == BoxLayout::Auto && fs::path(where).extension() == ".json");
  const auto colon = where.rfind(':');
  require("data", coco || (colon != std::string::npos && colon > 0), where,
          " names no split, expected the VOC folder, a colon and one of its ImageSets/Main, as VOC2007:trainval");
  auto records =
      coco ? read_coco(find_data(where)) : read_voc(find_data(where.substr(0, colon)), where.substr(colon + 1));

  // 2. The classes.
  BoxedImages result{.names = !names.empty() ? names : config.names};
  if (result.names.empty()) {
    for (const auto& record : records)
      for (const auto& box : record.boxes) result.names.push_back(box.label);
    std::sort(result.names.begin(), result.names.end());
    result.names.erase(std::unique(result.names.begin(), result.names.end()), result.names.end());
    require("data", !result.names.empty(), where, " holds no box, expected at least one");
  }

  // 3. Decode, each on its own.
  std::vector<BoxedImage> images(records.size());
  std::vector<std::string> failures(records.size());
  parallel_for(num_threads(0), records.size(), [&](size_t i) {
    const auto& path = records[i].path;
    try {
      const auto image = decode_image(read_file(path), path.string(), 3, config.max_pixels);
      const auto [height, width] = detection_size(image.height, image.width, config.min_size, config.max_size);
      images[i] = {records[i].file, image.height, image.width, resize(image, height, width), {}};
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::InvalidArgument) throw;
      failures[i] = e.what();
    }
  });

  // 4. What failed, against the budgets; what is left, in order.
  Problems bad_images, bad_boxes;
  size_t num_boxes = 0;
  std::vector<int64_t> count(result.names.size());
  std::string identity;
  for (size_t i = 0; i < records.size(); ++i) {
    if (!failures[i].empty()) {
      bad_images.push_back(failures[i]);
      continue;
    }
    auto& image = images[i];
    for (const auto& box : records[i].boxes) {
      const auto name = std::find(result.names.begin(), result.names.end(), box.label);
      if (name == result.names.end() && config.other_labels == OtherLabels::LeaveOut) continue;
      require("data", name != result.names.end(), box.origin, ": label is '", box.label, "', which ",
              names.empty() ? "data.names does" : "the training images do", " not have",
              suggest(box.label, result.names));
      ++num_boxes;
      if (const auto why = fault(box, image.height, image.width); !why.empty()) {
        bad_boxes.push_back(detail::join_parts(box.origin, ": ", box.label, " ", why));
        continue;
      }
      const float w = float(image.width), h = float(image.height);
      const auto& c = box.corners;
      image.boxes.push_back({{std::clamp(float(c[0]), 0.f, w), std::clamp(float(c[1]), 0.f, h),
                              std::clamp(float(c[2]), 0.f, w), std::clamp(float(c[3]), 0.f, h)},
                             name - result.names.begin(),
                             box.ignore});
      count[size_t(image.boxes.back().label)] += 1;
      identity += box.label + detail::join_parts(' ', c[0], ' ', c[1], ' ', c[2], ' ', c[3], '\n');
    }
    const auto& pixels = image.image.pixels;
    identity += xxh3_hex({reinterpret_cast<const char*>(pixels.data()), pixels.size()}) + '\n';
    result.images.push_back(std::move(image));
  }
  check_quarantine(bad_images, records.size(), config.quarantine_budget, "images failed");
  check_quarantine(bad_boxes, num_boxes, config.box_budget, "boxes failed", "data.box_budget");
  for (size_t k = 0; k < count.size() && names.empty(); ++k)
    require("data", count[k] > 0, where, ": class '", result.names[k], "' is empty, expected a box of each class");
  result.quarantined = std::move(bad_images);
  result.quarantined.insert(result.quarantined.end(), bad_boxes.begin(), bad_boxes.end());
  result.hash = sha256_hex(identity);
  return result;
}

}  // namespace ingot
