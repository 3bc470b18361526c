#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>

#include "ingot/base/error.h"
#include "ingot/data/datasets.h"
#include "ingot/data/permutation.h"
#include "ingot/tasks/click.h"

namespace ingot {
namespace {

constexpr size_t kMostLevels = 64;  // of an ordinal label

double click_number(const Records& records, const RecordColumn& column, int64_t row) {
  const auto& cell = records.cell(column, row);
  double value = 0;
  const auto [end, bad] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  require("data", bad == std::errc() && end == cell.data() + cell.size() && std::isfinite(value), records.place(row),
          ": ", column.name, " is '", cell, "', expected a number");
  return value;
}

}  // namespace

Problems ClickDataConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  check(!train.empty(), "train: got \"\", expected a path");
  check(separator.size() == 1, "separator: got \"", separator, "\", expected one character");
  check(value_separator.size() == 1, "value_separator: got \"", value_separator, "\", expected one character");
  check(join.empty() == join_on.empty(), "join_on: got \"", join_on, "\", expected a column exactly when join is set");
  check(min_count >= 0, "min_count: got ", min_count, ", expected 0 or more");
  check(hash_buckets >= 1, "hash_buckets: got ", hash_buckets, ", expected 1 or more");
  check(buckets >= 2, "buckets: got ", buckets, ", expected 2 or more");
  for (const auto& [key, value] :
       {std::pair{"validation_fraction", validation_fraction}, {"test_fraction", test_fraction}})
    check(value >= 0 && value < 1, key, ": got ", value, ", expected 0 to below 1");
  check(!ordinal || positive_from, "ordinal: got true without positive_from, expected the number that is a yes");
  check(validation_fraction + test_fraction < 1, "test_fraction: got ", test_fraction,
        ", expected to leave records for training");
  check(validation.empty() || validation_fraction == 0, "validation_fraction: got ", validation_fraction,
        ", expected 0 beside a validation file");
  check(test.empty() || test_fraction == 0, "test_fraction: got ", test_fraction, ", expected 0 beside a test file");
  check(time_within.empty() || !time.empty(), "time_within: got \"", time_within, "\", expected time to be set too");
  if (format == RecordFormat::Csv)
    check(!(categorical.empty() && multi_valued.empty() && bucketed.empty() && log.empty() && standardised.empty()),
          "categorical: got [], expected a column in one of categorical, multi_valued, bucketed, log, standardised");
  return p;
}

ClickData::ClickData(const ClickDataConfig& config, const TaskOptions& options) : config_(config) {
  if (options.purpose == Purpose::Infer) {
    const auto saved = read_json(fs::path(options.run_folder) / "assets" / "fields.json");
    encoder_ = FieldEncoder::from_json(saved);
    if (saved.contains("thresholds")) {
      thresholds_ = saved["thresholds"].get<std::vector<double>>();
      decision_ = saved["decision"];
    }
    return;
  }
  if (config.format == RecordFormat::Avazu && config.label == "label") config_.label = "click";
  const auto records = read(config.train);
  const auto [train, validation, test] = cut(records);
  if (config.positive_from) thresholds_ = {*config.positive_from};
  if (config.ordinal) {
    const auto all = values(records, train);
    std::set<double> distinct(all.begin(), all.end());
    require("data", distinct.size() <= kMostLevels, records.origin, ": label ", config_.label, " has ", distinct.size(),
            " values, expected at most ", kMostLevels, " of them with data.ordinal");
    if (!distinct.empty()) distinct.erase(distinct.begin());  // every record reaches the least
    distinct.insert(*config.positive_from);
    thresholds_.assign(distinct.begin(), distinct.end());
    decision_ = std::lower_bound(thresholds_.begin(), thresholds_.end(), *config.positive_from) - thresholds_.begin();
  }
  encoder_ =
      FieldEncoder(records, train, specs(records),
                   {config.min_count, config.hash_buckets, config.buckets, config.value_separator[0], config.missing});
  train_ = make_split(records, train);
  if (!test.empty()) splits_["test"] = make_split(records, test);
  if (!validation.empty()) splits_["validation"] = make_split(records, validation);
  for (const auto& [name, path] : {std::pair{"test", config.test}, {"validation", config.validation}}) {
    if (path.empty()) continue;
    const auto other = read(path);
    std::vector<int64_t> rows(size_t(other.size()));
    std::iota(rows.begin(), rows.end(), 0);
    splits_[name] = make_split(other, rows);
  }
  if (!splits_.count("validation") && splits_.count("test")) splits_["validation"] = splits_["test"];
  const auto& f = train_.fields;
  hash_ = xxh3_hex({reinterpret_cast<const char*>(f.ids.data()), f.ids.size() * sizeof(f.ids[0])}) +
          xxh3_hex({reinterpret_cast<const char*>(f.weights.data()), f.weights.size() * sizeof(f.weights[0])}) +
          xxh3_hex({reinterpret_cast<const char*>(train_.labels.data()), train_.labels.size() * sizeof(float)});
  if (config.ordinal)
    hash_ += xxh3_hex({reinterpret_cast<const char*>(train_.reached.data()), train_.reached.size() * sizeof(int64_t)});
}

