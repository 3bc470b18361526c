#include "ingot/data/wordpiece.h"

#include <algorithm>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/lines.h"

namespace ingot {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

void each_bert_word(std::string_view text, const Emit& emit) {
  const char* begin = text.data();  // of the word not yet emitted
  const char* const end = begin + text.size();
  for (const char* p = begin; p < end;) {
    const char* at = p;
    const char32_t c = next_code_point(p, end);
    const bool space = char_class(c) == CharClass::Space;
    if (!space && !is_punctuation(c)) continue;
    if (at > begin) emit({begin, size_t(at - begin)});
    if (!space) emit({at, size_t(p - at)});
    begin = p;
  }
  if (end > begin) emit({begin, size_t(end - begin)});
}

WordPiece::WordPiece(TokenizerParts parts) : parts_(std::move(parts)) {
  const auto section = [&](const char* name) { return parts_.sections.value(name, Json()); };
  const Json& model = parts_.sections.at("model");
  const Json pre_tokenizer = section("pre_tokenizer");
  if (!pre_tokenizer.is_object() || pre_tokenizer.value("type", Json()) != "BertPreTokenizer")
    fail(ErrorKind::Unsupported, "tokenizer", "pre_tokenizer of a WordPiece model is ",
         to_text(pre_tokenizer).substr(0, 100), ", expected BertPreTokenizer");
  normalizer_ = Normalizer(section("normalizer"));
  prefix_ = model.value("continuing_subword_prefix", "##");
  const int64_t max_chars = model.value("max_input_chars_per_word", int64_t{100});
  require("tokenizer", max_chars > 0 && max_chars <= 10'000, "model.max_input_chars_per_word is ", max_chars,
          ", expected 1 to 10000");
  max_word_chars_ = size_t(max_chars);
  if (const Json decoder = section("decoder"); decoder.is_object()) cleanup_ = decoder.value("cleanup", true);
  for (size_t id = 0; id < parts_.tokens.size(); ++id) {
    const std::string_view token = parts_.tokens[id];
    if (token.empty()) continue;
    longest_ = std::max(longest_, token.size());
    if (!prefix_.empty() && token.size() > prefix_.size() && token.starts_with(prefix_))
      continuations_.emplace(token.substr(prefix_.size()), int32_t(id));
    starts_.emplace(token, int32_t(id));
  }
  const std::string unknown = model.value("unk_token", "[UNK]");
  const auto found = id_of(unknown);
  require("tokenizer", found.has_value(), "model.unk_token '", unknown, "' is not in the vocabulary");
  unknown_ = *found;
  set_added_tokens(parts_.added);
}

std::optional<int32_t> WordPiece::id_of(std::string_view token) const {
  const auto found = starts_.find(token);
  return found == starts_.end() ? std::nullopt : std::optional(found->second);
}

const std::string& WordPiece::token(int32_t id) const {
  if (id < 0 || size_t(id) >= parts_.tokens.size() || parts_.tokens[size_t(id)].empty()) fail_id(id);
  return parts_.tokens[size_t(id)];
}

std::string WordPiece::token_bytes(int32_t id) const {
  const std::string& text = token(id);
  if (find_added(id)) return text;
  return text.starts_with(prefix_) && text.size() > prefix_.size() ? text.substr(prefix_.size()) : " " + text;
}

std::string WordPiece::decode(std::span<const int32_t> ids) const {
  std::string out;
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string& text = token(ids[i]);
    const bool continues = i > 0 && text.starts_with(prefix_);
    std::string piece = continues ? text.substr(prefix_.size()) : (i > 0 ? " " : "") + text;
    if (cleanup_)  // each token on its own, as Hugging Face's decoder
      for (const auto& [from, to] : {std::pair{" .", "."},
                                     {" ?", "?"},
                                     {" !", "!"},
                                     {" ,", ","},
                                     {" ' ", "'"},
                                     {" n't", "n't"},
                                     {" 'm", "'m"},
                                     {" 's", "'s"},
                                     {" 've", "'ve"},
                                     {" 're", "'re"}})
        replace_all(piece, from, to);
    out += piece;
  }
  return out;
}

void WordPiece::encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const {
  const std::string normal = normalizer_.apply(text);
  each_bert_word(normal, [&](std::string_view word) { encode_word(word, ids); });
}

void WordPiece::encode_word(std::string_view word, std::vector<int32_t>& ids) const {
  // Ends of the characters, and 0. A word over the limit is unknown as a whole.
  std::vector<size_t> ends{0};
  for (const char *p = word.data(), *end = p + word.size(); p < end;) {
    next_code_point(p, end);
    ends.push_back(size_t(p - word.data()));
    if (ends.size() > max_word_chars_ + 1) return ids.push_back(unknown_);
  }
  const size_t before = ids.size();
  for (size_t start = 0, last = ends.size() - 1; start < last;) {
    const auto& table = start == 0 ? starts_ : continuations_;
    size_t stop = last;
    for (; stop > start; --stop) {
      const size_t size = ends[stop] - ends[start];
      if (size > longest_) continue;
      const auto found = table.find(word.substr(ends[start], size));
      if (found == table.end()) continue;
      ids.push_back(found->second);
      break;
    }
    if (stop == start) {
      ids.resize(before);
      return ids.push_back(unknown_);
    }
    start = stop;
  }
}

void WordPiece::save(const fs::path& folder) const {
  fs::create_directories(folder);
  std::string lines;
  for (const auto& text : parts_.tokens) lines += text + "\n";
  write_file_atomic(folder / "vocab.txt", lines);
  write_file_atomic(folder / "tokenizer.json", tokenizer_json_text(parts_));
}

Json bert_sections(bool lowercase, std::string_view unknown) {
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", lowercase}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", std::string(unknown)},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100}}}};
}

TokenizerParts read_wordpiece_vocab(const fs::path& path) {
  const std::string text = read_file(path);
  TokenizerParts parts;
  std::unordered_map<std::string_view, size_t> lines;
  LineReader reader(text);
  for (std::string_view token; reader.next(token);) {
    if (token.ends_with('\r')) token.remove_suffix(1);
    const size_t line = parts.tokens.size() + 1;
    require("tokenizer", !token.empty(), path.string(), ":", line, " is empty, expected a token");
    const auto known = lines.emplace(token, line);
    require("tokenizer", known.second, path.string(), ":", line, ": token '", token, "' is given in line ",
            known.first->second, " already");
    parts.tokens.emplace_back(token);
  }
  for (const char* control : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
    if (const auto found = lines.find(control); found != lines.end())
      parts.added.push_back({control, int32_t(found->second - 1)});
  const auto has_capital = [](const std::string& token) {
    return token[0] != '[' && token[0] != '<' &&
           std::any_of(token.begin(), token.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  };
  bool lowercase = std::none_of(parts.tokens.begin(), parts.tokens.end(), has_capital);
  if (const auto config = path.parent_path() / "tokenizer_config.json"; fs::exists(config))
    if (const Json value = read_json(config).value("do_lower_case", Json()); value.is_boolean()) lowercase = value;
  parts.sections = bert_sections(lowercase, "[UNK]");
  return parts;
}

}  // namespace ingot
