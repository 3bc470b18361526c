// Tables for the terminal and their CSV twin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ingot {

// Columns are right-aligned when every cell in them looks like a number. Widths count characters, wide CJK ones as two.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);
  void add(std::vector<std::string> row);  // Requires as many cells as the header
  std::string to_string() const;
  std::string to_csv() const;  // RFC 4180
  size_t num_rows() const { return rows_.size(); }

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

size_t display_width(std::string_view utf8);
// 1234567 -> "1.23M"; 0.00012 -> "1.20e-04"; three significant digits.
std::string si(double value);
// 1234567 -> "1,234,567"
std::string grouped(long long value);
// Bytes as "1.5 GiB".
std::string human_bytes(double bytes);

}  // namespace ingot
