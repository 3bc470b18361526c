// Where a language model's tokens come from: a prepared folder (data/shards.h) or one text file tokenised in memory.
// Torch-free.
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

struct LmDataConfig {  // [data]
  std::string dataset;
  std::string text;
  std::string tokenizer = "char";
  double validation = 0.1;
  LmSampling sampling = LmSampling::Random;
  bool document_mask = false;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("dataset", self.dataset, "folder made by `ingot data prepare`");
    v("text", self.text, "instead of dataset: a text file, or the name of a public set as `ingot data get` lists them");
    v("tokenizer", self.tokenizer, "for text: char, or a file or folder with a tokenizer");
    v("validation", self.validation, "for text: the last part of it, kept for validation");
    v("sampling", self.sampling, "random: windows at uniform offsets; epochs: every window once an epoch, shuffled");
    v("document_mask", self.document_mask, "tokens see their own document only and positions restart with it");
  }
  Problems validate() const;
};

// One split as a single sequence of tokens with document boundaries.
class TokenStream {
 public:
  explicit TokenStream(std::vector<int32_t> tokens);
  explicit TokenStream(TokenDataset dataset);
  int64_t num_tokens() const;
  void read(int64_t begin, int64_t count, int32_t* out) const;
  // The first document start behind i, or num_tokens().
  int64_t next_document(int64_t i) const;

 private:
  std::vector<int32_t> tokens_;  // one of the two
  std::optional<TokenDataset> dataset_;
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
