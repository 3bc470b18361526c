#include "ingot/data/records.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <unordered_map>
#include <utility>

#include "ingot/base/csv.h"
#include "ingot/base/error.h"
#include "ingot/base/lines.h"

namespace ingot {
namespace {

std::string_view trimmed(std::string_view s) {
  const auto begin = s.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? "" : s.substr(begin, s.find_last_not_of(" \t\r") - begin + 1);
}

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
};

// Appends cells to a column, giving each distinct value a code.
class ColumnWriter {
 public:
  explicit ColumnWriter(std::string name) { column_.name = std::move(name); }
  void add(std::string_view cell) {
    auto found = codes_.find(cell);
    if (found == codes_.end()) {
      found = codes_.emplace(std::string(cell), uint32_t(column_.values.size())).first;
      column_.values.emplace_back(cell);
    }
    column_.codes.push_back(found->second);
  }
  size_t size() const { return column_.codes.size(); }
  RecordColumn take() { return std::move(column_); }

 private:
  RecordColumn column_;
  std::unordered_map<std::string, uint32_t, NameHash, std::equal_to<>> codes_;
};

std::vector<std::string> criteo_columns() {
  std::vector<std::string> names = {"label"};
  for (int i = 1; i <= 13; ++i) names.push_back("I" + std::to_string(i));
  for (int i = 1; i <= 26; ++i) names.push_back("C" + std::to_string(i));
  return names;
}

void read_table(const std::string& bytes, const RecordLayout& layout, Records& records) {
  const bool criteo = layout.format == RecordFormat::Criteo;
  CsvReader reader(bytes, records.origin, criteo ? '\t' : layout.separator);
  std::vector<std::string> names = criteo ? criteo_columns() : layout.columns, cells;
  if (names.empty()) {
    require("data", reader.next(names), records.origin, " is empty, expected a header row");
    for (auto& name : names) name = trimmed(name);
  }
  auto sorted = names;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  require("data", twice == sorted.end(), records.origin, " has the column '", twice == sorted.end() ? "" : *twice,
          "' twice, expected distinct names");
  for (const auto& name : layout.keep)
    require("data", std::binary_search(sorted.begin(), sorted.end(), name), records.origin, " has no column '", name,
            "'", suggest(name, names));
  std::vector<std::pair<size_t, ColumnWriter>> writers;
  for (size_t i = 0; i < names.size(); ++i)
    if (layout.keep.empty() || std::find(layout.keep.begin(), layout.keep.end(), names[i]) != layout.keep.end())
      writers.emplace_back(i, ColumnWriter(names[i]));
  while (reader.next(cells)) {
    require("data", cells.size() == names.size(), records.origin, ":", reader.line(), " has ", cells.size(),
            " columns, expected ", names.size());
    records.lines.push_back(reader.line());
    for (auto& [at, writer] : writers) writer.add(trimmed(cells[at]));
  }
  for (auto& [at, writer] : writers) records.columns.push_back(writer.take());
}

// Avazu's `hour` is YYMMDDHH, as in 14102100.
void add_clock_columns(Records& records) {
  const auto& hour = records.column("hour");
  RecordColumn of_day{"hour_of_day", hour.codes, {}}, weekday{"weekday", hour.codes, {}};
  for (size_t code = 0; code < hour.values.size(); ++code) {
    const auto& text = hour.values[code];
    const auto number = [&](size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
    const bool digits = text.size() == 8 && text.find_first_not_of("0123456789") == std::string::npos;
    const auto date = digits ? std::chrono::year_month_day(std::chrono::year(2000 + number(0)),
                                                           std::chrono::month(unsigned(number(2))),
                                                           std::chrono::day(unsigned(number(4))))
                             : std::chrono::year_month_day();
    if (!digits || !date.ok() || number(6) > 23) {
      const auto row = std::find(hour.codes.begin(), hour.codes.end(), uint32_t(code)) - hour.codes.begin();
      fail(ErrorKind::InvalidArgument, "data", records.place(row), ": hour is '", text, "', expected YYMMDDHH");
    }
    of_day.values.push_back(text.substr(6));
    weekday.values.push_back(std::to_string(std::chrono::weekday(std::chrono::sys_days(date)).iso_encoding()));
  }
  records.columns.push_back(std::move(of_day));
  records.columns.push_back(std::move(weekday));
}

void read_libffm(const std::string& bytes, Records& records) {
  ColumnWriter label("label");
  std::vector<ColumnWriter> fields;
  LineReader lines(bytes);
  for (std::string_view line; lines.next(line);) {
    line = trimmed(line);
    if (line.empty()) continue;
    const std::string place = records.origin + ":" + std::to_string(lines.number());
    std::vector<std::string> cells(fields.size());
    bool first = true;
    while (!line.empty()) {
      const auto end = std::min(line.find_first_of(" \t"), line.size());
      const auto token = line.substr(0, end);
      line = trimmed(line.substr(end));
      if (std::exchange(first, false)) {
        label.add(token);
        continue;
      }
      const auto colon = token.find(':');
      size_t field = 0;
      const char* const stop = token.data() + std::min(colon, token.size());
      const auto [at, bad] = std::from_chars(token.data(), stop, field);
      require("data",
              colon != std::string_view::npos && bad == std::errc() && at == stop && field < 100'000 &&
                  token.find(':', colon + 1) != std::string_view::npos,
              place, " has '", std::string(token), "', expected field:index:value with a field from 0 to 99999");
      if (field >= cells.size()) cells.resize(field + 1);
      if (!cells[field].empty()) cells[field] += ' ';
      cells[field] += token.substr(colon + 1);
    }
    while (fields.size() < cells.size()) {
      fields.emplace_back(std::to_string(fields.size()));
      for (int64_t i = 0; i < records.size(); ++i) fields.back().add("");
    }
    for (size_t i = 0; i < fields.size(); ++i) fields[i].add(cells[i]);
    records.lines.push_back(lines.number());
  }
  records.columns.push_back(label.take());
  for (auto& field : fields) records.columns.push_back(field.take());
}

}  // namespace

bool Records::has(const std::string& name) const {
  return std::any_of(columns.begin(), columns.end(), [&](const auto& column) { return column.name == name; });
}

const RecordColumn& Records::column(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& column : columns) {
    if (column.name == name) return column;
    names.push_back(column.name);
  }
  fail(ErrorKind::InvalidArgument, "data", origin, " has no column '", name, "'", suggest(name, names));
}

