#include "ingot/data/sentence_piece.h"

#include <cstdlib>

#include <sentencepiece_processor.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";

void check(const sentencepiece::util::Status& status, std::string_view what) {
  require("tokenizer", status.ok(), what, ": sentencepiece says ", status.ToString());
}

}  // namespace

SentencePiece::SentencePiece(std::string model, std::string_view origin)
    : model_(std::move(model)), processor_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
  require("tokenizer", !model_.empty(), origin, " is empty, expected a SentencePiece model");
  check(processor_->LoadFromSerializedProto(model_), origin);
  std::vector<AddedToken> control;
  for (int id = 0; id < processor_->GetPieceSize(); ++id)
    if (processor_->IsControl(id)) control.push_back({processor_->IdToPiece(id), id});
  set_added_tokens(std::move(control));
}

SentencePiece::~SentencePiece() = default;

int64_t SentencePiece::vocab_size() const { return processor_->GetPieceSize(); }

void SentencePiece::encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const {
  std::vector<int> pieces;
  check(processor_->Encode({text.data(), text.size()}, &pieces), "text");
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

std::string SentencePiece::decode(std::span<const int32_t> ids) const {
  for (const int32_t id : ids)
    if (id < 0 || id >= vocab_size()) fail_id(id);
  std::string text;
  check(processor_->Decode(std::vector<int>(ids.begin(), ids.end()), &text), "ids");
  return text;
}

std::string SentencePiece::token_bytes(int32_t id) const {
  if (id < 0 || id >= vocab_size()) fail_id(id);
  const std::string& piece = processor_->IdToPiece(id);
  if (processor_->IsByte(id)) return std::string(1, char(std::strtol(piece.c_str() + 3, nullptr, 16)));  // <0x41>
  if (processor_->IsControl(id)) return piece;
  std::string text;
  for (size_t i = 0; i < piece.size();) {
    const bool space = std::string_view(piece).substr(i).starts_with(kSpaceMark);
    text += space ? ' ' : piece[i];
    i += space ? kSpaceMark.size() : 1;
  }
  return text;
}

std::optional<int32_t> SentencePiece::id_of(std::string_view token) const {
  const int id = processor_->PieceToId({token.data(), token.size()});
  const bool known = !processor_->IsUnknown(id) || processor_->IdToPiece(id) == token;
  return known ? std::optional<int32_t>(id) : std::nullopt;
}

void SentencePiece::save(const fs::path& folder) const {
  fs::create_directories(folder);
  write_file_atomic(folder / "tokenizer.model", model_);
}

}  // namespace ingot
