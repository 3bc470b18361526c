// What BERT is trained for: masked words, classes, spans. Each is a task of tasks/ with BERT behind it.
#include <algorithm>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"
#include "ingot/data/tokenizer_train.h"
#include "ingot/models/bert.h"
#include "ingot/models/bert_weights.h"
#include "ingot/models/gpt_weights.h"
#include "ingot/models/saved_config.h"
#include "ingot/tasks/attention_picture.h"
#include "ingot/tasks/classify.h"
#include "ingot/tasks/masked_lm.h"
#include "ingot/tasks/span.h"
#include "ingot/torch/module_state.h"

namespace ingot {
namespace {

// Where the WordPiece vocabulary of a fine-tuned model comes from, [data.tokenizer].
struct WordPieceConfig {
  std::string path;
  int64_t vocab_size = 8000;
  int64_t min_frequency = 2;
  bool lowercase = true;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("path", self.path, "file or folder; empty: that of model.init_from, else learned from the training texts");
    v("vocab_size", self.vocab_size, "when learned: tokens at most");
    v("min_frequency", self.min_frequency, "when learned: rarer merges are not");
    v("lowercase", self.lowercase, "when learned: lower case without accents");
  }
};

template <typename Data>
struct WithTokenizer : Data {
  WordPieceConfig tokenizer;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    Data::visit(self, v);
    v("tokenizer", self.tokenizer, "the WordPiece vocabulary");
  }
};

struct BertTextConfig : WithTokenizer<LabelledTextConfig> {
  bool split_long_texts = false;
  double token_dropout = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    WithTokenizer<LabelledTextConfig>::visit(self, v);
    v("split_long_texts", self.split_long_texts,
      "a training text beyond the model's length becomes parts of like size, each with its label; else its beginning");
    v("token_dropout", self.token_dropout,
      "share of a training text's tokens that become [MASK], others each time (Iyyer et al. 2015)");
  }
  Problems validate() const {
    auto p = WithTokenizer<LabelledTextConfig>::validate();
    if (!(token_dropout >= 0 && token_dropout < 1))
      p.push_back(detail::join_parts("token_dropout: got ", token_dropout, ", expected 0 <= x < 1"));
    return p;
  }
};

struct MaskedTextConfig : BertConfig {
  MaskingConfig masking;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    BertConfig::visit(self, v);
    v("masking", self.masking, "which tokens are to be guessed");
  }
};

std::shared_ptr<const Tokenizer> open_tokenizer(const WordPieceConfig& config, const std::string& init_from,
                                                const TaskOptions& options, const std::vector<std::string>& texts) {
  if (options.purpose == Purpose::Infer) return load_tokenizer(fs::path(options.run_folder) / "assets");
  if (!config.path.empty()) {
    auto tokenizer = load_tokenizer(config.path);
    if (!init_from.empty()) require_same_vocabulary(*tokenizer, init_from);
    return tokenizer;
  }
  if (!init_from.empty()) return load_tokenizer(tokenizer_folder(init_from));
  TokenizerTrainConfig train;
  train.kind = "wordpiece";
  train.vocab_size = config.vocab_size;
  train.min_frequency = config.min_frequency;
  train.lowercase = config.lowercase;
  train.max_characters = std::max<int64_t>(1, config.vocab_size / 2 - 10);  // each as a word's beginning and inside
  size_t next = 0;
  return train_tokenizer(train, [&](std::string& text) {
    if (next == texts.size()) return false;
    text = texts[next++];
    return true;
  });
}

Json facts(const BertImpl& model, const Json& data, const char* use) {
  return {{"parameters", count_parameters(model)},
          {"context", model.config().max_position_embeddings},
          {"vocab_size", model.config().vocab_size},
          {"started_from", model.config().init_from},
          {"data", data},
          {"intended_use", use},
          {"limits", "knows no text unlike its training data; its scores are calibrated on data like its own at best"}};
}

// The vocabulary rules: a table smaller than the tokenizer cannot look up its tokens.
std::shared_ptr<BertImpl> build(BertConfig config, int64_t vocab_size, int64_t num_classes) {
  if (config.vocab_size == 0) config.vocab_size = vocab_size;
  require("recipe", config.vocab_size >= vocab_size, "model.vocab_size is ", config.vocab_size,
          ", expected at least the ", vocab_size, " tokens of the tokenizer");
  return std::make_shared<BertImpl>(config, num_classes);
}

