#include "ingot/formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "ingot/base/error.h"
#include "ingot/base/json.h"

namespace ingot {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the limit of the reference reader
constexpr size_t kAlignment = 8;              // the data area begins at a multiple of this

struct DTypeInfo {
  DType type;
  const char* name;
  size_t size;
};
constexpr DTypeInfo kDTypes[] = {
    {DType::Bool, "BOOL", 1},      {DType::U8, "U8", 1},   {DType::I8, "I8", 1},   {DType::F8E4M3, "F8_E4M3", 1},
    {DType::F8E5M2, "F8_E5M2", 1}, {DType::I16, "I16", 2}, {DType::U16, "U16", 2}, {DType::F16, "F16", 2},
    {DType::BF16, "BF16", 2},      {DType::I32, "I32", 4}, {DType::U32, "U32", 4}, {DType::F32, "F32", 4},
    {DType::F64, "F64", 8},        {DType::I64, "I64", 8}, {DType::U64, "U64", 8},
};
const DTypeInfo& info(DType type) { return kDTypes[size_t(type)]; }

uint64_t read_u64(const Json& value, const std::string& what) {
  require("safetensors", value.is_number_unsigned(), what, " is ", to_text(value), ", expected a whole number >= 0");
  return value.get<uint64_t>();
}

uint64_t byte_size(const TensorView& view, const std::string& what) {
  uint64_t bytes = size_of(view.dtype);
  for (const int64_t n : view.shape)
    require("safetensors", n >= 0 && !__builtin_mul_overflow(bytes, uint64_t(n), &bytes), what,
            ": the product of its shape does not fit in 64 bits");
  return bytes;
}

struct Entry {
  uint64_t begin = 0, end = 0;
  std::string name;
  TensorView view;
};

Entry read_entry(const std::string& name, const Json& value, const std::string& what) {
  require("safetensors",
          value.is_object() && value.size() == 3 && value.contains("dtype") && value.contains("shape") &&
              value.contains("data_offsets"),
          what, " is ", to_text(value), ", expected an object of dtype, shape and data_offsets");
  Entry entry;
  entry.name = name;
  const auto* type = std::find_if(std::begin(kDTypes), std::end(kDTypes),
                                  [&](const DTypeInfo& d) { return value["dtype"] == d.name; });
  if (type == std::end(kDTypes))
    fail(ErrorKind::Unsupported, "safetensors", what, ": dtype is ", to_text(value["dtype"]),
         ", expected BOOL, U8, ... F32, F64; convert the file first");
  entry.view.dtype = type->type;
  require("safetensors",
          value["shape"].is_array() && value["data_offsets"].is_array() && value["data_offsets"].size() == 2, what,
          ": expected shape to be a list and data_offsets a list of two numbers");
  for (const auto& n : value["shape"]) {
    const auto size = read_u64(n, what + ": a size in shape");
    require("safetensors", std::in_range<int64_t>(size), what, ": a size in shape is ", size, ", expected below 2^63");
    entry.view.shape.push_back(int64_t(size));
  }
  entry.begin = read_u64(value["data_offsets"][0], what + ": data_offsets[0]");
  entry.end = read_u64(value["data_offsets"][1], what + ": data_offsets[1]");
  return entry;
}

}  // namespace

size_t size_of(DType type) { return info(type).size; }
const char* to_string(DType type) { return info(type).name; }

