// Where a language model's tokens come from: a prepared folder (data/shards.h), or one text or a set of documents
// (data/reader.h) tokenised in memory. Torch-free.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/rng.h"
#include "ingot/data/shards.h"
#include "ingot/data/tokenizer.h"
#include "ingot/tasks/task.h"

namespace ingot {

enum class LmSampling { Random, Epochs };
template <>
struct EnumNames<LmSampling> {
  static constexpr std::pair<const char*, LmSampling> kValues[] = {{"random", LmSampling::Random},
                                                                   {"epochs", LmSampling::Epochs}};
};

struct LmSamplesConfig {  // [data.samples]
  int64_t count = 0;
  double temperature = 1;
  std::vector<int64_t> metre;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("count", self.count, "texts drawn from the start of a document");
    v("temperature", self.temperature, "divides the logits");
    v("metre", self.metre,
      "verse with a character a syllable: a line scans when its clauses are equally long, and as long as one of these");
  }
};

struct LmDataConfig {  // [data]
  std::string dataset;
  std::string text;
  std::string text_field = "text";
  std::string validation_text;
  std::string tokenizer = "char";
  int64_t vocab_size = 8000;
  std::string pattern = "gpt2";
  double validation = 0.1;
  LmSampling sampling = LmSampling::Random;
  bool document_mask = false;
  int64_t eval_stride = 0;
  int64_t kneser_ney = 0;
  LmSamplesConfig samples;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("dataset", self.dataset, "folder made by `ingot data prepare`");
    v("text", self.text,
      "instead of dataset: a text file, files of records (.json .jsonl .csv .tsv) as documents, a folder of them, or a "
      "public set as `ingot data get` lists them");
    v("text_field", self.text_field, "of records: the JSON member or CSV column that holds the text");
    v("validation_text", self.validation_text,
      "for text: what is held out, a part of it (NAME/FILE of a set) or apart");
    v("tokenizer", self.tokenizer, "for text: char, bpe (learned on the training part), or a file or folder with one");
    v("vocab_size", self.vocab_size, "for bpe: tokens at most");
    v("pattern", self.pattern,
      "for bpe: how text is cut into words, within which tokens stay: gpt2, cl100k, o200k or a regular expression");
    v("validation", self.validation,
      "for text, without validation_text: its last part, or this share of its documents");
    v("sampling", self.sampling, "random: windows at uniform offsets; epochs: every window once an epoch, shuffled");
    v("document_mask", self.document_mask, "tokens see their own document only and positions restart with it");
    v("eval_stride", self.eval_stride,
      "evaluation moves its window by so many tokens and counts the new ones; 0: by block_size, without overlap");
    v("kneser_ney", self.kneser_ney, "order of the n-gram model of the same tokens whose loss stands beside; 0: none");
    v("samples", self.samples, "texts written by the model, shown with the run");
  }
  Problems validate() const;
};

// One split as a single sequence of tokens with document boundaries. Where an end-of-text token stands before a
// document, the document begins with it: as in GPT-2 it ends one and starts the next, and every token is predicted.
class TokenStream {
 public:
  // `starts`: first token of each document, without end-of-text tokens.
  explicit TokenStream(std::vector<int32_t> tokens, std::vector<int64_t> starts = {0},
                       std::optional<int32_t> end_of_text = {});
  TokenStream(TokenDataset dataset, std::optional<int32_t> end_of_text);
  int64_t num_tokens() const;
  void read(int64_t begin, int64_t count, int32_t* out) const;
  // The first place behind i at which a document begins, or num_tokens().
  int64_t next_document(int64_t i) const;
  std::optional<int32_t> end_of_text() const { return end_of_text_; }
  std::vector<std::vector<int32_t>> documents() const;  // in memory, without end-of-text tokens

 private:
  int64_t start_behind(int64_t i) const;

  std::vector<int32_t> tokens_;  // with starts_, one of the two
  std::vector<int64_t> starts_;
  std::optional<TokenDataset> dataset_;
  std::optional<int32_t> end_of_text_;
};

struct LmData {
  LmDataConfig config;
  std::shared_ptr<const Tokenizer> tokenizer;
  int64_t vocab_size = 0;
  std::optional<TokenStream> train, validation, test;  // none under Purpose::Infer
  std::string identity;

  const TokenStream* split(const std::string& name) const;  // train, validation, test; nullptr when there is none

  // Training reads windows of `length` tokens. Sampling at random, they lie anywhere; by epochs, `stride` apart, each
  // once an epoch, shuffled anew.
  int64_t batches_per_epoch(int64_t stride, int64_t length, int64_t batch_size) const;  // 0 at random
  // First tokens of the windows of micro-batch `index`.
  std::vector<int64_t> window_offsets(int64_t stride, int64_t length, int64_t index, const TaskOptions& options,
                                      Rng& rng) const;
};

// Reads [data] of the recipe and opens what it names; under Purpose::Infer, only the tokenizer of the run folder.
LmData open_lm_data(const Document& recipe, const TaskOptions& options);

}  // namespace ingot
