#include <algorithm>
#include <unordered_map>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/lines.h"
#include "ingot/data/pretokenize.h"
#include "ingot/data/tokenizer_parts.h"

namespace ingot {
namespace {

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxMerges = 1'000'000;
constexpr int64_t kMaxId = int64_t{1} << 24;
constexpr size_t kMaxSectionKeys = 100'000;  // outside of vocab: an ordered_json object finds keys in linear time

// Json holds objects as lists, where a vocabulary would take quadratic time; so vocab and merges go past it.
class Reader : public nlohmann::json_sax<Json> {
 public:
  // `whole_is_vocab`: the document is a vocab.json.
  Reader(std::string_view origin, bool whole_is_vocab) : origin_(origin), whole_is_vocab_(whole_is_vocab) {}

  Json sections;
  std::vector<std::pair<std::string, int64_t>> vocab;
  std::vector<std::pair<std::string, std::string>> merges;

  bool null() override { return value(nullptr); }
  bool boolean(bool v) override { return value(v); }
  bool number_integer(number_integer_t v) override { return integer(v); }
  bool number_unsigned(number_unsigned_t v) override { return integer(v > uint64_t(kMaxId) ? kMaxId + 1 : int64_t(v)); }
  bool number_float(number_float_t v, const string_t&) override { return value(v); }
  bool string(string_t& v) override {
    if (in_merges()) return merge_part(v);
    return value(v);
  }
  bool binary(binary_t&) override { return false; }

  bool key(string_t& name) override {
    if (in_vocab()) {
      vocab.emplace_back(std::move(name), -1);
      return true;
    }
    require("tokenizer", ++num_keys_ <= kMaxSectionKeys, origin_, " holds over ", kMaxSectionKeys,
            " keys outside of model.vocab");
    auto& top = stack_.back();
    require("tokenizer", top.value.size() < 1000, origin_, ": an object has over 1000 keys");
    require("tokenizer", !top.value.contains(name), origin_, ": key '", name, "' is given twice");
    top.key = std::move(name);
    return true;
  }
  bool start_object(std::size_t) override {
    if (in_vocab()) wrong("an object in the vocabulary", "token: id pairs");
    if (in_merges()) wrong("an object in merges", "\"a b\" or [\"a\", \"b\"]");
    return open(Json::object(), whole_is_vocab_ ? stack_.empty() : at_model_key("vocab"), false);
  }
  bool start_array(std::size_t) override {
    if (in_vocab()) wrong("a list in the vocabulary", "token: id pairs");
    if (in_merges()) {
      if (merge_size_ >= 0) wrong("a list within a merge", "\"a b\" or [\"a\", \"b\"]");
      merge_size_ = 0;
      merges.emplace_back();
      return true;
    }
    return open(Json::array(), false, at_model_key("merges"));
  }
  bool end_object() override { return close(); }
  bool end_array() override {
    if (in_merges() && merge_size_ >= 0) {
      if (merge_size_ != 2) wrong("a merge of " + std::to_string(merge_size_) + " parts", "two");
      merge_size_ = -1;
      return true;
    }
    return close();
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    std::string why = e.what();
    if (const auto at = why.find("] "); at != std::string::npos) why = why.substr(at + 2);
    fail(ErrorKind::InvalidArgument, "tokenizer", origin_, " is not valid JSON: ", why);
  }

 private:
  struct Level {
    Json value;
    std::string key;  // under which the next value goes; unused in lists
    bool vocab = false, merges = false;
  };

  [[noreturn]] void wrong(const std::string& got, const std::string& expected) const {
    fail(ErrorKind::InvalidArgument, "tokenizer", origin_, " holds ", got, ", expected ", expected);
  }
  bool in_vocab() const { return !stack_.empty() && stack_.back().vocab; }
  bool in_merges() const { return !stack_.empty() && stack_.back().merges; }
  bool at_model_key(std::string_view name) const {
    return stack_.size() == 2 && stack_[0].key == "model" && stack_[1].value.is_object() && stack_[1].key == name;
  }

  bool open(Json empty, bool is_vocab, bool is_merges) {
    require("tokenizer", stack_.size() < kMaxDepth, origin_, " is nested deeper than ", kMaxDepth, " levels");
    stack_.push_back({std::move(empty), {}, is_vocab, is_merges});
    return true;
  }
  bool close() {
    Level done = std::move(stack_.back());
    stack_.pop_back();
    if (done.vocab || done.merges) return true;
    return value(std::move(done.value));
  }
  bool value(Json v) {
    if (in_vocab())
      wrong("the id " + to_text(v).substr(0, 40) + " of token '" + vocab.back().first + "'", "a whole number");
    if (in_merges()) wrong("the merge " + to_text(v).substr(0, 40), "\"a b\" or [\"a\", \"b\"]");
    if (stack_.empty()) {
      sections = std::move(v);
    } else if (auto& top = stack_.back(); top.value.is_object()) {
      top.value[top.key] = std::move(v);
    } else {
      top.value.push_back(std::move(v));
    }
    return true;
  }
  bool integer(int64_t v) {
    if (!in_vocab()) return value(v);
    vocab.back().second = v;
    require("tokenizer", v >= 0 && v <= kMaxId, origin_, ": id of token '", vocab.back().first, "' is ", v,
            ", expected 0 to ", kMaxId);
    return true;
  }
  bool merge_part(const std::string& text) {
    require("tokenizer", merges.size() < kMaxMerges + (merge_size_ > 0), origin_, " holds over ", kMaxMerges,
            " merges");
    if (merge_size_ >= 0) {
      if (++merge_size_ > 2) wrong("a merge of three parts", "two");
      (merge_size_ == 1 ? merges.back().first : merges.back().second) = text;
      return true;
    }
    const auto space = text.find(' ', 1);  // a token may itself begin with a space
    if (space == std::string::npos) wrong("the merge '" + text + "'", "two tokens with a space between");
    merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    return true;
  }

