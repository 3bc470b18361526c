#include "ingot/data/tokenizer_train.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "ingot/data/bpe_train.h"
#include "ingot/data/pretokenize.h"
#include "ingot/data/sentence_piece.h"
#include "ingot/data/sentence_piece_module.h"
#include "ingot/data/tokenizer_parts.h"
#include "ingot/data/word_level.h"
#include "ingot/data/wordpiece.h"

namespace ingot {
namespace {

constexpr size_t kMaxWordBytes = 256;  // a longer word (base64, a rule of dashes) is counted in pieces

const std::vector<std::string> kKinds = {"bpe", "wordpiece", "sentencepiece", "char", "word"};

std::vector<std::string> special_tokens(const TokenizerTrainConfig& config) {
  if (config.special_tokens) return *config.special_tokens;
  if (config.kind == "bpe") return {"<|endoftext|>"};
  if (config.kind == "wordpiece") return {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  if (config.kind == "word") return {"<pad>", "<unk>"};
  return {};
}

void add_specials(TokenizerParts& parts, const std::vector<std::string>& specials) {
  for (const auto& text : specials) {
    const auto known = std::find(parts.tokens.begin(), parts.tokens.end(), text);
    require("tokenizer", known == parts.tokens.end(), "special token '", text, "' is a token of the text as well");
    parts.added.push_back({text, int32_t(parts.tokens.size())});
    parts.tokens.push_back(text);
  }
}

// Names the results of merges; two merges may spell one token.
class Spellings {
 public:
  explicit Spellings(std::vector<std::string>& tokens, std::string prefix = "")
      : tokens_(tokens), prefix_(std::move(prefix)) {
    for (size_t id = 0; id < tokens.size(); ++id) ids_.emplace(tokens[id], int32_t(id));
  }
  int32_t find_or_add(const Merge& merge) {
    std::string_view right = tokens_[size_t(merge.right)];
    if (!prefix_.empty()) right.remove_prefix(prefix_.size());
    std::string token = tokens_[size_t(merge.left)] + std::string(right);
    const auto [known, is_new] = ids_.emplace(token, int32_t(tokens_.size()));
    if (!is_new) return known->second;
    tokens_.push_back(std::move(token));
    return -1;
  }

 private:
  std::vector<std::string>& tokens_;
  std::string prefix_;
  std::unordered_map<std::string, int32_t> ids_;
};

void add_in_pieces(WordCounts& counts, std::string_view word) {
  for (; word.size() > kMaxWordBytes; word.remove_prefix(kMaxWordBytes)) counts.add(word.substr(0, kMaxWordBytes));
  counts.add(word);
}

TokenizerParts train_bpe(const TokenizerTrainConfig& config, const TextStream& texts, const TrainProgress& progress) {
  const std::string_view pattern = config.pattern == "gpt2"     ? kGpt2Pattern
                                   : config.pattern == "cl100k" ? kCl100kPattern
                                   : config.pattern == "o200k"  ? kO200kPattern
                                                                : std::string_view(config.pattern);
  TokenizerParts parts;
  parts.sections = byte_level_sections(pattern);
  const PreTokenizer pre_tokenizer(parts.sections["pre_tokenizer"]);
  const auto words = count_words(
      texts,
      [&](const std::string& text, WordCounts& counts) {
        pre_tokenizer.each(text, [&](std::string_view word) { add_in_pieces(counts, word); });
      },
      config.threads, progress);

  // Bytes first, in GPT-2's order: by their spelling.
  std::vector<int> bytes(256);
  std::iota(bytes.begin(), bytes.end(), 0);
  std::sort(bytes.begin(), bytes.end(),
            [](int a, int b) { return byte_spelling(uint8_t(a)) < byte_spelling(uint8_t(b)); });
  std::vector<int32_t> id_of_byte(256);
  for (size_t id = 0; id < 256; ++id) {
    id_of_byte[size_t(bytes[id])] = int32_t(id);
    parts.tokens.push_back(bytes_to_spelling(std::string(1, char(bytes[id]))));
  }
  std::vector<CountedWord> counted;
  counted.reserve(words.size());
  for (const auto& [word, count] : words) {
    counted.push_back({{}, count});
    for (const char b : word) counted.back().symbols.push_back(id_of_byte[uint8_t(b)]);
  }
  const auto specials = special_tokens(config);
  Spellings spellings(parts.tokens);
  parts.merges = learn_merges(
      counted, 256, config.vocab_size - 256 - int64_t(specials.size()), config.min_frequency,
      [&](const Merge& merge) { return spellings.find_or_add(merge); }, progress);
  add_specials(parts, specials);
  return parts;
}

// As Hugging Face's WordPieceTrainer: BPE over characters, those inside a word spelled "##c"; the merges are dropped
// and encoding is by longest match.
TokenizerParts train_wordpiece(const TokenizerTrainConfig& config, const TextStream& texts,
                               const TrainProgress& progress) {
  TokenizerParts parts;
  parts.sections = bert_sections(config.lowercase, "[UNK]");
  const Normalizer normalizer(parts.sections["normalizer"]);
  const auto words = count_words(
      texts,
      [&](const std::string& text, WordCounts& counts) {
        each_bert_word(normalizer.apply(text), [&](std::string_view word) { add_in_pieces(counts, word); });
      },
      config.threads, progress);

  std::unordered_map<std::string_view, int64_t> character_counts;
  for (const auto& [word, count] : words)
    for (const auto character : characters(word)) character_counts[character] += count;
  std::vector<std::pair<int64_t, std::string_view>> ranked;
  for (const auto& [character, count] : character_counts)
    if (is_valid_utf8(character)) ranked.emplace_back(-count, character);
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min(ranked.size(), size_t(config.max_characters)));
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second < b.second; });

