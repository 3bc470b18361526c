// SentencePiece models (Kudo & Richardson 2018) through libsentencepiece: unigram and BPE, byte fallback included.
#pragma once

#include <memory>

#include "ingot/data/tokenizer.h"

namespace ingot {

class PieceModel;

class SentencePiece : public Tokenizer {
 public:
  // `model`: the bytes of a tokenizer.model. Throws InvalidArgument, naming `origin`.
  SentencePiece(std::string model, std::string_view origin);
  ~SentencePiece() override;

  std::string kind() const override { return "sentencepiece"; }
  int64_t vocab_size() const override;
  std::string decode(std::span<const int32_t> ids) const override;
  std::string token_bytes(int32_t id) const override;
  std::optional<int32_t> id_of(std::string_view token) const override;  // U+2581 stands for a space
  void save(const std::filesystem::path& folder) const override;        // tokenizer.model

 protected:
  void encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  std::string model_;
  std::unique_ptr<PieceModel> pieces_;
};

}  // namespace ingot
