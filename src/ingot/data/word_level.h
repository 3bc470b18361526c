// Vocabularies of whole units: characters, or words. A tokenizer.json of model type WordLevel.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ingot/data/pretokenize.h"
#include "ingot/data/tokenizer.h"
#include "ingot/data/tokenizer_parts.h"

namespace ingot {

class WordLevel : public Tokenizer {
 public:
  // Requires parts.sections.model.type "WordLevel". Without model.unk_token, encode() throws InvalidArgument for a unit
  // that is not in the vocabulary.
  explicit WordLevel(TokenizerParts parts);

  std::string kind() const override { return characters_ ? "char" : "word"; }
  int64_t vocab_size() const override { return int64_t(parts_.tokens.size()); }
  std::string decode(std::span<const int32_t> ids) const override;  // words are joined by spaces
  std::string token_bytes(int32_t id) const override;
  std::optional<int32_t> id_of(std::string_view token) const override;
  void save(const std::filesystem::path& folder) const override;

 protected:
  void encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  const std::string& token(int32_t id) const;

  TokenizerParts parts_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  std::unordered_map<std::string_view, int32_t> ids_;
  std::optional<int32_t> unknown_;
  bool characters_ = false;
};

Json character_sections();
// Words are runs of letters, digits, marks and underscores, or of other printing characters.
Json word_sections(bool lowercase);

}  // namespace ingot