void save_model(const BertImpl& model, const std::string& folder) {
  write_json(fs::path(folder) / "model.json", write_config(model.config()));
}

class BertClassifyTask : public ClassifyTask {
 public:
  BertClassifyTask(const BertConfig& config, const BertTextConfig& data, const TaskOptions& options)
      : ClassifyTask(data, options),
        tokenizer_(open_tokenizer(data.tokenizer, config.init_from, options, training_texts())),
        tokens_(*tokenizer_),
        length_(config.max_position_embeddings),
        source_(data.train),
        split_long_texts_(data.split_long_texts),
        token_dropout_(data.token_dropout) {
    encode_all();
    model_ = build(config, tokenizer_->vocab_size(), int64_t(names_.size()));
  }
  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  double train_flops_per_unit() const override { return double(length_) * model_->train_flops_per_token(length_); }
  void save_assets(const std::string& folder) const override {
    ClassifyTask::save_assets(folder);
    tokenizer_->save(folder);
    save_model(*model_, folder);
  }
  // Beside the confusion matrix, what the tokens of three texts read of each other.
  void illustrate(const std::string& folder) override {
    constexpr int64_t kPictures = 3, kFewest = 6, kMost = 32;  // tokens that make a legible picture
    ClassifyTask::illustrate(folder);
    const auto* texts = split("validation");
    const auto device = module().parameters().front().device();
    for (int64_t i = 0, drawn = 0; texts && i < texts->ids.size(0) && drawn < kPictures; ++i) {
      const auto ids = texts->ids[i].masked_select(texts->ids[i] != tokens_.pad).unsqueeze(0);  // [1, T]
      if (ids.size(1) < kFewest || ids.size(1) > kMost) continue;
      AttentionPicture picture;
      for (int64_t t = 0; t < ids.size(1); ++t)
        picture.rows.push_back(token_label(*tokenizer_, ids[0][t].item<int64_t>()));
      picture.columns = picture.rows;
      const auto real = at::ones_like(ids, at::kBool).to(device);
      picture.weights = model_->attention(ids.to(device), {}, real)[0];
      const auto guess = model_->class_logits(ids.to(device), real)[0].argmax().item<int64_t>();
      picture.captions = {
          "what each token (row) reads of the others: last block, mean of the heads",
          "label: " + names_.at(size_t(texts->labels[i].item<int64_t>())) + ", guess: " + names_.at(size_t(guess))};
      write_file_atomic(fs::path(folder) / ("attention_" + std::to_string(++drawn) + ".svg"), attention_svg(picture));
    }
  }
  Json card() const override {
    auto card = facts(*model_, {{"source", source_}}, "one of its classes for a text like the training texts");
    card["classes"] = names_;
    return card;
  }

 protected:
  std::vector<int64_t> encode(const std::string& text) const override {
    std::vector<int32_t> ids;
    tokenizer_->encode(text, ids);
    return {ids.begin(), ids.end()};
  }
  int64_t length() const override { return length_; }
  std::vector<std::vector<int64_t>> training_rows(std::vector<int64_t> ids) const override {
    const size_t size = ids.size(), most = size_t(length_ - 2);
    if (!split_long_texts_ || size <= most) return {std::move(ids)};
    const size_t parts = (size + most - 1) / most;
    std::vector<std::vector<int64_t>> rows;
    for (size_t k = 0; k < parts; ++k)
      rows.emplace_back(ids.begin() + int64_t(size * k / parts), ids.begin() + int64_t(size * (k + 1) / parts));
    return rows;
  }
  void place(const std::vector<int64_t>& ids, int64_t* row) const override {  // [CLS] text [SEP], the text's beginning
    const auto kept = std::min(int64_t(ids.size()), length_ - 2);
    std::fill(row, row + length_, tokens_.pad);
    row[0] = tokens_.cls;
    std::copy_n(ids.begin(), kept, row + 1);
    row[kept + 1] = tokens_.sep;
  }
  void vary(int64_t* row, uint64_t draw) const override {
    if (token_dropout_ == 0) return;
    Rng rng(options_.seed, draw);
    for (int64_t t = 0; t < length_; ++t)
      if (row[t] != tokens_.pad && row[t] != tokens_.cls && row[t] != tokens_.sep && rng.uniform() < token_dropout_)
        row[t] = tokens_.mask;
  }
  Tensor logits(const Tensor& ids) override {
    const auto real = ids != tokens_.pad;
    const auto longest = real.sum(1).max().item<int64_t>();
    return model_->class_logits(ids.narrow(1, 0, longest), real.narrow(1, 0, longest));
  }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  BertTokens tokens_;
  int64_t length_;
  std::string source_;
  bool split_long_texts_;
  double token_dropout_;
  std::shared_ptr<BertImpl> model_;
};

