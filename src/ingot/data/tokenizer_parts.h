// The parts of a tokenizer as tokenizer.json spells them. Every reader and trainer fills one, every kind is made from
// one, and save() writes one: there is no second form.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ingot/base/json.h"
#include "ingot/data/tokenizer.h"

namespace ingot {

struct Merge {
  int32_t left = 0, right = 0, result = 0;
};

struct TokenizerParts {
  // Everything of tokenizer.json but model.vocab, model.merges and added_tokens. Needs model.type.
  Json sections = Json::object();
  std::vector<std::string> tokens;  // by id, as spelled in the file; "" = no token has this id
  std::vector<Merge> merges;        // most urgent first
  std::vector<AddedToken> added;    // their texts are in `tokens` too
};

// Parses tokenizer.json in time linear in its size. Throws InvalidArgument for malformed or inconsistent contents: ids
// given twice or left out, a merge of or into an unknown token, more than a million merges, nesting over 64 levels.
TokenizerParts parse_tokenizer_json(std::string_view text, std::string_view origin);
std::string tokenizer_json_text(const TokenizerParts& parts);

// vocab.json + merges.txt of GPT-2 (also named encoder.json + vocab.bpe).
TokenizerParts read_gpt2_files(const std::filesystem::path& vocab_json, const std::filesystem::path& merges_txt);
// Requires a BPE. Writes vocab.json and merges.txt into `folder`.
void write_gpt2_files(const TokenizerParts& parts, const std::filesystem::path& folder);

// OpenAI's rank files. The split pattern and control tokens are not in the file: they follow its name (r50k_base,
// p50k_base, gpt2, cl100k_base, o200k_base), else its number of ranks, else GPT-2's pattern and no control token.
TokenizerParts read_tiktoken(const std::filesystem::path& path);
// Throws Unsupported where ranks alone cannot say which merges exist.
void write_tiktoken(const TokenizerParts& parts, const std::filesystem::path& path);

// BERT's vocab.txt, one token a line. The file does not say whether its model is uncased: tokenizer_config.json beside
// it does (do_lower_case); without that file a vocabulary without capital letters is taken as uncased.
TokenizerParts read_wordpiece_vocab(const std::filesystem::path& path);

std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts);

// GPT-2's spelling of bytes as printable characters ("Ġ" is a space).
std::string bytes_to_spelling(std::string_view bytes);
// Nothing when `spelling` holds a character outside of the 256.
std::optional<std::string> spelling_to_bytes(std::string_view spelling);
// The character that spells `byte`.
char32_t byte_spelling(uint8_t byte);

Json byte_level_sections(std::string_view pattern);  // normalizer, pre_tokenizer, decoder and model of a byte-level BPE
Json bert_sections(bool lowercase, std::string_view unknown);

}  // namespace ingot
