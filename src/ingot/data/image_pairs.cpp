#include "ingot/data/image_pairs.h"

#include <algorithm>

#include "ingot/base/csv.h"
#include "ingot/base/file.h"
#include "ingot/base/lines.h"
#include "ingot/data/audio.h"
#include "ingot/data/datasets.h"
#include "ingot/data/parallel.h"
#include "ingot/data/quarantine.h"

namespace ingot {
namespace {

struct PairRow {
  std::string origin, image, sound, label;
  std::vector<std::string> texts;
};

void add_texts(std::vector<std::string>& texts, const std::string& cell, const std::string& separator) {
  for (size_t begin = 0; begin <= cell.size();) {
    const size_t end = separator.empty() ? cell.size() : std::min(cell.find(separator, begin), cell.size());
    if (end > begin) texts.push_back(cell.substr(begin, end - begin));
    begin = end + std::max<size_t>(1, separator.size());
  }
}

std::vector<PairRow> read_csv_rows(const fs::path& path, const std::string& split, const ImagePairConfig& config) {
  const auto table = read_csv(path);
  std::vector<PairRow> rows;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    if (!split.empty() && table.text(i, config.split_column) != split) continue;
    PairRow row{path.string() + ":" + std::to_string(table.lines[i]), table.text(i, config.image_column)};
    if (!config.class_column.empty()) row.label = table.text(i, config.class_column);
    if (!config.sound_column.empty())
      row.sound = table.text(i, config.sound_column);
    else
      for (const auto& column : config.text_columns) add_texts(row.texts, table.text(i, column), config.separator);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<PairRow> read_jsonl_rows(const fs::path& path, const std::string& split, const ImagePairConfig& config) {
  const std::string bytes = read_file(path);
  LineReader lines(bytes);
  std::vector<PairRow> rows;
  for (std::string_view line; lines.next(line);) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto origin = path.string() + ":" + std::to_string(lines.number());
    const Json json = parse_json(line, origin);
    const auto cell = [&](const std::string& column) -> const Json& {
      require("data", json.is_object() && json.contains(column), origin, " has no '", column, "'");
      return json[column];
    };
    const auto text = [&](const std::string& column) {
      const auto& value = cell(column);
      require("data", value.is_string() || value.is_number_integer(), origin, ": ", column, " is ", to_text(value),
              ", expected a string");
      return value.is_string() ? value.get<std::string>() : value.dump();
    };
    if (!split.empty() && text(config.split_column) != split) continue;
    PairRow row{origin, text(config.image_column)};
    if (!config.class_column.empty()) row.label = text(config.class_column);
    if (!config.sound_column.empty()) {
      row.sound = text(config.sound_column);
    } else {
      for (const auto& column : config.text_columns) {
        if (const auto& value = cell(column); !value.is_array()) {
          row.texts.push_back(text(column));
          continue;
        }
        for (const auto& item : cell(column)) {
          require("data", item.is_string(), origin, ": ", column, " holds ", to_text(item), ", expected strings");
          row.texts.push_back(item);
        }
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Problems ImagePairConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  check(!train.empty(), "train: got \"\", expected a table");
  check(!sound_column.empty() || !text_columns.empty(), "text_columns: got none, expected at least one");
  check(rate >= 1000 && rate <= 384'000, "rate: got ", rate, ", expected 1000 to 384000");
  check(size >= 8 && size <= 4096, "size: got ", size, ", expected 8 to 4096");
  check(channels == 1 || channels == 3, "channels: got ", channels, ", expected 1 (grey) or 3 (RGB)");
  check(background >= 0 && background <= 255, "background: got ", background, ", expected 0 to 255");
  check(mean.size() == std.size() && (mean.empty() || int64_t(mean.size()) == channels), "mean: got ", mean.size(),
        " numbers and ", std.size(), " of std, expected ", channels, " of each, or none");
  for (const double s : std) check(s > 0, "std: got ", s, ", expected above 0");
  check(max_pixels >= 1, "max_pixels: got ", max_pixels, ", expected at least 1");
  check(quarantine_budget >= 0 && quarantine_budget < 1, "quarantine_budget: got ", quarantine_budget,
        ", expected 0 to below 1");
  return p;
}

ImagePairs read_image_pairs(const std::string& where, const ImagePairConfig& config) {
  // 1. The rows.
  const auto colon = where.rfind(':');
  const bool part = colon != std::string::npos && where.find('/', colon) == std::string::npos;
  const fs::path path = find_data(part ? where.substr(0, colon) : where);
  const std::string split = part ? where.substr(colon + 1) : "";
  const auto rows =
      path.extension() == ".jsonl" ? read_jsonl_rows(path, split, config) : read_csv_rows(path, split, config);
  require("data", rows.size() >= 2, where, " has ", rows.size(), " pairs, expected at least two",
          split.empty() ? "" : "; is split_column right?");
  const auto folder = [&](const std::string& given) { return given.empty() ? path.parent_path() : find_data(given); };
  const fs::path images = folder(config.images), sounds = folder(config.sounds);

  // 2. Decode, each on its own.
  ImagePairs result;
  std::vector<ImagePair> pairs(rows.size());
  std::vector<std::string> failures(rows.size());
  parallel_for(num_threads(0), rows.size(), [&](size_t i) {
    const auto& row = rows[i];
    auto& pair = pairs[i];
    pair.file = row.image;
    pair.label = config.class_column.empty() ? row.origin : row.label;
    pair.texts = row.texts;
    try {
      require("data", config.class_column.empty() || !row.label.empty(), row.origin, ": ", config.class_column,
              " is empty, expected a class");
      require("data", !row.texts.empty() || !row.sound.empty(), row.origin, " has no text, expected at least one");
      for (const auto* file : {&row.image, &row.sound})
        require("data", file->empty() ? file == &row.sound : is_safe_path(*file), row.origin, ": got the path '", *file,
                "', expected a relative one without ..");
      const auto file = images / row.image;
      pair.image = resize_and_crop(decode_image(read_file(file), row.origin + ": " + file.string(), config.channels,
                                                config.max_pixels, uint8_t(config.background)),
                                   config.size);
      if (!row.sound.empty()) pair.samples = read_audio(sounds / row.sound, config.rate).samples;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::InvalidArgument) throw;
      failures[i] = e.what();
    }
  });

  // 3. What failed, against the budget; what is left, in order.
  std::string identity;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!failures[i].empty()) {
      result.quarantined.push_back(failures[i]);
      continue;
    }
    auto& pair = pairs[i];
    for (const auto& text : pair.texts) identity += text + '\t';
    const auto hash = [&](const void* bytes, size_t n) {
      identity += xxh3_hex({static_cast<const char*>(bytes), n}) + '\n';
    };
    hash(pair.samples.data(), pair.samples.size() * sizeof(float));
    hash(pair.image.pixels.data(), pair.image.pixels.size());
    result.pairs.push_back(std::move(pair));
  }
  check_quarantine(result.quarantined, rows.size(), config.quarantine_budget, "pairs failed");
  require("data", result.pairs.size() >= 2, where, " has ", result.pairs.size(), " pairs left, expected at least two");
  result.hash = sha256_hex(identity);
  return result;
}

}  // namespace ingot
