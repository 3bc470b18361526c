#include "ingot/base/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {
namespace {
constexpr size_t kMaxRecord = size_t{16} << 20;
}

CsvReader::CsvReader(std::string_view text, std::string origin, char delimiter)
    : text_(text), origin_(std::move(origin)), delimiter_(delimiter) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

bool CsvReader::next(std::vector<std::string>& cells) {
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) line_ += text_[at_++] == '\n';
  if (at_ >= text_.size()) return false;
  record_line_ = line_;
  const size_t begin = at_;
  cells.clear();
  std::string cell;
  bool quoted = false;
  for (;; ++at_) {
    require("csv", at_ - begin <= kMaxRecord, origin_, ":", record_line_,
            ": record is over 16 MiB; is a quote left open?");
    if (at_ >= text_.size()) {
      require("csv", !quoted, origin_, ":", record_line_, ": quote is not closed before the end of the file");
      break;
    }
    const char c = text_[at_];
    require("csv", c != '\0', origin_, ":", line_, ": NUL byte; is this a text file?");
    if (c == '\n') ++line_;
    if (quoted) {
      if (c != '"')
        cell += c;
      else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"')
        cell += c, ++at_;
      else
        quoted = false;
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == delimiter_) {
      cells.push_back(std::move(cell));
      cell.clear();
    } else if (c == '\n') {
      ++at_;
      break;
    } else if (c != '\r' || (at_ + 1 < text_.size() && text_[at_ + 1] != '\n')) {
      cell += c;
    }
  }
  cells.push_back(std::move(cell));
  return true;
}

size_t CsvTable::column(std::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  require("csv", found != header.end(), origin, ": no column '", name, "'", suggest(name, header));
  return size_t(found - header.begin());
}

bool CsvTable::has_column(std::string_view name) const {
  return std::find(header.begin(), header.end(), name) != header.end();
}

const std::string& CsvTable::text(size_t row, std::string_view name) const { return rows.at(row)[column(name)]; }

double CsvTable::number(size_t row, std::string_view name) const {
  const auto& cell = text(row, name);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  require("csv", error == std::errc() && end == cell.data() + cell.size() && std::isfinite(value), origin, ":",
          lines.at(row), ": ", name, " is '", cell, "', expected a number");
  return value;
}

CsvTable parse_csv(std::string_view text, std::string origin) {
  CsvTable table;
  table.origin = origin;
  CsvReader reader(text, std::move(origin));
  require("csv", reader.next(table.header), table.origin, " is empty, expected a header row");
  std::vector<std::string> cells;
  while (reader.next(cells)) {
    require("csv", cells.size() == table.header.size(), table.origin, ":", reader.line(), ": ", cells.size(),
            " cells, expected ", table.header.size(), " as in the header");
    table.rows.push_back(cells);
    table.lines.push_back(reader.line());
  }
  return table;
}

CsvTable read_csv(const std::filesystem::path& path) { return parse_csv(read_file(path), path.string()); }

}  // namespace ingot