  add_specials(parts, special_tokens(config));
  std::unordered_map<std::string_view, int32_t> starts, continuations;
  for (const auto& [count, character] : ranked) {
    starts[character] = int32_t(parts.tokens.size());
    parts.tokens.emplace_back(character);
  }
  for (const auto& [count, character] : ranked) {
    continuations[character] = int32_t(parts.tokens.size());
    parts.tokens.push_back("##" + std::string(character));
  }
  const auto num_characters = int32_t(parts.tokens.size());
  require("tokenizer", num_characters <= config.vocab_size, "vocab_size is ", config.vocab_size,
          ", expected at least the ", num_characters, " of the control tokens and characters; lower max_characters");
  std::vector<CountedWord> counted;
  counted.reserve(words.size());
  for (const auto& [word, count] : words) {
    counted.push_back({{}, count});
    for (const auto character : characters(word)) {
      const auto& table = counted.back().symbols.empty() ? starts : continuations;
      if (const auto found = table.find(character); found != table.end())
        counted.back().symbols.push_back(found->second);
    }
  }
  Spellings spellings(parts.tokens, "##");
  learn_merges(
      counted, num_characters, config.vocab_size - num_characters, config.min_frequency,
      [&](const Merge& merge) { return spellings.find_or_add(merge); }, progress);
  return parts;
}

