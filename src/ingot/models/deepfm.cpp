// Shapes: B records, F fields, R rows of the tables, K width of an embedding, L thresholds of the label.
#include "ingot/models/deepfm.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/dropout.h"
#include "ingot/nn/init.h"
#include "ingot/tasks/click.h"

namespace ingot {

bool DeepFmConfig::has(const std::string& part) const {
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

Problems DeepFmConfig::validate() const {
  Problems p;
  const std::vector<std::string> known = {"linear", "fm", "deep"};
  if (parts.empty()) p.push_back("parts: got [], expected one or more of linear, fm, deep");
  for (const auto& part : parts)
    if (std::find(known.begin(), known.end(), part) == known.end())
      p.push_back("parts: got \"" + part + "\"" + suggest(part, known));
  if (embedding < 1) p.push_back(detail::join_parts("embedding: got ", embedding, ", expected 1 or more"));
  for (const auto width : hidden)
    if (width < 1) p.push_back(detail::join_parts("hidden: got ", width, ", expected widths of 1 or more"));
  if (is_gated(activation)) p.push_back("activation: got " + enum_name(activation) + ", expected one without a gate");
  if (!(dropout >= 0 && dropout < 1))
    p.push_back(detail::join_parts("dropout: got ", dropout, ", expected 0 <= x < 1"));
  if (!(embedding_std >= 0))
    p.push_back(detail::join_parts("embedding_std: got ", embedding_std, ", expected 0 or more"));
  return p;
}

DeepFm::DeepFm(const DeepFmConfig& config, int64_t num_rows, int64_t num_fields, int64_t num_thresholds)
    : config_(config), num_fields_(num_fields) {
  bias_ = register_parameter("bias", torch::zeros({num_thresholds}));
  if (config.has("linear")) linear_ = register_parameter("linear", torch::zeros({num_rows, 1}));
  if (config.has("fm") || config.has("deep"))
    embedding_ = register_parameter("embedding", torch::zeros({num_rows, config.embedding}));
  if (!config.has("deep")) return;
  int64_t in = num_fields * config.embedding;
  torch::nn::ModuleList deep;
  auto widths = config.hidden;
  widths.push_back(1);
  for (const auto out : widths) {
    layers_.emplace_back(Linear(in, out, true));
    deep->push_back(layers_.back());
    in = out;
  }
  register_module("deep", deep);
}

void DeepFm::initialise(uint64_t seed) {
  const torch::NoGradGuard no_grad;
  for (const auto& item : named_parameters()) {
    const auto& weight = item.value();
    if (item.key() == "embedding")
      fill_normal(weight, config_.embedding_std, seed, item.key());
    else if (item.key() == "linear" || weight.dim() == 1)
      weight.zero_();
    else  // Glorot & Bengio 2010
      fill_normal(weight, std::sqrt(2. / double(weight.size(0) + weight.size(1))), seed, item.key());
  }
}

Tensor DeepFm::forward(const Tensor& ids, const Tensor& weights, const Tensor& offsets) {
  const int64_t B = (offsets.size(0) - 1) / num_fields_;
  const auto look_up = [&](const Tensor& table) {  // weighted sums of rows, [B F, width]
    return std::get<0>(at::embedding_bag(table, ids, offsets, /*scale_grad_by_freq=*/false, /*mode: sum*/ 0,
                                         /*sparse=*/true, weights, /*include_last_offset=*/true));
  };
  auto y = bias_.expand({B, bias_.size(0)});  // [B, L]; the parts are the same for every threshold
  if (linear_.defined()) y = y + look_up(linear_).view({B, num_fields_}).sum(1, true);
  if (!embedding_.defined()) return y;
  const auto e = look_up(embedding_).view({B, num_fields_, config_.embedding});  // [B, F, K]
  if (config_.has("fm"))  // the sum over pairs in linear time, Rendle 2010, lemma 3.1
    y = y + 0.5 * (e.sum(1).square() - e.square().sum(1)).sum(1, true);
  if (config_.has("deep")) {
    auto h = e.flatten(1);  // [B, F K]
    for (size_t i = 0; i + 1 < layers_.size(); ++i)
      h = ingot::dropout(activate(layers_[i]->forward(h), config_.activation), config_.dropout, is_training());
    y = y + layers_.back()->forward(h);
  }
  return y;
}

namespace {

class DeepFmTask : public ClickTask {
 public:
  DeepFmTask(const DeepFmConfig& config, const ClickDataConfig& data, const TaskOptions& options)
      : ClickTask(data, options), config_(config) {
    model_ = std::make_shared<DeepFm>(config, data_.encoder().num_rows(), data_.encoder().num_fields(),
                                      int64_t(data_.thresholds().size()));
  }
  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  // Penalties are for the tables, on the rows that a step touches; the deep part has dropout.
  bool decays(const std::string& parameter, const Tensor&) const override {
    return parameter == "embedding" || parameter == "linear";
  }
  bool is_hidden_matrix(const std::string& parameter, const Tensor& value) const override {
    return parameter.starts_with("deep.") && value.dim() == 2 && value.size(0) > 1;
  }
  double train_flops_per_unit() const override {
    double weights = 0;
    for (const auto& item : model_->named_parameters())
      if (item.key().starts_with("deep.") && item.value().dim() == 2) weights += double(item.value().numel());
    return 6 * weights;
  }
  Json card() const override {
    return {{"parts", config_.parts},
            {"fields", data_.encoder().columns()},
            {"rows", data_.encoder().num_rows()},
            {"embedding", config_.embedding},
            {"intended_use",
             "probability of a yes for records like the training data; check calibration and the audit "
             "by group before it decides about people"}};
  }

 protected:
  Tensor logits(const Tensor& ids, const Tensor& weights, const Tensor& offsets) override {
    return model_->forward(ids, weights, offsets);
  }

 private:
  DeepFmConfig config_;
  std::shared_ptr<DeepFm> model_;
};

}  // namespace

std::unique_ptr<Task> make_deepfm(const Document& recipe, const TaskOptions& options) {
  return std::make_unique<DeepFmTask>(read_config<DeepFmConfig>(recipe, "model"),
                                      read_config<ClickDataConfig>(recipe, "data"), options);
}

}  // namespace ingot
