// WordPiece as BERT uses it: Devlin et al. 2019, google-research/bert tokenization.py. Greedy longest match first.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ingot/data/pretokenize.h"
#include "ingot/data/tokenizer.h"
#include "ingot/data/tokenizer_parts.h"

namespace ingot {

class WordPiece : public Tokenizer {
 public:
  // Requires parts.sections.model.type "WordPiece". Throws InvalidArgument or Unsupported.
  explicit WordPiece(TokenizerParts parts);

  std::string kind() const override { return "wordpiece"; }
  int64_t vocab_size() const override { return int64_t(parts_.tokens.size()); }
  // Words are joined by spaces, and the spaces before punctuation and contractions taken out, as Hugging Face does.
  std::string decode(std::span<const int32_t> ids) const override;
  std::string token_bytes(int32_t id) const override;  // " word" or, for "##piece", "piece"
  std::optional<int32_t> id_of(std::string_view token) const override;
  void save(const std::filesystem::path& folder) const override;  // tokenizer.json and vocab.txt

 protected:
  void encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  void encode_word(std::string_view word, std::vector<int32_t>& ids) const;
  const std::string& token(int32_t id) const;

  TokenizerParts parts_;
  Normalizer normalizer_;
  std::unordered_map<std::string_view, int32_t> starts_, continuations_;  // the latter without "##"
  std::string prefix_;
  int32_t unknown_ = 0;
  size_t max_word_chars_ = 100;
  size_t longest_ = 0;  // token, in bytes
  bool cleanup_ = true;
};

// BERT's words: cut at white space and around each punctuation character.
void each_bert_word(std::string_view text, const Emit& emit);

}  // namespace ingot
