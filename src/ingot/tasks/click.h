// Click and risk prediction: the probability of a yes from a record of fields. Binds any model of fields to tables.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ingot/data/fields.h"
#include "ingot/tasks/binary_metrics.h"
#include "ingot/tasks/task.h"

namespace ingot {

struct ClickDataConfig {  // [data]
  std::string train, validation, test;
  RecordFormat format = RecordFormat::Csv;
  std::string separator = ",";
  std::vector<std::string> columns;
  std::string join, join_on;
  std::string label = "label";
  std::vector<std::string> positive = {"1"}, negative = {"0", "-1"};
  std::optional<double> positive_from;
  bool ordinal = false;
  std::vector<std::string> categorical, multi_valued, bucketed, log, standardised;
  std::string value_separator = "|";
  std::vector<std::string> missing = {"", "?"};
  int64_t min_count = 1, hash_buckets = 1, buckets = 32;
  double validation_fraction = 0, test_fraction = 0;
  std::string time, time_within;
  std::string group;
  std::vector<std::string> audit;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("train", self.train, "training records; looked for in INGOT_DATA too");
    v("validation", self.validation, "validation records; empty: a part of train, or test");
    v("test", self.test, "test records; empty: a part of train");
    v("format", self.format, "csv, criteo, avazu or libffm");
    v("separator", self.separator, "csv: the character between cells");
    v("columns", self.columns, "csv: names of the columns of a file without a header row");
    v("join", self.join, "a second CSV, whose columns are added to each record");
    v("join_on", self.join_on, "the column that both have");
    v("label", self.label, "column of the label");
    v("positive", self.positive, "labels that are a yes");
    v("negative", self.negative, "labels that are a no; any other is an error");
    v("positive_from", self.positive_from, "instead: a number from which on it is a yes");
    v("ordinal", self.ordinal,
      "with positive_from: training asks at every value of the label whether it is reached (Cao et al. 2020)");
    v("categorical", self.categorical, "columns with one value, an identity");
    v("multi_valued", self.multi_valued, "columns with a list of values");
    v("bucketed", self.bucketed, "numbers, cut into buckets of equal count");
    v("log", self.log, "numbers from 0, cut at the squares of their logarithm");
    v("standardised", self.standardised, "numbers, as weight of one row: (x - mean) / deviation");
    v("value_separator", self.value_separator, "the character between the values of a list");
    v("missing", self.missing, "cells that stand for no number");
    v("min_count", self.min_count, "rarer values are looked up by their hash; 0: hash every value");
    v("hash_buckets", self.hash_buckets, "rows for values that are rare or unseen in training, each field");
    v("buckets", self.buckets, "parts of a bucketed number");
    v("validation_fraction", self.validation_fraction, "of train, when there is no validation file");
    v("test_fraction", self.test_fraction, "of train, when there is no test file");
    v("time", self.time, "column of a number: the fractions are the latest records, else they are drawn");
    v("time_within", self.time_within, "the latest records of each value of this column, such as the user");
    v("group", self.group, "column within which GAUC ranks, such as the user");
    v("audit", self.audit, "columns by whose values metrics are broken down; they need not be fields");
  }
  Problems validate() const;
};

struct ClickSplit {
  EncodedRecords fields;
  std::vector<float> labels;
  std::vector<int64_t> reached;  // how many of the thresholds the label reaches
  std::vector<uint32_t> groups;
  std::vector<RecordColumn> audited;
  int64_t size() const { return int64_t(labels.size()); }
};

// Everything that [data] says, read and encoded. Torch-free.
class ClickData {
 public:
  ClickData(const ClickDataConfig& config, const TaskOptions& options);
  const FieldEncoder& encoder() const { return encoder_; }
  const ClickSplit& train() const { return train_; }
  const std::map<std::string, ClickSplit>& splits() const { return splits_; }  // validation, test
  // Values of the label, ascending, that training asks whether they are reached; from thresholds()[decision()] on it is
  // a yes. One, unless the label is ordinal.
  const std::vector<double>& thresholds() const { return thresholds_; }
  int64_t decision() const { return decision_; }
  const std::string& hash() const { return hash_; }

 private:
  Records read(const std::string& path) const;
  std::vector<FieldSpec> specs(const Records& records) const;
  std::vector<double> values(const Records& records, const std::vector<int64_t>& rows) const;  // of the label
  ClickSplit make_split(const Records& records, const std::vector<int64_t>& rows);
  // Rows of train, validation and test by the fractions.
  std::array<std::vector<int64_t>, 3> cut(const Records& records) const;

  ClickDataConfig config_;
  FieldEncoder encoder_;
  std::vector<double> thresholds_ = {1};
  int64_t decision_ = 0;
  ClickSplit train_;
  std::map<std::string, ClickSplit> splits_;
  std::string hash_;
};

class ClickTask : public Task {
 public:
  ClickTask(const ClickDataConfig& config, const TaskOptions& options);

  Batch train_batch(int64_t index) override;  // every record once an epoch, shuffled anew each; the last one is short
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  // {"loss", "auc", "gauc", "ece", "samples", "audit": {column: as audit() gives}}
  Json evaluate(const std::string& split, int64_t limit) override;
  Objective objective() const override { return {"auc", false}; }
  Json predict(const Json& request) override;  // {column: value, ..} -> {"score"}; {"rows": [..]} -> {"scores"}
  void illustrate(const std::string& folder) override;  // reliability.svg, and one by each audited column
  std::string unit() const override { return "sample"; }
  std::string data_hash() const override { return data_.hash(); }
  void save_assets(const std::string& folder) const override;

 protected:
  // Bags of rows: ids and weights [nnz], offsets [B F + 1] -> [B, L], one for each threshold of the label.
  virtual Tensor logits(const Tensor& ids, const Tensor& weights, const Tensor& offsets) = 0;

  ClickData data_;
  TaskOptions options_;

 private:
  Tensor decision_logits(const EncodedRecords& records, const std::vector<int64_t>& rows);  // [B]
  Scored score(const ClickSplit& split, int64_t limit);
};

}  // namespace ingot