Records ClickData::read(const std::string& path) const {
  RecordLayout layout{.format = config_.format, .separator = config_.separator[0], .columns = config_.columns};
  auto records = read_records(find_data(path), layout);
  if (!config_.join.empty()) join_records(records, read_records(find_data(config_.join), {}), config_.join_on);
  return records;
}

std::vector<FieldSpec> ClickData::specs(const Records& records) const {
  std::vector<FieldSpec> specs;
  for (const auto& [columns, kind] : {std::pair{&config_.categorical, FieldKind::Categorical},
                                      {&config_.multi_valued, FieldKind::MultiValued},
                                      {&config_.bucketed, FieldKind::Bucketed},
                                      {&config_.log, FieldKind::Log},
                                      {&config_.standardised, FieldKind::Standardised}})
    for (const auto& column : *columns) specs.push_back({column, kind});
  if (specs.empty())  // the published formats say it themselves
    for (const auto& [name, codes, values] : records.columns) {
      if (name == config_.label || name == "id" || name == "hour") continue;
      specs.push_back({name, config_.format == RecordFormat::Libffm                     ? FieldKind::Pairs
                             : config_.format == RecordFormat::Criteo && name[0] == 'I' ? FieldKind::Log
                                                                                        : FieldKind::Categorical});
    }
  return specs;
}

std::array<std::vector<int64_t>, 3> ClickData::cut(const Records& records) const {
  const int64_t n = records.size();
  // Runs of records within which the last ones are kept from training.
  std::vector<std::vector<int64_t>> runs(1);
  if (config_.time.empty()) {
    for (int64_t i = 0; i < n; ++i) runs[0].push_back(int64_t(shuffled(uint64_t(i), uint64_t(n), 0, 0)));
  } else {
    const auto& time = records.column(config_.time);
    std::vector<double> when;
    for (int64_t i = 0; i < n; ++i) when.push_back(click_number(records, time, i));
    const auto* within = config_.time_within.empty() ? nullptr : &records.column(config_.time_within);
    runs.resize(within ? within->values.size() : 1);
    for (int64_t i = 0; i < n; ++i) runs[within ? within->codes[size_t(i)] : 0].push_back(i);
    for (auto& run : runs)
      std::stable_sort(run.begin(), run.end(), [&](int64_t a, int64_t b) { return when[size_t(a)] < when[size_t(b)]; });
  }
  std::array<std::vector<int64_t>, 3> parts;
  for (const auto& run : runs) {
    const auto test_begin = int64_t(double(run.size()) * (1 - config_.test_fraction));
    const auto validation_begin =
        int64_t(double(run.size()) * (1 - config_.test_fraction - config_.validation_fraction) + 1e-9);
    for (int64_t i = 0; i < int64_t(run.size()); ++i)
      parts[i < validation_begin ? 0 : i < test_begin ? 1 : 2].push_back(run[size_t(i)]);
  }
  require("data", !parts[0].empty(), records.origin, " leaves no record for training");
  return parts;
}

std::vector<double> ClickData::values(const Records& records, const std::vector<int64_t>& rows) const {
  const auto& column = records.column(config_.label);
  std::vector<double> values;
  for (const auto row : rows) {
    if (config_.positive_from) {
      values.push_back(click_number(records, column, row));
      continue;
    }
    const auto& cell = records.cell(column, row);
    const auto in = [&](const auto& list) { return std::find(list.begin(), list.end(), cell) != list.end(); };
    const bool yes = in(config_.positive);
    require("data", yes || in(config_.negative), records.place(row), ": label ", config_.label, " is '", cell,
            "', expected one of ", to_text(Json(config_.positive)), " or ", to_text(Json(config_.negative)),
            " (data.positive, data.negative)");
    values.push_back(yes ? 1 : 0);
  }
  return values;
}

ClickSplit ClickData::make_split(const Records& records, const std::vector<int64_t>& rows) {
  ClickSplit split{.fields = encoder_.encode(records, rows)};
  for (const auto value : values(records, rows)) {
    split.reached.push_back(std::upper_bound(thresholds_.begin(), thresholds_.end(), value) - thresholds_.begin());
    split.labels.push_back(split.reached.back() > decision_ ? 1 : 0);
  }
  for (const float label : {0, 1})
    require("data", std::find(split.labels.begin(), split.labels.end(), label) != split.labels.end(), records.origin,
            " has no record whose label is a ", label > 0 ? "yes" : "no", " among ", rows.size(),
            ", expected both in each split");
  const auto take = [&](const std::string& name) {
    const auto& column = records.column(name);
    RecordColumn part{name, {}, column.values};
    for (const auto row : rows) part.codes.push_back(column.codes[size_t(row)]);
    return part;
  };
  if (!config_.group.empty()) split.groups = take(config_.group).codes;
  for (const auto& name : config_.audit) split.audited.push_back(take(name));
  return split;
}

}  // namespace ingot
