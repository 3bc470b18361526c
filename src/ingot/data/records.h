// Tables of records for click and risk prediction, as they lie about: CSV with or without a header, Criteo's and
// Avazu's published forms, libffm. Cells are kept as codes into the distinct values of their column.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/file.h"

namespace ingot {

enum class RecordFormat { Csv, Criteo, Avazu, Libffm };
template <>
struct EnumNames<RecordFormat> {
  static constexpr std::pair<const char*, RecordFormat> kValues[] = {{"csv", RecordFormat::Csv},
                                                                     {"criteo", RecordFormat::Criteo},
                                                                     {"avazu", RecordFormat::Avazu},
                                                                     {"libffm", RecordFormat::Libffm}};
};

struct RecordColumn {
  std::string name;
  std::vector<uint32_t> codes;      // one a record, index into values
  std::vector<std::string> values;  // distinct, in order of appearance, without spaces around
};

struct Records {
  std::string origin;
  std::vector<RecordColumn> columns;
  std::vector<int64_t> lines;  // where each record began

  int64_t size() const { return int64_t(lines.size()); }
  bool has(const std::string& column) const;
  const RecordColumn& column(const std::string& name) const;  // throws InvalidArgument with the nearest name
  const std::string& cell(const RecordColumn& column, int64_t row) const {
    return column.values[column.codes[size_t(row)]];
  }
  std::string place(int64_t row) const { return origin + ":" + std::to_string(lines[size_t(row)]); }
};

struct RecordLayout {
  RecordFormat format = RecordFormat::Csv;
  char separator = ',';              // csv
  std::vector<std::string> columns;  // csv: names, when the file has no header row
  std::vector<std::string> keep;     // columns that are read; empty: all
};

// criteo: label, I1 .. I13, C1 .. C26, tab-separated. avazu: CSV; adds hour_of_day and weekday, read off its `hour`
// (YYMMDDHH). libffm: "label field:index:value ..."; columns are label and the field numbers, a cell is its
// "index:value" pairs. Throws InvalidArgument naming file, line and rule.
Records read_records(const fs::path& path, const RecordLayout& layout);

// Adds the columns of `table` to each record whose `key` equals the table's; a key that the table lacks is an error,
// and so is one that it holds twice.
void join_records(Records& records, const Records& table, const std::string& key);

}  // namespace ingot
