#include "ingot/data/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "ingot/base/error.h"

namespace ingot {
namespace {

constexpr double kFarthest = 5;  // deviations at which a standardised number is cut

bool is_missing(std::string_view cell, const FieldOptions& options) {
  return std::find(options.missing.begin(), options.missing.end(), cell) != options.missing.end();
}

double parse_number(std::string_view cell, const std::string& column, const std::string& place) {
  double value = 0;
  const auto [end, bad] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  require("data", bad == std::errc() && end == cell.data() + cell.size() && std::isfinite(value), place, ": ", column,
          " is '", std::string(cell), "', expected a number; list it in data.missing if it stands for none");
  return value;
}

std::string log_bucket(double x) {
  return std::to_string(x > 2 ? int64_t(std::pow(std::log(x), 2)) : int64_t(std::floor(x)));
}

// The parts of a list; an empty cell has one empty part.
template <typename Take>
void for_each_part(std::string_view cell, char separator, const Take& take) {
  for (;;) {
    const auto end = std::min(cell.find(separator), cell.size());
    take(cell.substr(0, end));
    if (end == cell.size()) return;
    cell.remove_prefix(end + 1);
  }
}

// Calls take(value) for each vocabulary entry of a cell.
template <typename Take>
void for_each_value(const FieldSpec& spec, std::string_view cell, const FieldOptions& options, const std::string& place,
                    const Take& take) {
  switch (spec.kind) {
    case FieldKind::MultiValued:
      return for_each_part(cell, options.separator, take);
    case FieldKind::Log:
      return take(is_missing(cell, options) ? std::string_view() : log_bucket(parse_number(cell, spec.column, place)));
    case FieldKind::Pairs:
      if (cell.empty()) return;
      return for_each_part(cell, ' ', [&](std::string_view pair) { take(pair.substr(0, pair.find(':'))); });
    default:
      return take(cell);
  }
}

bool has_vocabulary(FieldKind kind) { return kind != FieldKind::Bucketed && kind != FieldKind::Standardised; }

// Distinct cells of a column among `rows`, with how often and where first.
std::map<uint32_t, std::pair<int64_t, int64_t>> count_cells(const RecordColumn& column,
                                                            const std::vector<int64_t>& rows) {
  std::map<uint32_t, std::pair<int64_t, int64_t>> counts;
  for (const auto row : rows) ++counts.try_emplace(column.codes[size_t(row)], 0, row).first->second.first;
  return counts;
}

}  // namespace

FieldEncoder::FieldEncoder(const Records& records, const std::vector<int64_t>& rows,
                           const std::vector<FieldSpec>& specs, const FieldOptions& options)
    : options_(options) {
  for (const auto& spec : specs) {
    Field field{.spec = spec};
    has_vocabulary(spec.kind) ? learn_vocabulary(field, records, rows) : learn_numbers(field, records, rows);
    fields_.push_back(std::move(field));
  }
  lay_out();
}

void FieldEncoder::learn_vocabulary(Field& field, const Records& records, const std::vector<int64_t>& rows) const {
  const auto& column = records.column(field.spec.column);
  std::unordered_map<std::string, int64_t> counts;
  std::vector<std::string> order;
  for (const auto& [code, seen] : count_cells(column, rows))
    for_each_value(field.spec, column.values[code], options_, records.place(seen.second),
                   [&, times = seen.first](std::string_view value) {
                     const auto [at, added] = counts.try_emplace(std::string(value), 0);
                     if (added) order.emplace_back(value);
                     at->second += times;
                   });
  if (options_.min_count > 0)
    for (auto& value : order)
      if (counts[value] >= options_.min_count) field.values.push_back(std::move(value));
}

void FieldEncoder::learn_numbers(Field& field, const Records& records, const std::vector<int64_t>& rows) const {
  const auto& column = records.column(field.spec.column);
  std::map<double, int64_t> counts;
  double n = 0, sum = 0, squares = 0;
  for (const auto& [code, seen] : count_cells(column, rows)) {
    if (is_missing(column.values[code], options_)) continue;
    const double x = parse_number(column.values[code], field.spec.column, records.place(seen.second));
    counts[x] += seen.first;
    n += double(seen.first);
    sum += x * double(seen.first);
  }
  require("data", n > 0, records.origin, ": column '", field.spec.column, "' holds no number");
  field.mean = sum / n;
  for (const auto& [x, count] : counts) squares += std::pow(x - field.mean, 2) * double(count);
  field.deviation = squares > 0 ? std::sqrt(squares / n) : 1;
  double below = 0;
  for (const auto& [x, count] : counts) {
    below += double(count);
    if (below >= n * double(field.edges.size() + 1) / double(options_.buckets) &&
        int64_t(field.edges.size()) + 1 < options_.buckets && x < counts.rbegin()->first)
      field.edges.push_back(x);
  }
}

void FieldEncoder::lay_out() {
  num_rows_ = 0;
  for (auto& field : fields_) {
    field.first = num_rows_;
    switch (field.spec.kind) {
      case FieldKind::Bucketed:
        field.rows = int64_t(field.edges.size()) + 2;  // missing, then the buckets
        break;
      case FieldKind::Standardised:
        field.rows = 2;  // missing, value
        break;
      default:
        field.rows = options_.hash_buckets + int64_t(field.values.size());
        for (size_t i = 0; i < field.values.size(); ++i)
          field.row_of[field.values[i]] = options_.hash_buckets + int64_t(i);
    }
    num_rows_ += field.rows;
  }
}

void FieldEncoder::append(const Field& field, std::string_view cell, const std::string& place,
                          EncodedRecords& into) const {
  const auto put = [&](int64_t row, double weight) {
    into.ids.push_back(field.first + row);
    into.weights.push_back(float(weight));
  };
  if (!has_vocabulary(field.spec.kind)) {
    if (is_missing(cell, options_)) {
      put(0, 1);
    } else {
      const double x = parse_number(cell, field.spec.column, place);
      if (field.spec.kind == FieldKind::Standardised)
        put(1, std::clamp((x - field.mean) / field.deviation, -kFarthest, kFarthest));
      else
        put(1 + (std::lower_bound(field.edges.begin(), field.edges.end(), x) - field.edges.begin()), 1);
    }
  } else {
    const auto begin = into.ids.size();
    for_each_value(field.spec, cell, options_, place, [&](std::string_view value) {
      const auto found = field.row_of.find(std::string(value));
      put(found != field.row_of.end() ? found->second
                                      : int64_t(xxh3(value.data(), value.size()) % uint64_t(options_.hash_buckets)),
          1);
    });
    if (field.spec.kind == FieldKind::Pairs) {
      size_t at = begin;
      if (!cell.empty())
        for_each_part(cell, ' ', [&](std::string_view pair) {
          into.weights[at++] = float(parse_number(pair.substr(pair.find(':') + 1), field.spec.column, place));
        });
    } else {
      for (size_t i = begin; i < into.ids.size(); ++i) into.weights[i] = 1 / float(into.ids.size() - begin);
    }
  }
  into.offsets.push_back(int64_t(into.ids.size()));
}

EncodedRecords FieldEncoder::encode(const Records& records, const std::vector<int64_t>& rows) const {
  std::vector<const RecordColumn*> columns;
  std::vector<std::vector<std::optional<EncodedRecords>>> cells;  // by field and code: each distinct cell once
  for (const auto& field : fields_) {
    columns.push_back(&records.column(field.spec.column));
    cells.emplace_back(columns.back()->values.size());
  }
  EncodedRecords result;
  for (const auto row : rows)
    for (size_t f = 0; f < fields_.size(); ++f) {
      const auto code = columns[f]->codes[size_t(row)];
      auto& cell = cells[f][code];
      if (!cell) append(fields_[f], columns[f]->values[code], records.place(row), cell.emplace());
      result.ids.insert(result.ids.end(), cell->ids.begin(), cell->ids.end());
      result.weights.insert(result.weights.end(), cell->weights.begin(), cell->weights.end());
      result.offsets.push_back(int64_t(result.ids.size()));
    }
  return result;
}

void FieldEncoder::encode_request(const Json& record, const std::string& place, EncodedRecords& into) const {
  require("predict", record.is_object(), place, " is ", to_text(record).substr(0, 60),
          ", expected an object of columns and values");
  for (const auto& field : fields_) {
    const auto found = record.find(field.spec.column);
    require("predict", found != record.end(), place, " has no \"", field.spec.column,
            "\", expected a value for each of ", to_text(Json(columns())));
    std::string cell;
    if (found->is_array()) {
      for (const auto& part : *found)
        cell += (cell.empty() ? "" : std::string(1, options_.separator)) +
                (part.is_string() ? part.get<std::string>() : to_text(part));
    } else if (!found->is_null()) {
      cell = found->is_string() ? found->get<std::string>() : to_text(*found);
    }
    append(field, cell, place, into);
  }
}

std::vector<std::string> FieldEncoder::columns() const {
  std::vector<std::string> names;
  for (const auto& field : fields_) names.push_back(field.spec.column);
  return names;
}

Json FieldEncoder::to_json() const {
  Json fields = Json::array();
  for (const auto& field : fields_) {
    Json saved = {{"column", field.spec.column}, {"kind", enum_name(field.spec.kind)}};
    if (has_vocabulary(field.spec.kind)) saved["values"] = field.values;
    if (field.spec.kind == FieldKind::Bucketed) saved["edges"] = field.edges;
    if (field.spec.kind == FieldKind::Standardised)
      saved.update({{"mean", field.mean}, {"deviation", field.deviation}});
    fields.push_back(std::move(saved));
  }
  return {{"hash_buckets", options_.hash_buckets},
          {"separator", std::string(1, options_.separator)},
          {"missing", options_.missing},
          {"fields", std::move(fields)}};
}

FieldEncoder FieldEncoder::from_json(const Json& saved) {
  FieldEncoder encoder;
  encoder.options_.hash_buckets = saved.at("hash_buckets");
  encoder.options_.separator = saved.at("separator").get<std::string>().at(0);
  encoder.options_.missing = saved.at("missing").get<std::vector<std::string>>();
  for (const auto& item : saved.at("fields")) {
    Field field{.spec = {.column = item.at("column")}};
    for (const auto& [name, kind] : EnumNames<FieldKind>::kValues)
      if (item.at("kind") == name) field.spec.kind = kind;
    field.values = item.value("values", std::vector<std::string>());
    field.edges = item.value("edges", std::vector<double>());
    field.mean = item.value("mean", 0.0);
    field.deviation = item.value("deviation", 1.0);
    encoder.fields_.push_back(std::move(field));
  }
  encoder.lay_out();
  return encoder;
}

}  // namespace ingot
