#include "ingot/data/tokenizer.h"

#include <algorithm>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/bpe.h"
#include "ingot/data/sentence_piece.h"
#include "ingot/data/tokenizer_parts.h"
#include "ingot/data/word_level.h"
#include "ingot/data/wordpiece.h"

namespace ingot {
namespace {

constexpr std::string_view kAsciiSpace = " \t\n\v\f\r";

}  // namespace

void Tokenizer::set_added_tokens(std::vector<AddedToken> added) {
  std::stable_sort(added.begin(), added.end(),
                   [](const auto& a, const auto& b) { return a.text.size() > b.text.size(); });
  added_ = std::move(added);
  has_ordinary_added_ = std::any_of(added_.begin(), added_.end(), [](const auto& t) { return !t.special; });
  for (const char* name : {"<|endoftext|>", "</s>", "<eos>", "[SEP]"})
    if (!end_of_text_) end_of_text_ = id_of(name);
}

const AddedToken* Tokenizer::find_added(int32_t id) const {
  for (const auto& token : added_)
    if (token.id == id) return &token;
  return nullptr;
}

std::optional<int32_t> Tokenizer::id_of_added(std::string_view text) const {
  for (const auto& token : added_)
    if (token.text == text) return token.id;
  return std::nullopt;
}

void Tokenizer::fail_id(int32_t id) const {
  fail(ErrorKind::InvalidArgument, "tokenizer", "token id is ", id, ", expected one of the ", vocab_size(),
       " ids of this ", kind(), " vocabulary; were the ids made with another tokenizer?");
}

void Tokenizer::encode(std::string_view text, std::vector<int32_t>& ids) const { encode_parts(text, false, ids); }

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  encode(text, ids);
  return ids;
}

void Tokenizer::encode_with_special(std::string_view text, std::vector<int32_t>& ids) const {
  encode_parts(text, true, ids);
}

void Tokenizer::encode_parts(std::string_view text, bool with_special, std::vector<int32_t>& ids) const {
  if (with_special ? added_.empty() : !has_ordinary_added_) return encode_ordinary(text, ids);
  bool starts[256] = {};
  for (const auto& token : added_)
    if (with_special || !token.special) starts[uint8_t(token.text[0])] = true;
  size_t begin = 0;  // of the ordinary text not yet encoded
  for (size_t i = 0; i < text.size();) {
    const AddedToken* found = nullptr;
    if (starts[uint8_t(text[i])])
      for (const auto& token : added_)
        if ((with_special || !token.special) && text.substr(i).starts_with(token.text)) {
          found = &token;  // the longest: they are sorted
          break;
        }
    if (!found) {
      ++i;
      continue;
    }
    auto before = text.substr(begin, i - begin);
    if (found->lstrip) before = before.substr(0, before.find_last_not_of(kAsciiSpace) + 1);
    if (!before.empty()) encode_ordinary(before, ids);
    ids.push_back(found->id);
    i += found->text.size();
    if (found->rstrip) i = std::min(text.find_first_not_of(kAsciiSpace, i), text.size());
    begin = i;
  }
  if (begin < text.size()) encode_ordinary(text.substr(begin), ids);
}

std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts) {
  const Json type = parts.sections.contains("model") ? parts.sections["model"].value("type", Json()) : Json();
  try {
    if (type == "BPE") return std::make_unique<Bpe>(std::move(parts));
    if (type == "WordPiece") return std::make_unique<WordPiece>(std::move(parts));
    if (type == "WordLevel") return std::make_unique<WordLevel>(std::move(parts));
  } catch (const nlohmann::json::exception& e) {  // a known key holds a value of another type
    fail(ErrorKind::InvalidArgument, "tokenizer", "a section of tokenizer.json has a wrong type: ", e.what());
  }
  fail(ErrorKind::Unsupported, "tokenizer", "model.type is ", to_text(type),
       ", expected one of BPE, WordPiece, WordLevel; a Unigram model is read from its SentencePiece file");
}

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& path) {
  if (fs::is_directory(path)) {
    for (const char* name : {"tokenizer.json", "vocab.json", "encoder.json", "tokenizer.model", "vocab.txt"})
      if (fs::exists(path / name)) return load_tokenizer(path / name);
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.path().extension() == ".tiktoken" || entry.path().extension() == ".model")
        return load_tokenizer(entry.path());
    fail(ErrorKind::NotFound, "tokenizer", path.string(), " holds no tokenizer, expected one of tokenizer.json, ",
         "vocab.json + merges.txt, *.tiktoken, vocab.txt, *.model; `ingot tokenizer train` makes one");
  }
  const std::string name = path.filename().string();
  if (name == "vocab.json") return make_tokenizer(read_gpt2_files(path, path.parent_path() / "merges.txt"));
  if (name == "encoder.json") return make_tokenizer(read_gpt2_files(path, path.parent_path() / "vocab.bpe"));
  if (path.extension() == ".json") return make_tokenizer(parse_tokenizer_json(read_file(path), path.string()));
  if (path.extension() == ".tiktoken") return make_tokenizer(read_tiktoken(path));
  if (path.extension() == ".model") return std::make_unique<SentencePiece>(read_file(path), path.string());
  if (path.extension() == ".txt") return make_tokenizer(read_wordpiece_vocab(path));
  fail(ErrorKind::InvalidArgument, "tokenizer", path.string(),
       " is of no known kind, expected tokenizer.json, vocab.json, *.tiktoken, vocab.txt or *.model");
}

}  // namespace ingot