class BertMaskedLmTask : public MaskedLmTask {
 public:
  BertMaskedLmTask(const MaskedTextConfig& config, LmData data, const TaskOptions& options)
      : MaskedLmTask(std::move(data), config.masking, config.max_position_embeddings, options),
        model_(build(config, data_.vocab_size, 0)) {}
  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  // Per masked token: the whole window is computed for the share of it that counts.
  double train_flops_per_unit() const override {
    return model_->train_flops_per_token(model_->config().max_position_embeddings) / masked_share();
  }
  void save_assets(const std::string& folder) const override {
    MaskedLmTask::save_assets(folder);
    save_model(*model_, folder);
  }
  Json card() const override {
    const auto& source = data_.config.dataset.empty() ? data_.config.text : data_.config.dataset;
    return facts(*model_, {{"source", source}}, "hidden words of text like its training text; a start for fine-tuning");
  }

 protected:
  Tensor masked_logits(const Tensor& ids, const Tensor& real, const Tensor& places) override {
    return model_->masked_logits(ids, real, places);
  }

 private:
  std::shared_ptr<BertImpl> model_;
};

class BertSpanTask : public SpanTask {
 public:
  BertSpanTask(const BertConfig& config, const SpanConfig& data, SpanData splits,
               const std::shared_ptr<const Tokenizer>& tokenizer, const TaskOptions& options)
      : SpanTask(data, std::move(splits), tokenizer, config.max_position_embeddings, config.type_vocab_size, options),
        model_(build(config, tokenizer->vocab_size(), 0)) {}
  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  double train_flops_per_unit() const override { return double(length_) * model_->train_flops_per_token(length_); }
  void save_assets(const std::string& folder) const override {
    SpanTask::save_assets(folder);
    save_model(*model_, folder);
  }
  Json card() const override {
    return facts(*model_, data_card(), "the answer to a question, as a part of a text that is given with it");
  }

 protected:
  Tensor span_logits(const Tensor& ids, const Tensor& segments, const Tensor& real) override {
    return model_->span_logits(ids, segments, real);
  }
  Tensor attention(const Tensor& ids, const Tensor& segments, const Tensor& real) override {
    return model_->attention(ids, segments, real);
  }

 private:
  std::shared_ptr<BertImpl> model_;
};

}  // namespace

std::unique_ptr<Task> make_bert(const Document& recipe, const TaskOptions& options) {
  MaskedTextConfig config;
  if (const auto saved = saved_config<BertConfig>(options)) {
    static_cast<BertConfig&>(config) = *saved;
    config.masking = read_config<MaskedTextConfig>(recipe, "model").masking;
  } else {
    // A recipe need not repeat the sizes of the model that it starts from.
    if (const auto from = init_from(recipe)) {
      auto& base = static_cast<BertConfig&>(config);
      const auto head = base.head;  // another task may begin here
      base = is_hugging_face_folder(*from) ? read_hugging_face_bert(*from)
                                           : config_of_run<BertConfig>(*from).value_or(base);
      base.head = head;
    }
    config = read_config<MaskedTextConfig>(recipe, "model", config);
  }
  switch (config.head) {
    case BertHead::MaskedLm: {
      auto data = open_lm_data(recipe, options);
      if (!config.init_from.empty() && options.purpose == Purpose::Train)
        require_same_vocabulary(*data.tokenizer, config.init_from);
      return std::make_unique<BertMaskedLmTask>(config, std::move(data), options);
    }
    case BertHead::Classify:
      return std::make_unique<BertClassifyTask>(config, read_config<BertTextConfig>(recipe, "data"), options);
    case BertHead::Span: {
      const auto data = read_config<WithTokenizer<SpanConfig>>(recipe, "data");
      auto splits = open_span_data(data, options);
      const auto texts = options.purpose == Purpose::Infer ? std::vector<std::string>() : splits.texts();
      const auto tokenizer = open_tokenizer(data.tokenizer, config.init_from, options, texts);
      return std::make_unique<BertSpanTask>(config, data, std::move(splits), tokenizer, options);
    }
  }
  fail(ErrorKind::Internal, "bert", "a head without a task");
}

}  // namespace ingot
