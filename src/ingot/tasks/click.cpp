#include "ingot/tasks/click.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/permutation.h"
#include "ingot/nn/losses.h"

namespace ingot {
namespace {

// The bags of some records as tensors.
std::map<std::string, Tensor> bags(const EncodedRecords& all, int64_t fields, const std::vector<int64_t>& rows) {
  int64_t size = 0;
  for (const auto row : rows) size += all.offsets[size_t((row + 1) * fields)] - all.offsets[size_t(row * fields)];
  auto ids = torch::empty({size}, torch::kLong), weights = torch::empty({size}, torch::kFloat);
  auto offsets = torch::empty({int64_t(rows.size()) * fields + 1}, torch::kLong);
  auto* id = ids.data_ptr<int64_t>();
  auto* weight = weights.data_ptr<float>();
  auto* offset = offsets.data_ptr<int64_t>();
  int64_t at = 0;
  for (const auto row : rows) {
    const auto* const begin = all.offsets.data() + row * fields;
    for (int64_t f = 0; f < fields; ++f) *offset++ = at + begin[f] - begin[0];
    std::copy(all.ids.data() + begin[0], all.ids.data() + begin[fields], id + at);
    std::copy(all.weights.data() + begin[0], all.weights.data() + begin[fields], weight + at);
    at += begin[fields] - begin[0];
  }
  *offset = at;
  return {{"ids", ids}, {"weights", weights}, {"offsets", offsets}};
}

}  // namespace

ClickTask::ClickTask(const ClickDataConfig& config, const TaskOptions& options)
    : data_(config, options), options_(options) {}

int64_t ClickTask::batches_per_epoch() const {
  return (data_.train().size() + options_.batch_size - 1) / options_.batch_size;
}

Batch ClickTask::train_batch(int64_t index) {
  const auto& train = data_.train();
  const int64_t epoch = index / batches_per_epoch(), begin = index % batches_per_epoch() * options_.batch_size;
  std::vector<int64_t> rows(size_t(std::min(options_.batch_size, train.size() - begin)));
  const auto L = int64_t(data_.thresholds().size());
  auto labels = torch::empty({int64_t(rows.size()), L}, torch::kFloat);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = int64_t(shuffled(uint64_t(begin) + i, uint64_t(train.size()), options_.seed, uint64_t(epoch)));
    for (int64_t l = 0; l < L; ++l)
      labels.data_ptr<float>()[int64_t(i) * L + l] = l < train.reached[size_t(rows[i])] ? 1 : 0;
  }
  Batch batch{bags(train.fields, data_.encoder().num_fields(), rows), double(rows.size())};
  batch.tensors["labels"] = labels;
  return batch;
}

Tensor ClickTask::loss(const Batch& batch, const std::string&) {
  const auto labels = batch["labels"];  // [B, L]
  return bce_with_logits(logits(batch["ids"], batch["weights"], batch["offsets"]), labels) / double(labels.size(1));
}

Tensor ClickTask::decision_logits(const EncodedRecords& records, const std::vector<int64_t>& rows) {
  const auto batch = bags(records, data_.encoder().num_fields(), rows);
  const auto device = module().parameters().front().device();
  return logits(batch.at("ids").to(device), batch.at("weights").to(device), batch.at("offsets").to(device))
      .select(1, data_.decision());
}

Scored ClickTask::score(const ClickSplit& split, int64_t limit) {
  constexpr int64_t kRecords = 4096;
  const torch::NoGradGuard no_grad;
  module().eval();
  Scored scored;
  for (int64_t begin = 0, batches = 0; begin < split.size() && (limit == 0 || batches < limit);
       begin += kRecords, ++batches) {
    std::vector<int64_t> rows;
    for (int64_t i = begin; i < std::min(begin + kRecords, split.size()); ++i) rows.push_back(i);
    const auto p = decision_logits(split.fields, rows).to(torch::kDouble).sigmoid().cpu().contiguous();
    scored.probability.insert(scored.probability.end(), p.data_ptr<double>(), p.data_ptr<double>() + p.numel());
  }
  scored.label.assign(split.labels.begin(), split.labels.begin() + std::ptrdiff_t(scored.probability.size()));
  return scored;
}

Json ClickTask::evaluate(const std::string& name, int64_t limit) {
  const auto found = data_.splits().find(name);
  if (found == data_.splits().end()) {
    if (name == "validation") return Json::object();
    fail(ErrorKind::NotFound, "eval", "this run has no split '", name, "'; set data.", name, " or data.", name,
         "_fraction");
  }
  const auto& split = found->second;
  const auto scored = score(split, limit);
  const auto n = std::ptrdiff_t(scored.label.size());
  Json metrics = {{"loss", log_loss(scored)}, {"auc", auc(scored)}};
  if (!split.groups.empty())
    if (const double value = grouped_auc(scored, {split.groups.begin(), split.groups.begin() + n});
        std::isfinite(value))
      metrics["gauc"] = value;
  metrics["ece"] = expected_calibration_error(reliability(scored));
  metrics["samples"] = scored.label.size();
  for (const auto& column : split.audited)
    metrics["audit"][column.name] = audit(scored, {column.codes.begin(), column.codes.begin() + n}, column.values);
  return metrics;
}

Json ClickTask::predict(const Json& request) {
  const bool many = request.is_object() && request.contains("rows");
  require("predict", request.is_object() && (!many || (request["rows"].is_array() && !request["rows"].empty())),
          "the request is ", to_text(request).substr(0, 60),
          ", expected {\"column\": value, ..} or {\"rows\": [{..}, ..]}");
  EncodedRecords records;
  std::vector<int64_t> rows;
  for (size_t i = 0; i < (many ? request["rows"].size() : 1); ++i) {
    data_.encoder().encode_request(many ? request["rows"][i] : request,
                                   many ? "row " + std::to_string(i) : "the request", records);
    rows.push_back(int64_t(i));
  }
  const torch::NoGradGuard no_grad;
  const auto p = decision_logits(records, rows).sigmoid().cpu();
  if (!many) return {{"score", p[0].item<double>()}};
  Json scores = Json::array();
  for (int64_t i = 0; i < p.size(0); ++i) scores.push_back(p[i].item<double>());
  return {{"scores", std::move(scores)}};
}

void ClickTask::illustrate(const std::string& folder) {
  const auto& splits = data_.splits();
  const auto found = splits.count("test") ? splits.find("test") : splits.find("validation");
  if (found == splits.end()) return;
  const auto scored = score(found->second, 0);
  write_file_atomic(fs::path(folder) / "reliability.svg",
                    reliability_svg("Reliability, " + found->first, {{found->first, reliability(scored)}}));
  for (const auto& column : found->second.audited) {
    std::map<uint32_t, Scored> parts;
    for (size_t i = 0; i < scored.label.size(); ++i) {
      parts[column.codes[i]].probability.push_back(scored.probability[i]);
      parts[column.codes[i]].label.push_back(scored.label[i]);
    }
    std::vector<std::pair<std::string, std::vector<ReliabilityBin>>> curves;
    for (const auto& [code, part] : parts) curves.emplace_back(column.values[code], reliability(part));
    write_file_atomic(fs::path(folder) / ("reliability_by_" + column.name + ".svg"),
                      reliability_svg("Reliability by " + column.name + ", " + found->first, curves));
  }
}

void ClickTask::save_assets(const std::string& folder) const {
  fs::create_directories(folder);
  auto fields = data_.encoder().to_json();
  fields.update({{"thresholds", data_.thresholds()}, {"decision", data_.decision()}});
  write_json(fs::path(folder) / "fields.json", fields);
}

}  // namespace ingot
