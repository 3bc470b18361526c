#include "ingot/tasks/labelled_text.h"

#include <algorithm>
#include <map>

#include "ingot/base/csv.h"
#include "ingot/base/error.h"
#include "ingot/base/lines.h"
#include "ingot/data/datasets.h"
#include "ingot/data/tar.h"

namespace ingot {
namespace {

struct Record {
  std::string label, text, origin;
};

// First byte that is not valid UTF-8 (RFC 3629), or npos.
size_t invalid_utf8(std::string_view s) {
  for (size_t i = 0; i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    const size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (n == 0 || i + n > s.size()) return i;
    for (size_t k = 1; k < n; ++k)
      if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return i;
    const auto second = n > 1 ? static_cast<unsigned char>(s[i + 1]) : 0;
    if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
        (c == 0xf4 && second > 0x8f))
      return i;
    i += n;
  }
  return std::string_view::npos;
}

std::string decode(const std::string& bytes, Encoding encoding, const std::string& origin) {
  if (encoding == Encoding::Latin1) {
    std::string text;
    for (const unsigned char c : bytes) {
      if (c >= 0x80) text += char(0xc0 | c >> 6);
      text += c < 0x80 ? char(c) : char(0x80 | (c & 0x3f));
    }
    return text;
  }
  const size_t bad = invalid_utf8(bytes);
  require("data", bad == std::string::npos, origin, ": byte ", bad,
          " is not UTF-8; set data.encoding = \"latin-1\" if that is what it is");
  return bytes;
}

// <root>/<label>/<file>, sorted by path.
std::vector<Record> read_folder(const fs::path& root, const std::string& inner) {
  std::map<std::string, std::string> files;
  if (fs::is_directory(root)) {
    refuse_empty_classes(root);
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.is_regular_file()) files[fs::relative(entry.path(), root).string()] = read_file(entry.path());
  } else {
    const std::string prefix = inner.empty() ? "" : inner + "/";
    for_each_tar_member(root, [&](const std::string& name, std::string bytes) {
      if (name.starts_with(prefix)) files[name.substr(prefix.size())] = std::move(bytes);
    });
  }
  std::vector<Record> records;
  for (auto& [name, bytes] : files)
    if (const auto slash = name.find('/'); slash != std::string::npos)
      records.push_back({name.substr(0, slash), std::move(bytes), root.string() + ":" + name});
  return records;
}

std::vector<Record> read_lines(const fs::path& path) {
  std::vector<Record> records;
  const std::string text = read_file(path);
  LineReader lines(text);
  for (std::string_view line; lines.next(line);) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const std::string row(line), origin = path.string() + ":" + std::to_string(lines.number());
    const size_t space = row.find_first_of(" \t");
    require("data", space != std::string::npos && space > 0, origin, " is '", row.substr(0, 40),
            "', expected a label, a space and a text");
    records.push_back({row.substr(0, space), row.substr(space + 1), origin});
  }
  return records;
}

// Cells between tabs; a quote is a character like any other (IANA text/tab-separated-values).
class TsvReader {
 public:
  explicit TsvReader(std::string_view text) : lines_(text) {}
  bool next(std::vector<std::string>& cells) {
    std::string_view line;
    do
      if (!lines_.next(line)) return false;
    while (line.empty() || line == "\r");
    if (line.ends_with('\r')) line.remove_suffix(1);
    cells.clear();
    for (size_t begin = 0, end; begin <= line.size(); begin = end + 1) {
      end = std::min(line.find('\t', begin), line.size());
      cells.emplace_back(line.substr(begin, end - begin));
    }
    return true;
  }
  int64_t line() const { return lines_.number(); }

 private:
  LineReader lines_;
};

template <typename Reader>
std::vector<Record> read_table(Reader reader, const fs::path& path, const LabelledTextConfig& config) {
  std::vector<std::string> header, cells;
  require("data", reader.next(header), path.string(), " is empty, expected a header row");
  const auto column = [&](const std::string& name) {
    const auto at = std::find(header.begin(), header.end(), name);
    require("data", at != header.end(), path.string(), " has no column '", name, "'", suggest(name, header));
    return size_t(at - header.begin());
  };
  const size_t text = column(config.text_column), label = column(config.label_column);
  std::vector<Record> records;
  while (reader.next(cells)) {
    const std::string origin = path.string() + ":" + std::to_string(reader.line());
    require("data", cells.size() == header.size(), origin, " has ", cells.size(), " columns, expected ", header.size());
    records.push_back({cells[label], cells[text], origin});
  }
  return records;
}

}  // namespace

Problems LabelledTextConfig::validate() const {
  Problems p;
  if (train.empty()) p.push_back("train: got \"\", expected a path");
  if (!(validation_fraction >= 0 && validation_fraction < 1))
    p.push_back(detail::join_parts("validation_fraction: got ", validation_fraction, ", expected 0 to below 1"));
  return p;
}

LabelledTexts read_labelled_texts(const std::string& where, const LabelledTextConfig& config,
                                  const std::vector<std::string>& names) {
  const auto colon = where.find(".tar.gz:");
  const std::string inner = colon == std::string::npos ? "" : where.substr(colon + 8);
  const fs::path path = find_data(colon == std::string::npos ? where : where.substr(0, colon + 7));
  const bool archive = path.extension() == ".gz", folder = fs::is_directory(path) || archive;
  const auto layout = config.layout != TextLayout::Auto ? config.layout
                      : folder                          ? TextLayout::Folder
                      : path.extension() == ".csv"      ? TextLayout::Csv
                      : path.extension() == ".tsv"      ? TextLayout::Tsv
                                                        : TextLayout::Lines;
  const std::string bytes = layout == TextLayout::Csv || layout == TextLayout::Tsv ? read_file(path) : "";
  auto records = layout == TextLayout::Folder  ? read_folder(path, inner)
                 : layout == TextLayout::Lines ? read_lines(path)
                 : layout == TextLayout::Csv   ? read_table(CsvReader(bytes, path.string()), path, config)
                                               : read_table(TsvReader(bytes), path, config);
  require("data", !records.empty(), where, " holds no labelled text, expected at least one");

  if (!config.label_until.empty())
    for (auto& record : records) record.label = record.label.substr(0, record.label.find(config.label_until));

  LabelledTexts result;
  result.names = names;
  if (names.empty()) {
    for (const auto& record : records) result.names.push_back(record.label);
    std::sort(result.names.begin(), result.names.end());
    result.names.erase(std::unique(result.names.begin(), result.names.end()), result.names.end());
    require("data", result.names.size() >= 2, where, " has one class only ('", result.names.front(),
            "'), expected at least two");
  }
  std::string identity;
  for (auto& record : records) {
    const auto at = std::lower_bound(result.names.begin(), result.names.end(), record.label);
    require("data", at != result.names.end() && *at == record.label, record.origin, ": label is '", record.label,
            "', which the training texts do not have", suggest(record.label, result.names));
    result.labels.push_back(at - result.names.begin());
    result.texts.push_back(decode(record.text, config.encoding, record.origin));
    identity += record.label + '\t' + xxh3_hex(result.texts.back()) + '\n';
  }
  for (size_t k = 0; k < result.names.size(); ++k)
    require("data", std::find(result.labels.begin(), result.labels.end(), int64_t(k)) != result.labels.end(), where,
            ": class '", result.names[k], "' is empty, expected a text of each class");
  result.hash = sha256_hex(identity);
  return result;
}

}  // namespace ingot