Records read_records(const fs::path& path, const RecordLayout& layout) {
  Records records;
  records.origin = path.string();
  const std::string bytes = read_file(path);
  if (layout.format == RecordFormat::Libffm) {
    read_libffm(bytes, records);
  } else {
    auto wanted = layout;
    const bool clock = layout.format == RecordFormat::Avazu;
    if (clock && !wanted.keep.empty()) {
      std::erase_if(wanted.keep, [](const auto& name) { return name == "hour_of_day" || name == "weekday"; });
      if (std::find(wanted.keep.begin(), wanted.keep.end(), "hour") == wanted.keep.end())
        wanted.keep.emplace_back("hour");
    }
    read_table(bytes, wanted, records);
    if (clock) add_clock_columns(records);
  }
  require("data", records.size() > 0, records.origin, " holds no record, expected at least one");
  return records;
}

void join_records(Records& records, const Records& table, const std::string& key) {
  const auto& theirs = table.column(key);
  std::unordered_map<std::string_view, int64_t> row_of;
  for (int64_t row = 0; row < table.size(); ++row)
    require("data", row_of.emplace(table.cell(theirs, row), row).second, table.place(row), ": ", key, " '",
            table.cell(theirs, row), "' is there twice, expected each once");
  const auto& ours = records.column(key);
  std::vector<int64_t> row_of_code(ours.values.size());
  for (size_t code = 0; code < ours.values.size(); ++code) {
    const auto found = row_of.find(ours.values[code]);
    if (found == row_of.end()) {
      const auto row = std::find(ours.codes.begin(), ours.codes.end(), uint32_t(code)) - ours.codes.begin();
      fail(ErrorKind::InvalidArgument, "data", records.place(row), ": ", key, " is '", ours.values[code], "', which ",
           table.origin, " lacks");
    }
    row_of_code[code] = found->second;
  }
  std::vector<RecordColumn> added;
  for (const auto& column : table.columns) {
    if (column.name == key) continue;
    require("data", !records.has(column.name), table.origin, " has a column '", column.name, "' that ", records.origin,
            " has too, expected the key alone to be shared");
    added.push_back({column.name, {}, column.values});
    for (const auto code : ours.codes) added.back().codes.push_back(column.codes[size_t(row_of_code[code])]);
  }
  for (auto& column : added) records.columns.push_back(std::move(column));
}

}  // namespace ingot
