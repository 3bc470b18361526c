#include <algorithm>
#include <charconv>
#include <unordered_map>

#include <openssl/evp.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/lines.h"
#include "ingot/data/pretokenize.h"
#include "ingot/data/tokenizer_parts.h"

namespace ingot {
namespace {

// openai/tiktoken, tiktoken_ext/openai_public.py.
struct Encoding {
  std::string_view name;
  size_t num_ranks;
  std::string_view pattern;
  std::vector<AddedToken> control;
};

const std::vector<Encoding>& encodings() {
  static const std::vector<Encoding> list = {
      {"r50k_base", 50256, kGpt2Pattern, {{"<|endoftext|>", 50256}}},
      {"gpt2", 50256, kGpt2Pattern, {{"<|endoftext|>", 50256}}},
      {"p50k_base", 50280, kGpt2Pattern, {{"<|endoftext|>", 50256}}},
      {"cl100k_base",
       100256,
       kCl100kPattern,
       {{"<|endoftext|>", 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}}},
      {"o200k_base", 199998, kO200kPattern, {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
  };
  return list;
}

std::string from_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), int(text.size()));
  if (size < 0 || text.size() % 4) return {};
  out.resize(size_t(size) -
             size_t(std::count(text.end() - std::min<ptrdiff_t>(2, ptrdiff_t(text.size())), text.end(), '=')));
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out(bytes.size() / 3 * 4 + 5, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()), int(bytes.size()));
  out.resize(size_t(size));
  return out;
}

}  // namespace

TokenizerParts read_tiktoken(const fs::path& path) {
  const std::string text = read_file(path);
  std::vector<std::string> tokens;  // bytes, by rank
  std::unordered_map<std::string, int32_t> ids;
  size_t num_ranks = 0;
  LineReader reader(text);
  for (std::string_view row; reader.next(row);) {
    const auto line = reader.number();
    if (row.empty()) continue;
    const auto space = row.find(' ');
    int64_t rank = -1;
    std::string bytes;
    if (space != row.npos && space < 100'000) {
      bytes = from_base64(row.substr(0, space));
      std::string_view digits = row.substr(space + 1);
      if (digits.ends_with('\r')) digits.remove_suffix(1);
      const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
      if (error != std::errc() || stop != digits.data() + digits.size()) rank = -1;
    }
    require("tokenizer", !bytes.empty() && rank >= 0 && rank < (1 << 22), path.string(), ":", line, ": got '",
            row.substr(0, 80), "', expected a token in base64, a space and its rank");
    if (size_t(rank) >= tokens.size()) tokens.resize(size_t(rank) + 1);
    require("tokenizer", tokens[size_t(rank)].empty(), path.string(), ":", line, ": rank ", rank, " is given twice");
    require("tokenizer", ids.emplace(bytes, int32_t(rank)).second, path.string(), ":", line, ": the token of rank ",
            rank, " is given twice");
    tokens[size_t(rank)] = std::move(bytes);
    ++num_ranks;
  }
  require("tokenizer", num_ranks > 0, path.string(), " holds no rank");

  const Encoding* encoding = nullptr;
  for (const auto& known : encodings())
    if (path.stem() == known.name || (!encoding && num_ranks == known.num_ranks)) encoding = &known;
  TokenizerParts parts;
  parts.sections = byte_level_sections(encoding ? encoding->pattern : kGpt2Pattern);
  parts.sections["model"]["ignore_merges"] = true;
  // tiktoken merges any two neighbours that make a token together, the least rank first: all its splits are merges.
  for (size_t rank = 0; rank < tokens.size(); ++rank) {
    const auto& token = tokens[rank];
    for (size_t cut = 1; cut < token.size(); ++cut) {
      const auto left = ids.find(token.substr(0, cut));
      if (left == ids.end()) continue;
      const auto right = ids.find(token.substr(cut));
      if (right != ids.end()) parts.merges.push_back({left->second, right->second, int32_t(rank)});
    }
    require("tokenizer", parts.merges.size() < 4'000'000, path.string(), " makes over 4 million merges");
  }
  for (const auto& token : tokens) parts.tokens.push_back(bytes_to_spelling(token));
  if (encoding) {
    for (const auto& token : encoding->control) {
      if (size_t(token.id) >= parts.tokens.size()) parts.tokens.resize(size_t(token.id) + 1);
      require("tokenizer", parts.tokens[size_t(token.id)].empty(), path.string(), ": rank ", token.id,
              " is a token of the file, expected it free for ", token.text, " of ", encoding->name);
      parts.tokens[size_t(token.id)] = token.text;
      parts.added.push_back(token);
    }
  }
  return parts;
}

void write_tiktoken(const TokenizerParts& parts, const fs::path& path) {
  std::vector<bool> is_added(parts.tokens.size());
  for (const auto& token : parts.added) is_added[size_t(token.id)] = true;
  int32_t last = -1;
  for (const auto& merge : parts.merges) {
    if (merge.result < last || merge.left >= merge.result || merge.right >= merge.result)
      fail(ErrorKind::Unsupported, "tokenizer", "merge into token ", merge.result,
           " comes behind the merge into token ", last,
           ": a tiktoken file needs merges in the order of their ids; write tokenizer.json instead");
    last = merge.result;
  }
  std::string out;
  for (size_t id = 0; id < parts.tokens.size(); ++id) {
    if (is_added[id] || parts.tokens[id].empty()) continue;
    const auto bytes = spelling_to_bytes(parts.tokens[id]);
    if (!bytes)
      fail(ErrorKind::Unsupported, "tokenizer", "token '", parts.tokens[id], "' is not a byte-level BPE token");
    out += to_base64(*bytes) + " " + std::to_string(id) + "\n";
  }
  write_file_atomic(path, out);
}

}  // namespace ingot