  std::string origin_;
  bool whole_is_vocab_;
  std::vector<Level> stack_;
  size_t num_keys_ = 0;
  int merge_size_ = -1;  // parts so far of a merge given as a list; -1: not in one
};

void parse(std::string_view text, Reader& reader) { Json::sax_parse(text.begin(), text.end(), &reader); }

AddedToken read_added(const Json& item, std::string_view origin) {
  require("tokenizer",
          item.is_object() && item.contains("id") && item["id"].is_number_integer() && item.contains("content") &&
              item["content"].is_string(),
          origin, ": an added token is ", to_text(item).substr(0, 100), ", expected {\"id\": ..., \"content\": ...}");
  const auto flag = [&](const char* name) {
    const auto found = item.find(name);
    return found != item.end() && found->is_boolean() && found->get<bool>();
  };
  const int64_t id = item["id"].get<int64_t>();
  AddedToken token{item["content"].get<std::string>(),
                   int32_t(id),
                   flag("special"),
                   flag("lstrip"),
                   flag("rstrip"),
                   flag("normalized")};
  require("tokenizer", id >= 0 && id <= kMaxId, origin, ": id of added token '", token.text, "' is ", id,
          ", expected 0 to ", kMaxId);
  require("tokenizer", !token.text.empty(), origin, ": added token ", id, " has no text");
  if (flag("single_word"))
    fail(ErrorKind::Unsupported, "tokenizer", origin, ": added token '", token.text, "' asks for single_word");
  return token;
}

void place(TokenizerParts& parts, std::string token, int64_t id, std::string_view origin) {
  require("tokenizer", !token.empty(), origin, ": token ", id, " has no text");
  if (size_t(id) >= parts.tokens.size()) parts.tokens.resize(size_t(id) + 1);
  auto& slot = parts.tokens[size_t(id)];
  require("tokenizer", slot.empty() || slot == token, origin, ": id ", id, " is given to '", slot, "' and to '", token,
          "'");
  slot = std::move(token);
}

TokenizerParts assemble(Reader&& reader, std::string_view origin) {
  TokenizerParts parts;
  require("tokenizer", !reader.vocab.empty(), origin, " has no vocabulary, expected an object model.vocab");
  std::unordered_map<std::string, int32_t> ids;
  ids.reserve(reader.vocab.size());
  for (auto& [token, id] : reader.vocab) {
    require("tokenizer", size_t(id) < 2 * reader.vocab.size() + kMaxMerges, origin, ": id of token '", token, "' is ",
            id, ", far beyond the ", reader.vocab.size(), " tokens");
    require("tokenizer", ids.emplace(token, int32_t(id)).second, origin, ": token '", token, "' is given twice");
    require("tokenizer", size_t(id) >= parts.tokens.size() || parts.tokens[size_t(id)].empty(), origin, ": id ", id,
            " is given to '", size_t(id) < parts.tokens.size() ? parts.tokens[size_t(id)] : "", "' and to '", token,
            "'");
    place(parts, std::move(token), id, origin);
  }
  const size_t model_size = parts.tokens.size();
  if (const auto added = reader.sections.find("added_tokens"); added != reader.sections.end()) {
    require("tokenizer", added->is_array(), origin, ": added_tokens is not a list");
    for (const auto& item : *added) {
      AddedToken token = read_added(item, origin);
      require("tokenizer", size_t(token.id) < 2 * model_size + kMaxMerges, origin, ": id of added token '", token.text,
              "' is ", token.id, ", far beyond the ", model_size, " tokens");
      const auto known = ids.emplace(token.text, token.id);
      require("tokenizer", known.first->second == token.id, origin, ": token '", token.text, "' has the ids ",
              known.first->second, " and ", token.id);
      place(parts, token.text, token.id, origin);
      parts.added.push_back(std::move(token));
    }
    reader.sections.erase("added_tokens");
  }
  // OpenAI's control tokens leave ids out behind the vocabulary; inside it a gap means a damaged file.
  const auto gap = std::find(parts.tokens.begin(), parts.tokens.begin() + ptrdiff_t(model_size), "");
  require("tokenizer", gap == parts.tokens.begin() + ptrdiff_t(model_size), origin, ": no token has id ",
          gap - parts.tokens.begin(), ", expected every id from 0 to ", model_size - 1);
  parts.sections = std::move(reader.sections);
  parts.merges.reserve(reader.merges.size());
  for (const auto& [left, right] : reader.merges) {
    // clang 14 cannot capture a structured binding by itself.
    const auto find = [&, &left = left, &right = right](const std::string& token) {
      const auto found = ids.find(token);
      require("tokenizer", found != ids.end(), origin, ": merge ", parts.merges.size(), " '", left, " ", right,
              "' needs the token '", token, "', which is not in the vocabulary");
      return found->second;
    };
    parts.merges.push_back({find(left), find(right), find(left + right)});
  }
  return parts;
}

void append_quoted(std::string& out, std::string_view text) { out += to_text(Json(std::string(text))); }

// Up to the first id left out: what lies beyond are added tokens, listed on their own.
std::string vocab_text(const TokenizerParts& parts) {
  std::string out = "{";
  for (size_t id = 0; id < parts.tokens.size() && !parts.tokens[id].empty(); ++id) {
    if (id) out += ",";
    append_quoted(out, parts.tokens[id]);
    out += ":" + std::to_string(id);
  }
  return out + "}";
}

}  // namespace

TokenizerParts parse_tokenizer_json(std::string_view text, std::string_view origin) {
  Reader reader(origin, false);
  parse(text, reader);
  require("tokenizer",
          reader.sections.is_object() && reader.sections.contains("model") && reader.sections["model"].is_object(),
          origin, " has no object \"model\", expected a Hugging Face tokenizer.json");
  Json& model = reader.sections["model"];
  if (!model.contains("type"))  // files of 2020 leave it to the keys
    model["type"] = !reader.merges.empty()                        ? "BPE"
                    : model.contains("continuing_subword_prefix") ? "WordPiece"
                                                                  : "WordLevel";
  return assemble(std::move(reader), origin);
}

std::string tokenizer_json_text(const TokenizerParts& parts) {
  Json added = Json::array();
  auto sorted = parts.added;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (const auto& token : sorted)
    added.push_back({{"id", token.id},
                     {"content", token.text},
                     {"single_word", false},
                     {"lstrip", token.lstrip},
                     {"rstrip", token.rstrip},
                     {"normalized", token.normalized},
                     {"special", token.special}});
  std::string out = "{\n";
  for (const auto& [name, section] : parts.sections.items()) {
    if (name == "model") continue;
    append_quoted(out, name);
    out += ": " + to_text(section) + ",\n";
    if (name == "padding") out += "\"added_tokens\": " + to_text(added) + ",\n";  // where Hugging Face puts it
  }
  if (!parts.sections.contains("padding")) out += "\"added_tokens\": " + to_text(added) + ",\n";
  out += "\"model\": {";
  for (const auto& [name, value] : parts.sections.at("model").items()) {
    append_quoted(out, name);
    out += ":" + to_text(value) + ",";
  }
  out += "\n\"vocab\":" + vocab_text(parts);
  if (parts.sections.at("model").value("type", "") == "BPE") {
    out += ",\n\"merges\":[";
    for (size_t i = 0; i < parts.merges.size(); ++i) {
      if (i) out += ",";
      append_quoted(out,
                    parts.tokens[size_t(parts.merges[i].left)] + " " + parts.tokens[size_t(parts.merges[i].right)]);
    }
    out += "]";
  }
  return out + "}\n}\n";
}

TokenizerParts read_gpt2_files(const fs::path& vocab_json, const fs::path& merges_txt) {
  Reader reader(vocab_json.string(), true);
  parse(read_file(vocab_json), reader);
  const std::string text = read_file(merges_txt);
  LineReader lines(text);
  for (std::string_view row; lines.next(row);) {
    const auto line = lines.number();
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (row.empty() || (line == 1 && row.starts_with("#version"))) continue;
    const auto space = row.find(' ');
    require("tokenizer", space != row.npos && space > 0 && row.find(' ', space + 1) == row.npos, merges_txt.string(),
            ":", line, ": merge is '", row.substr(0, 100), "', expected two tokens with a space between");
    require("tokenizer", reader.merges.size() < kMaxMerges, merges_txt.string(), " holds over ", kMaxMerges, " merges");
    reader.merges.emplace_back(row.substr(0, space), row.substr(space + 1));
  }
  TokenizerParts parts = assemble(std::move(reader), vocab_json.string());
  parts.sections = byte_level_sections(kGpt2Pattern);
  for (size_t id = 0; id < parts.tokens.size(); ++id)
    if (parts.tokens[id].starts_with("<|") && parts.tokens[id].ends_with("|>"))
      parts.added.push_back({parts.tokens[id], int32_t(id)});
  return parts;
}

void write_gpt2_files(const TokenizerParts& parts, const fs::path& folder) {
  fs::create_directories(folder);
  write_file_atomic(folder / "vocab.json", vocab_text(parts) + "\n");
  std::string merges = "#version: 0.2\n";
  for (const auto& merge : parts.merges)
    merges += parts.tokens[size_t(merge.left)] + " " + parts.tokens[size_t(merge.right)] + "\n";
  write_file_atomic(folder / "merges.txt", merges);
}

}  // namespace ingot
