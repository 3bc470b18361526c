// Masked language modelling: Devlin et al. 2019, 3.1. Whole words are hidden (the authors' note of May 2019) and anew
// each time (Liu et al. 2019). A family supplies the logits of the hidden tokens.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/rng.h"
#include "ingot/tasks/lm_data.h"
#include "ingot/tasks/task.h"

namespace ingot {

struct MaskingConfig {
  double share = 0.15;
  bool whole_words = true;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("share", self.share,
      "of the tokens that are to be guessed: 80 % of them hidden, 10 % replaced, 10 % as they are");
    v("whole_words", self.whole_words, "take all pieces of a word or none");
  }
  Problems validate() const;
};

// Ids of BERT's control tokens; throws InvalidArgument naming the one that the vocabulary lacks.
struct BertTokens {
  explicit BertTokens(const Tokenizer& tokenizer);
  int64_t pad, unknown, cls, sep, mask;
  bool is_control(int64_t id) const { return id == pad || id == unknown || id == cls || id == sep || id == mask; }
};

// Chooses what is to be guessed. `continues[id]`: the token goes on with the word of the one before it.
class Masking {
 public:
  Masking(const MaskingConfig& config, const Tokenizer& tokenizer);
  struct Target {
    int64_t place, id;
  };
  // Hides tokens of `ids` in place and says which, in order; at least one when there is a word.
  std::vector<Target> apply(std::span<int64_t> ids, Rng& rng) const;
  const BertTokens& tokens() const { return tokens_; }
  double share() const { return config_.share; }

 private:
  MaskingConfig config_;
  BertTokens tokens_;
  std::vector<char> continues_;
  std::vector<int64_t> ordinary_;  // ids that may replace
};

class MaskedLmTask : public Task {
 public:
  MaskedLmTask(LmData data, const MaskingConfig& masking, int64_t length, const TaskOptions& options);

  Batch train_batch(int64_t index) override;
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  // {"loss", "accuracy", "unigram_loss": of guessing by the frequencies of the training tokens, "masked"}. The same
  // tokens are hidden each time.
  Json evaluate(const std::string& split, int64_t limit) override;
  Json predict(const Json& request) override;  // {"text": "a [MASK] film"} -> {"text", "masks": [[{"token", "score"}]]}
  std::string unit() const override { return "masked token"; }
  std::string data_hash() const override { return data_.identity; }
  void save_assets(const std::string& folder) const override;

 protected:
  // ids [B, T], real [B, T] bool, places [M] in B T -> [M, V]
  virtual Tensor masked_logits(const Tensor& ids, const Tensor& real, const Tensor& places) = 0;
  double masked_share() const { return masking_.share(); }
  LmData data_;
  TaskOptions options_;

 private:
  Batch make_batch(const TokenStream& tokens, const std::vector<int64_t>& offsets, int64_t words, Rng& rng) const;

  Masking masking_;
  int64_t length_;  // T, [CLS] and [SEP] included
  std::vector<double> unigram_nll_;
};

}  // namespace ingot
