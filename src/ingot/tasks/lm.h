// Next-token prediction: the task that binds any causal decoder to token data.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <torch/nn/module.h>

#include "ingot/nn/attention.h"
#include "ingot/nn/losses.h"
#include "ingot/tasks/lm_data.h"
#include "ingot/tasks/task.h"

namespace ingot {

class LanguageModel : public torch::nn::Module {
 public:
  // ids [B, T] int64 -> [B, T, C]. `first_key` [B, T] int64 or undefined: the first position that each one may see
  // (where its document begins). With a `cache`, the T tokens follow those in it, and join them.
  virtual Tensor features(const Tensor& ids, const Tensor& first_key, KvCache* cache) = 0;
  virtual Tensor logits(const Tensor& features) = 0;  // [.., C] -> [.., V]
  Tensor forward(const Tensor& ids, const Tensor& first_key = {}) { return logits(features(ids, first_key, nullptr)); }

  virtual void initialise(uint64_t seed) = 0;
  virtual KvCache make_cache(int64_t batch, int64_t capacity) const = 0;
  virtual int64_t context_length() const = 0;
  virtual int64_t vocab_size() const = 0;
  virtual Json config_json() const = 0;              // resolved, as make_x reads it back under Purpose::Infer
  virtual double train_flops_per_token() const = 0;  // forward and backward at full context, matmuls only
};

struct DistillConfig {  // [model.distill]
  std::string teacher;
  double weight = 0.5;
  double temperature = 1;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("teacher", self.teacher, "run folder or Hugging Face folder of a model with the same tokens");
    v("weight", self.weight, "share of the loss that is the teacher's distribution, 0 to 1; the text's is the rest");
    v("temperature", self.temperature, "divides the logits of both (Hinton et al. 2015)");
  }
  Problems validate() const;
};

// Training on the text and on what a trained model says of it.
struct Distillation {
  DistillConfig config;
  std::function<std::shared_ptr<LanguageModel>()> teacher;  // opens it; throws where it is not there or does not fit
};

class LmTask : public Task {
 public:
  LmTask(std::shared_ptr<LanguageModel> model, LmData data, const CrossEntropyOptions& loss, const TaskOptions& options,
         std::optional<Distillation> distillation = {});

  LanguageModel& model() { return *model_; }
  const Tokenizer& tokenizer() const { return *data_.tokenizer; }

  torch::nn::Module& module() override { return *model_; }
  void initialise() override;  // opens the teacher, which only training needs
  bool is_hidden_matrix(const std::string& parameter, const Tensor& value) const override;
  // {"ids" [B, T], "targets" [B, T]} and, where documents are kept apart, {"first_key" [B, T]}; all int64.
  Batch train_batch(int64_t index) override;
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  // {"loss" nats per token, "perplexity", "bits_per_byte", "bits_per_char", "tokens"}; an end-of-text token costs bits
  // and adds no character. Windows do not overlap, but for data.eval_stride. By data.kneser_ney also
  // {"kneser_ney_bits_per_char"} of an n-gram model of the tokens of the training split, over the same
  // documents and vocabulary; by data.samples.metre {"scanning_lines", "copied_lines"}: shares of
  // the lines of the samples that scan and that stand in the training split, and {"held_out_scanning_lines"}.
  Json evaluate(const std::string& split, int64_t limit) override;
  std::string unit() const override { return "token"; }
  double train_flops_per_unit() const override { return model_->train_flops_per_token(); }
  // The tokenizer's files and model.json.
  void save_assets(const std::string& folder) const override;
  std::string data_hash() const override;  // of the text and, once initialise() has opened it, the teacher's weights
  Json card() const override;
  void illustrate(const std::string& folder) override;  // samples.txt

 private:
  Batch make_batch(const TokenStream& tokens, const std::vector<int64_t>& offsets, int64_t length) const;
  double kneser_ney_bits(const std::string& split);  // per character
  std::vector<std::string> texts(const std::string& split) const;
  std::vector<std::string> samples();  // the same for the same weights

  std::shared_ptr<LanguageModel> model_;
  LmData data_;
  CrossEntropyOptions loss_;
  TaskOptions options_;
  std::optional<Distillation> distillation_;
  std::shared_ptr<LanguageModel> teacher_;
  std::string teacher_hash_;                       // of its weights
  std::map<std::string, double> kneser_ney_bits_;  // by split
  std::set<std::string, std::less<>> training_lines_;
};

std::unique_ptr<Task> make_lm_task(std::shared_ptr<LanguageModel> model, LmData data, const CrossEntropyOptions& loss,
                                   const TaskOptions& options, std::optional<Distillation> distillation = {});

}  // namespace ingot
