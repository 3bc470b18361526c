#include "ingot/data/sentence_piece.h"

#include <cstdlib>

#include <dlfcn.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/sentence_piece_module.h"

namespace ingot {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";

#ifdef __SANITIZE_ADDRESS__
constexpr int kScope = RTLD_LOCAL;  // the sanitizer refuses DEEPBIND; there is no LibTorch to keep apart from then
#else
constexpr int kScope = RTLD_LOCAL | RTLD_DEEPBIND;
#endif

void check(const std::string& problem, std::string_view what) {
  require("tokenizer", problem.empty(), what, ": ", problem);
}

}  // namespace

const SentencePieceModule& sentence_piece_module() {
  static const SentencePieceModule* module = [] {
    std::error_code no_proc;
    const auto beside = fs::read_symlink("/proc/self/exe", no_proc).parent_path() / "libingot_sentencepiece.so";
    void* library = ::dlopen(beside.c_str(), RTLD_NOW | kScope);
    if (!library) library = ::dlopen(INGOT_SENTENCEPIECE_MODULE, RTLD_NOW | kScope);
    if (!library)
      fail(ErrorKind::Unsupported, "tokenizer",
           "cannot open libingot_sentencepiece.so, which reads SentencePiece models: ", ::dlerror(),
           "; keep it beside the program");
    using Entry = const SentencePieceModule* (*)();
    return reinterpret_cast<Entry>(::dlsym(library, "ingot_sentence_piece_module"))();
  }();
  return *module;
}

SentencePiece::SentencePiece(std::string model, std::string_view origin) : model_(std::move(model)) {
  require("tokenizer", !model_.empty(), origin, " is empty, expected a SentencePiece model");
  std::string problem;
  pieces_ = sentence_piece_module().load(model_, problem);
  check(problem, origin);
  std::vector<AddedToken> control;
  for (int id = 0; id < pieces_->size(); ++id)
    if (pieces_->is_control(id)) control.push_back({pieces_->piece(id), id});
  set_added_tokens(std::move(control));
}

SentencePiece::~SentencePiece() = default;

int64_t SentencePiece::vocab_size() const { return pieces_->size(); }

void SentencePiece::encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const {
  std::vector<int> pieces;
  check(pieces_->encode(text, pieces), "text");
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

std::string SentencePiece::decode(std::span<const int32_t> ids) const {
  for (const int32_t id : ids)
    if (id < 0 || id >= vocab_size()) fail_id(id);
  std::string text;
  check(pieces_->decode(std::vector<int>(ids.begin(), ids.end()), text), "ids");
  return text;
}

std::string SentencePiece::token_bytes(int32_t id) const {
  if (id < 0 || id >= vocab_size()) fail_id(id);
  const std::string& piece = pieces_->piece(id);
  if (pieces_->is_byte(id)) return std::string(1, char(std::strtol(piece.c_str() + 3, nullptr, 16)));  // <0x41>
  if (pieces_->is_control(id)) return piece;
  std::string text;
  for (size_t i = 0; i < piece.size();) {
    const bool space = std::string_view(piece).substr(i).starts_with(kSpaceMark);
    text += space ? ' ' : piece[i];
    i += space ? kSpaceMark.size() : 1;
  }
  return text;
}

std::optional<int32_t> SentencePiece::id_of(std::string_view token) const {
  const int id = pieces_->id_of(token);
  const bool known = !pieces_->is_unknown(id) || pieces_->piece(id) == token;
  return known ? std::optional<int32_t>(id) : std::nullopt;
}

void SentencePiece::save(const fs::path& folder) const {
  fs::create_directories(folder);
  write_file_atomic(folder / "tokenizer.model", model_);
}

}  // namespace ingot
