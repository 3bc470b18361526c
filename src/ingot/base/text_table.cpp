#include "ingot/base/text_table.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <utf8proc.h>

#include "ingot/base/error.h"

namespace ingot {
namespace {

bool numeric(const std::string& cell) {
  if (cell.empty() || cell == "-") return true;
  if (cell.size() > 40) return false;  // a sentence that opens with a number
  const auto first = cell.find_first_not_of("$<>=~ +-");
  return first != std::string::npos && (std::isdigit(static_cast<unsigned char>(cell[first])) || cell[first] == '.');
}

// "-1,234,567.5" -> "-1234567.5"; other cells stay.
std::string without_grouping(const std::string& cell) {
  std::string digits;
  size_t group = 0, i = cell.starts_with("-");
  bool grouped = false;
  for (; i < cell.size() && cell[i] != '.'; ++i) {
    if (cell[i] == ',') {
      if (grouped ? group != 3 : group < 1 || group > 3) return cell;
      grouped = true, group = 0;
    } else if (std::isdigit(static_cast<unsigned char>(cell[i]))) {
      digits += cell[i], ++group;
    } else {
      return cell;
    }
  }
  if (!grouped || group != 3 || cell.find_first_not_of("0123456789", i + 1) != std::string::npos) return cell;
  return (cell.starts_with("-") ? "-" : "") + digits + cell.substr(i);
}

std::string csv_cell(const std::string& text) {
  const auto cell = without_grouping(text);
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace

TextTable::TextTable(std::vector<std::string> header) : header_(std::move(header)) {}

void TextTable::add(std::vector<std::string> row) {
  INGOT_INVARIANT(row.size() == header_.size(), "a row has ", row.size(), " cells, the header ", header_.size());
  rows_.push_back(std::move(row));
}

std::string TextTable::to_string() const {
  const size_t columns = header_.size();
  std::vector<size_t> width(columns);
  std::vector<bool> right(columns, true);
  for (size_t c = 0; c < columns; ++c) {
    width[c] = display_width(header_[c]);
    for (const auto& row : rows_) {
      width[c] = std::max(width[c], display_width(row[c]));
      right[c] = right[c] && numeric(row[c]);
    }
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& row) {
    std::string text;
    for (size_t c = 0; c < columns; ++c) {
      const std::string pad(width[c] - display_width(row[c]), ' ');
      text += (c ? "  " : "") + (right[c] ? pad + row[c] : row[c] + pad);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out += text + "\n";
  };
  line(header_);
  std::vector<std::string> rule(columns);
  for (size_t c = 0; c < columns; ++c) rule[c] = std::string(width[c], '-');
  line(rule);
  for (const auto& row : rows_) line(row);
  return out;
}

std::string TextTable::to_csv() const {
  std::string out;
  const auto line = [&](const std::vector<std::string>& row) {
    for (size_t c = 0; c < row.size(); ++c) out += (c ? "," : "") + csv_cell(row[c]);
    out += "\r\n";
  };
  line(header_);
  for (const auto& row : rows_) line(row);
  return out;
}

size_t display_width(std::string_view utf8) {
  size_t width = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  for (size_t i = 0; i < utf8.size();) {
    utf8proc_int32_t code = 0;
    const auto n = utf8proc_iterate(bytes + i, utf8proc_ssize_t(utf8.size() - i), &code);
    width += n > 0 ? size_t(std::max(0, utf8proc_charwidth(code))) : 1;
    i += n > 0 ? size_t(n) : 1;
  }
  return width;
}

std::string si(double value) {
  const double magnitude = std::fabs(value);
  if (value == 0) return "0";
  if (!std::isfinite(value)) return fmt::format("{}", value);
  if (magnitude < 1e-3) return fmt::format("{:.2e}", value);
  if (magnitude < 1000) return fmt::format("{:.3g}", value);
  constexpr const char* kSuffix[] = {"", "k", "M", "G", "T", "P", "E"};
  int group = 0;
  double scaled = value;
  while (std::fabs(scaled) >= 999.5 && group < 6) scaled /= 1000, ++group;
  if (std::fabs(scaled) >= 999.5) return fmt::format("{:.2e}", value);
  return fmt::format("{:.3g}{}", scaled, kSuffix[group]);
}

std::string grouped(long long value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (int i = int(digits.size()) - 3; i > 0; i -= 3) digits.insert(size_t(i), ",");
  return value < 0 ? "-" + digits : digits;
}

std::string human_bytes(double bytes) {
  constexpr const char* kUnit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 5) bytes /= 1024, ++unit;
  if (unit == 0 || bytes >= 999.5) return fmt::format("{:.0f} {}", bytes, kUnit[unit]);
  return fmt::format("{:.3g} {}", bytes, kUnit[unit]);
}

}  // namespace ingot
