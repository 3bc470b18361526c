#include "ingot/data/word_level.h"

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {
namespace {

Json sections(Json normalizer, Json pre_tokenizer, Json decoder) {
  return {{"version", "1.0"},         {"truncation", nullptr},           {"padding", nullptr},
          {"normalizer", normalizer}, {"pre_tokenizer", pre_tokenizer},  {"post_processor", nullptr},
          {"decoder", decoder},       {"model", {{"type", "WordLevel"}}}};
}

}  // namespace

Json character_sections() {
  return sections(nullptr,
                  {{"type", "Split"},
                   {"pattern", {{"Regex", std::string(kAnyCharacterPattern)}}},
                   {"behavior", "Isolated"},
                   {"invert", false}},
                  {{"type", "Fuse"}});
}

Json word_sections(bool lowercase) {
  return sections(lowercase ? Json{{"type", "Lowercase"}} : Json(), {{"type", "Whitespace"}}, nullptr);
}

WordLevel::WordLevel(TokenizerParts parts) : parts_(std::move(parts)) {
  const auto section = [&](const char* name) { return parts_.sections.value(name, Json()); };
  normalizer_ = Normalizer(section("normalizer"));
  pre_tokenizer_ = PreTokenizer(section("pre_tokenizer"));
  const Json decoder = section("decoder");
  characters_ = decoder.is_object() && decoder.value("type", Json()) == "Fuse";
  for (size_t id = 0; id < parts_.tokens.size(); ++id)
    if (!parts_.tokens[id].empty()) ids_.emplace(parts_.tokens[id], int32_t(id));
  if (const Json unknown = parts_.sections.at("model").value("unk_token", Json()); unknown.is_string()) {
    unknown_ = id_of(unknown.get<std::string>());
    require("tokenizer", unknown_.has_value(), "model.unk_token ", to_text(unknown), " is not in the vocabulary");
  }
  set_added_tokens(parts_.added);
}

std::optional<int32_t> WordLevel::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const std::string& WordLevel::token(int32_t id) const {
  if (id < 0 || size_t(id) >= parts_.tokens.size() || parts_.tokens[size_t(id)].empty()) fail_id(id);
  return parts_.tokens[size_t(id)];
}

std::string WordLevel::token_bytes(int32_t id) const {
  return characters_ || find_added(id) ? token(id) : " " + token(id);
}

std::string WordLevel::decode(std::span<const int32_t> ids) const {
  std::string out;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i > 0 && !characters_) out += ' ';
    out += token(ids[i]);
  }
  return out;
}

void WordLevel::encode_ordinary(std::string_view text, std::vector<int32_t>& ids) const {
  const std::string normal = normalizer_.empty() ? std::string() : normalizer_.apply(text);
  pre_tokenizer_.each(normalizer_.empty() ? text : normal, [&](std::string_view unit) {
    const auto found = ids_.find(unit);
    if (found == ids_.end())
      require("tokenizer", unknown_.has_value(), to_text(Json(std::string(unit.substr(0, 100)))),
              " is not in this vocabulary of ", ids_.size(), " ", kind(),
              "s and it has no unknown token; use text of the kind it was trained on, or train a bpe");
    ids.push_back(found == ids_.end() ? *unknown_ : found->second);
  });
}

void WordLevel::save(const fs::path& folder) const {
  fs::create_directories(folder);
  write_file_atomic(folder / "tokenizer.json", tokenizer_json_text(parts_));
}

}  // namespace ingot