TokenizerParts train_units(const TokenizerTrainConfig& config, const TextStream& texts, const TrainProgress& progress) {
  const bool is_char = config.kind == "char";
  const auto specials = special_tokens(config);
  const bool has_unknown = std::find(specials.begin(), specials.end(), "<unk>") != specials.end();
  TokenizerParts parts;
  parts.sections = is_char ? character_sections() : word_sections(config.lowercase);
  if (has_unknown) parts.sections["model"]["unk_token"] = "<unk>";
  const Normalizer normalizer(parts.sections["normalizer"]);
  const PreTokenizer pre_tokenizer(parts.sections["pre_tokenizer"]);
  auto units = count_words(
      texts,
      [&](const std::string& text, WordCounts& counts) {
        pre_tokenizer.each(normalizer.empty() ? text : normalizer.apply(text),
                           [&](std::string_view unit) { counts.add(unit); });
      },
      config.threads, progress);
  std::erase_if(units, [](const auto& unit) { return !is_valid_utf8(unit.first); });  // JSON cannot spell them
  if (is_char) {
    for (auto& [unit, count] : units) parts.tokens.push_back(std::move(unit));  // by code point, as nanoGPT has it
    add_specials(parts, specials);
    return parts;
  }
  std::stable_sort(units.begin(), units.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  add_specials(parts, specials);
  for (auto& [unit, count] : units)
    if (count >= config.min_frequency && int64_t(parts.tokens.size()) < config.vocab_size)
      parts.tokens.push_back(std::move(unit));
  return parts;
}

std::unique_ptr<Tokenizer> train_sentencepiece(const TokenizerTrainConfig& config, const TextStream& texts,
                                               const TrainProgress& progress) {
  std::string text, model;
  size_t begin = 0;
  int64_t bytes = 0;
  const auto next_line = [&](std::string& line) {
    do {
      while (begin >= text.size()) {
        if (!texts(text)) return false;
        begin = 0;
        bytes += int64_t(text.size());
        if (progress) progress("words", bytes, 0);
      }
      const size_t end = std::min(text.find('\n', begin), text.size());
      line = text.substr(begin, end - begin);
      begin = end + 1;
    } while (line.empty());
    return true;
  };
  const auto problem = sentence_piece_module().train({{"vocab_size", std::to_string(config.vocab_size)},
                                                      {"model_type", "unigram"},
                                                      {"byte_fallback", "true"},
                                                      {"hard_vocab_limit", "false"},
                                                      {"num_threads", "1"},  // its EM sums depend on threads
                                                      {"minloglevel", "2"}},
                                                     next_line, model);
  require("tokenizer", problem.empty(), "sentencepiece cannot train: ", problem);
  return std::make_unique<SentencePiece>(std::move(model), "trained model");
}

}  // namespace

Problems TokenizerTrainConfig::validate() const {
  Problems problems;
  if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end())
    problems.push_back("kind is '" + kind + "'" + suggest(kind, kKinds));
  const auto specials = ::ingot::special_tokens(*this);
  const int64_t least = kind == "bpe" ? 256 + int64_t(specials.size()) : int64_t(specials.size()) + 1;
  if (vocab_size < least || vocab_size > 1'000'000)
    problems.push_back("vocab_size is " + std::to_string(vocab_size) + ", expected " + std::to_string(least) +
                       " to 1000000 for kind " + kind);
  if (min_frequency < 1) problems.push_back("min_frequency is " + std::to_string(min_frequency) + ", expected >= 1");
  if (max_characters < 1) problems.push_back("max_characters is " + std::to_string(max_characters) + ", expected >= 1");
  if (threads < 0 || threads > 1024)
    problems.push_back("threads is " + std::to_string(threads) + ", expected 0 (all cores) to 1024");
  if (kind == "wordpiece" && std::find(specials.begin(), specials.end(), "[UNK]") == specials.end())
    problems.push_back("special_tokens lack [UNK], which wordpiece needs");
  if (kind == "sentencepiece" && special_tokens && !special_tokens->empty())
    problems.push_back("special_tokens are not for sentencepiece, which brings <unk>, <s> and </s>");
  for (size_t i = 0; i < specials.size(); ++i)
    if (specials[i].empty() || std::count(specials.begin(), specials.end(), specials[i]) > 1)
      problems.push_back("special_tokens[" + std::to_string(i) + "] is '" + specials[i] +
                         "', expected texts that differ and are not empty");
  return problems;
}

std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerTrainConfig& config, const TextStream& texts,
                                           const TrainProgress& progress) {
  throw_if_any("tokenizer", config.validate());
  if (config.kind == "sentencepiece") return train_sentencepiece(config, texts, progress);
  TokenizerParts parts = config.kind == "bpe"         ? train_bpe(config, texts, progress)
                         : config.kind == "wordpiece" ? train_wordpiece(config, texts, progress)
                                                      : train_units(config, texts, progress);
  require("tokenizer", !parts.tokens.empty(), "the text is empty, expected at least one word");
  return make_tokenizer(std::move(parts));
}

}  // namespace ingot