std::map<std::string, TensorView> parse_safetensors(std::span<const std::byte> bytes, const std::string& origin,
                                                    std::map<std::string, std::string>* metadata) {
  // 1. The length of the header.
  require("safetensors", bytes.size() >= 8, origin, " has ", bytes.size(), " bytes, expected a header of 8 or more");
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | uint64_t(bytes[size_t(i)]);
  require("safetensors", length >= 2 && length <= kMaxHeader && length <= bytes.size() - 8, origin,
          ": the header length is ", length, ", expected 2 to ", std::min<uint64_t>(kMaxHeader, bytes.size() - 8),
          "; the file is cut or is not safetensors");
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  require("safetensors", header[0] == '{', origin, ": the header begins with byte ", int(uint8_t(header[0])),
          ", expected '{'");
  const auto data = bytes.subspan(8 + length);

  // 2. The header: strict JSON without duplicate keys.
  const Json root = parse_json(header, origin);
  require("safetensors", root.is_object(), origin, ": the header is not a JSON object");
  std::vector<Entry> entries;
  for (const auto& [name, value] : root.items()) {
    const std::string what = origin + ": " + name;
    if (name != "__metadata__") {
      entries.push_back(read_entry(name, value, what));
      continue;
    }
    require("safetensors", value.is_object(), what, " is not an object");
    for (const auto& [key, text] : value.items()) {
      require("safetensors", text.is_string(), what, ".", key, " is ", to_text(text), ", expected a string");
      if (metadata) (*metadata)[key] = text.get<std::string>();
    }
  }

  // 3. The tensors: in the order of their offsets they must fill the data area without a hole or an overlap.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::map<std::string, TensorView> tensors;
  uint64_t position = 0;
  for (auto& entry : entries) {
    const std::string what = origin + ": " + entry.name;
    require("safetensors", entry.begin == position && entry.end >= entry.begin && entry.end <= data.size(), what,
            " lies at [", entry.begin, ", ", entry.end, "), expected to begin at ", position, " and to end by ",
            data.size());
    const uint64_t expected = byte_size(entry.view, what);
    require("safetensors", entry.end - entry.begin == expected, what, " has ", entry.end - entry.begin,
            " bytes, expected ", expected, " by its shape");
    entry.view.bytes = data.subspan(entry.begin, expected);
    position = entry.end;
    tensors.emplace(std::move(entry.name), std::move(entry.view));
  }
  require("safetensors", position == data.size(), origin, " has ", data.size() - position,
          " bytes behind the last tensor, expected none");
  return tensors;
}

SafetensorsFile::SafetensorsFile(const fs::path& path) : file_(path) {
  tensors_ = parse_safetensors(file_.bytes(), path.string(), &metadata_);
}

const TensorView& SafetensorsFile::at(const std::string& name) const {
  if (const auto found = tensors_.find(name); found != tensors_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [n, view] : tensors_) names.push_back(n);
  const auto nearest = nearest_name(name, names);
  fail(ErrorKind::NotFound, "safetensors", "there is no tensor '", name, "' among ", names.size(),
       nearest.empty() ? "" : "; did you mean '" + nearest + "'?");
}

void write_safetensors(FileWriter& file, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  // 1. Order: by dtype size descending, then by name, which keeps every tensor aligned.
  std::vector<const std::pair<const std::string, TensorView>*> order;
  for (const auto& item : tensors) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return size_of(a->second.dtype) > size_of(b->second.dtype); });

  // 2. Header, padded with spaces.
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t position = 0;
  for (const auto* item : order) {
    const auto& [name, view] = *item;
    require("safetensors", name != "__metadata__", "a tensor is named __metadata__, which the format keeps for itself");
    const uint64_t expected = byte_size(view, name);
    require("safetensors", view.bytes.size() == expected, name, " has ", view.bytes.size(), " bytes, expected ",
            expected, " by its shape");
    header[name] = {
        {"dtype", to_string(view.dtype)}, {"shape", view.shape}, {"data_offsets", {position, position + expected}}};
    position += expected;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  require("safetensors", text.size() <= kMaxHeader, "the header has ", text.size(), " bytes, expected at most ",
          kMaxHeader);
  char length[8];
  for (int i = 0; i < 8; ++i) length[i] = char(uint64_t(text.size()) >> (8 * i) & 0xff);

  // 3. Data.
  file.write(length, sizeof length);
  file.write(text.data(), text.size());
  for (const auto* item : order) file.write(item->second.bytes.data(), item->second.bytes.size());
}

}  // namespace ingot
