// Learns a vocabulary from a stream of texts. The result depends on the texts only: not on their order, not on threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/data/tokenizer.h"

namespace ingot {

struct TokenizerTrainConfig {
  std::string kind = "bpe";
  int64_t vocab_size = 16000;
  int64_t min_frequency = 2;
  std::optional<std::vector<std::string>> special_tokens;
  std::string pattern = "gpt2";
  bool lowercase = false;
  int64_t max_characters = 1000;
  int64_t threads = 0;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("kind", self.kind, "bpe, wordpiece, sentencepiece, char or word");
    v("vocab_size", self.vocab_size, "tokens at most, control tokens included; char takes every character it meets");
    v("min_frequency", self.min_frequency, "a merge or a word seen less often is not learned");
    v("special_tokens", self.special_tokens, "control tokens; left out: those that the kind is used with");
    v("pattern", self.pattern, "bpe: how text is cut into words: gpt2, cl100k, o200k or a regular expression");
    v("lowercase", self.lowercase, "wordpiece and word: lower case, wordpiece also without accents");
    v("max_characters", self.max_characters, "wordpiece: single characters kept, the most frequent ones");
    v("threads", self.threads, "for counting; 0: all cores");
  }
  Problems validate() const;
};

// Gives the next text, or false at the end. Called by one thread at a time. Texts of about a megabyte are best; a word
// never spans two.
using TextStream = std::function<bool(std::string& text)>;
// `done` of `total` steps of `stage` ("words" counts bytes and knows no total: 0).
using TrainProgress = std::function<void(std::string_view stage, int64_t done, int64_t total)>;

std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerTrainConfig& config, const TextStream& texts,
                                           const TrainProgress& progress = {});

}  // namespace ingot
