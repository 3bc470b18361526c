// Translation: line-aligned texts -> subwords -> label-smoothed cross-entropy (Vaswani et al. 2017), batches of like
// lengths; BLEU and chrF of beam search. A family supplies an encoder-decoder.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "ingot/base/config.h"
#include "ingot/data/tokenizer.h"
#include "ingot/nn/attention.h"
#include "ingot/tasks/beam_search.h"
#include "ingot/tasks/bleu.h"
#include "ingot/tasks/task.h"

namespace ingot {

template <>
struct EnumNames<BleuTokenizer> {
  static constexpr std::pair<const char*, BleuTokenizer> kValues[] = {{"13a", BleuTokenizer::Mteval13a},
                                                                      {"intl", BleuTokenizer::Intl},
                                                                      {"zh", BleuTokenizer::Zh},
                                                                      {"none", BleuTokenizer::None}};
};

struct SubwordConfig {  // [data.tokenizer]
  std::string path;
  int64_t vocab_size = 8000;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("path", self.path, "a tokenizer with <pad>, <s> and </s>; empty: byte-level BPE learned on both sides of train");
    v("vocab_size", self.vocab_size, "when learned: tokens at most");
  }
};

struct TranslateConfig {  // [data]
  std::string train, validation, test;
  std::string source, target;
  SubwordConfig tokenizer;
  double label_smoothing = 0.1;
  int64_t beam = 5;
  double length_penalty = 0.6;
  BleuTokenizer bleu_tokenizer = BleuTokenizer::Mteval13a;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("train", self.train, "files without their endings: TRAIN.de and TRAIN.en, plain or .gz; also in INGOT_DATA");
    v("validation", self.validation, "likewise");
    v("test", self.test, "likewise");
    v("source", self.source, "ending of the files to translate from: \"de\"");
    v("target", self.target, "ending of the files to translate into: \"en\"");
    v("tokenizer", self.tokenizer, "subwords of both languages");
    v("label_smoothing", self.label_smoothing, "in training only");
    v("beam", self.beam, "hypotheses kept while decoding; validation during training decodes greedily");
    v("length_penalty", self.length_penalty, "alpha of Wu et al. 2016: above 0 favours longer outputs");
    v("bleu_tokenizer", self.bleu_tokenizer, "sacreBLEU's 13a, intl (every script's marks), zh (into Chinese) or none");
  }
  Problems validate() const;
};

struct SentencePairs {
  std::vector<std::string> source, target;
  std::string hash;
};
// Throws InvalidArgument naming file and line for lines without a partner and bytes that are not UTF-8.
SentencePairs read_sentence_pairs(const std::string& prefix, const std::string& source, const std::string& target);

// What the decoder knows of its inputs and of what it has written.
struct DecoderState {
  KvCache written;                     // rows: inputs x beams
  std::vector<KvCache::Layer> inputs;  // keys and values of the encoder's output, a pair a layer
  Tensor hidden;                       // [rows, 1, 1, S] bool: padding of the inputs; undefined: none
};

class EncoderDecoder : public torch::nn::Module {
 public:
  // source [B, S], target [B, T] int64, real [B, S] bool -> features [B, T, C] of the tokens behind `target`.
  // `attention` gets what each of them reads of the source in the last block, mean of the heads: [B, T, S].
  virtual Tensor features(const Tensor& source, const Tensor& real, const Tensor& target,
                          Tensor* attention = nullptr) = 0;
  virtual Tensor logits(const Tensor& features) = 0;  // [.., C] -> [.., V]
  // Encodes; each input becomes `beam` rows of the state, with room for `capacity` tokens.
  virtual DecoderState start(const Tensor& source, const Tensor& real, int64_t beam, int64_t capacity) = 0;
  virtual Tensor step(const Tensor& last, DecoderState& state) = 0;  // [rows] -> logits [rows, V]
  virtual void initialise(uint64_t seed) = 0;
  virtual int64_t longest() const = 0;  // tokens of either side
  virtual Json config_json() const = 0;
};

class TranslateTask : public Task {
 public:
  TranslateTask(const TranslateConfig& config, const TaskOptions& options);  // reads the data
  void set_model(std::shared_ptr<EncoderDecoder> model);
  int64_t vocab_size() const { return tokenizer_->vocab_size(); }
  const Tokenizer& tokenizer() const { return *tokenizer_; }

  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  Batch train_batch(int64_t index) override;
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  // {"loss", "perplexity", "bleu", "bleu_lowercase", "chrf", "copy_bleu": of leaving the source as it is, "pairs"}.
  // The test split by beam search, others greedily. With a limit only the loss, of so many batches.
  Json evaluate(const std::string& split, int64_t limit) override;
  Json predict(const Json& request) override;  // {"text"} -> {"text", "score"}
  // Attention over the source of three sentences of validation, else test.
  void illustrate(const std::string& folder) override;
  std::string unit() const override { return "token"; }
  double train_flops_per_unit() const override;
  void save_assets(const std::string& folder) const override;
  std::string data_hash() const override { return hash_; }
  Json card() const override;

  std::vector<Hypothesis> translate(const std::vector<std::string>& sources, int64_t beam);
  std::string text_of(const Hypothesis& hypothesis) const;

 private:
  struct Pair {
    std::vector<int64_t> source, target;
  };
  struct Split {
    SentencePairs texts;
    std::vector<Pair> pairs;
  };
  using Batches = std::vector<std::vector<int64_t>>;  // rows of each batch
  std::vector<int64_t> encode(const std::string& text) const;
  std::shared_ptr<const Batches> batches_of(int64_t epoch);
  Batch make_batch(const std::vector<const Pair*>& pairs) const;
  Tensor target_logits(const Batch& batch);  // of the tokens that count, [N, V]

  TranslateConfig config_;
  TaskOptions options_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  int64_t pad_ = 0, begin_ = 0, end_ = 0;
  std::map<std::string, Split> splits_;
  int64_t longest_ = 0, left_out_ = 0;
  std::string hash_;
  std::shared_ptr<EncoderDecoder> model_;
  std::mutex mutex_;  // of the two below: batches of the epoch that was asked for last
  int64_t epoch_ = -1;
  std::shared_ptr<const Batches> batches_;
};

}  // namespace ingot
