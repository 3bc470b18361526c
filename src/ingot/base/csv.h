// RFC 4180 CSV with the place of every error. Ours because Debian has no C++ reader that streams, keeps line numbers
// through quoted newlines and names file, row and column in its errors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

// Streams records out of a buffer that outlives it. Accepts CRLF, a BOM, quoted newlines; rejects NUL and a record
// over 16 MiB with InvalidArgument naming the line.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string origin, char delimiter = ',');
  bool next(std::vector<std::string>& cells);    // false at the end; blank lines are skipped
  int64_t line() const { return record_line_; }  // 1-based line on which the last record began

 private:
  std::string_view text_;
  std::string origin_;
  char delimiter_;
  size_t at_ = 0;
  int64_t line_ = 1;
  int64_t record_line_ = 0;
};

// A whole CSV with a header row, for tables of facts.
struct CsvTable {
  std::string origin;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<int64_t> lines;  // where each row began

  size_t column(std::string_view name) const;  // throws InvalidArgument with the nearest name
  bool has_column(std::string_view name) const;
  const std::string& text(size_t row, std::string_view column) const;
  double number(size_t row, std::string_view column) const;  // throws with file:line when it is no finite number
};

CsvTable parse_csv(std::string_view text, std::string origin);  // throws when a row's width differs from the header's
CsvTable read_csv(const std::filesystem::path& path);

}  // namespace ingot
