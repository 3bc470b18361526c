#include "ingot/data/quality.h"

#include <algorithm>
#include <bit>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/lines.h"

namespace ingot {
namespace {

enum AsciiClass : uint8_t { kAsciiOther, kAsciiLetter, kAsciiDigit };
constexpr auto kAscii = [] {
  std::array<uint8_t, 128> classes{};
  for (int c = '0'; c <= '9'; ++c) classes[size_t(c)] = kAsciiDigit;
  for (int c = 'A'; c <= 'Z'; ++c) classes[size_t(c)] = classes[size_t(c + 32)] = kAsciiLetter;
  return classes;
}();

constexpr uint64_t kFnvOffset = 0xCBF29CE484222325, kFnvPrime = 0x100000001B3;  // FNV-1a, 64 bits

struct NgramCounts {
  int64_t total = 0;
  int64_t most = 0;     // of the most frequent n-gram
  int64_t repeats = 0;  // n-grams that occurred before
};

// Counts n-grams of words by a rolling hash in an open table at most half full; the table is reused by the thread.
NgramCounts count_ngrams(const std::vector<uint64_t>& words, size_t n) {
  NgramCounts counts;
  if (words.size() < n) return counts;
  struct Slot {
    uint64_t gram;
    int64_t count;
  };
  thread_local std::vector<Slot> table;
  const int bits = std::bit_width(2 * words.size());
  table.assign(size_t{1} << bits, {0, 0});
  uint64_t power = 1, rolling = 0;
  for (size_t i = 1; i < n; ++i) power *= kFnvPrime;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i >= n) rolling -= words[i - n] * power;
    rolling = rolling * kFnvPrime + words[i];
    if (i + 1 < n) continue;
    // Fibonacci hashing: the product's top bits.
    for (size_t at = size_t(rolling * 0x9E3779B97F4A7C15 >> (64 - bits));; at = (at + 1) & (table.size() - 1)) {
      Slot& slot = table[at];
      if (slot.count > 0 && slot.gram != rolling) continue;
      counts.repeats += slot.count > 0;
      slot = {rolling, slot.count + 1};
      counts.most = std::max(counts.most, slot.count);
      break;
    }
    ++counts.total;
  }
  return counts;
}

struct LineShares {
  double bullets = 0, ellipses = 0, duplicates = 0, duplicate_bytes = 0;
};

LineShares line_shares(std::string_view text) {
  std::vector<std::pair<uint64_t, uint32_t>> lines;  // hash, bytes
  int64_t bullets = 0, ellipses = 0, bytes = 0;
  LineReader reader(text);
  for (std::string_view line; reader.next(line);) {
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    if (line.empty()) continue;
    for (const std::string_view bullet : {"•", "‣", "●", "-", "*"}) bullets += line.starts_with(bullet);
    ellipses += line.ends_with("...") || line.ends_with("…");
    lines.emplace_back(xxh3(line.data(), line.size()), uint32_t(std::min<size_t>(line.size(), UINT32_MAX)));
    bytes += int64_t(line.size());
  }
  if (lines.empty()) return {};
  std::sort(lines.begin(), lines.end());
  int64_t duplicates = 0, duplicate_bytes = 0;
  for (size_t i = 1; i < lines.size(); ++i)
    if (lines[i] == lines[i - 1]) ++duplicates, duplicate_bytes += lines[i].second;
  const double n = double(lines.size());
  return {double(bullets) / n, double(ellipses) / n, double(duplicates) / n, double(duplicate_bytes) / double(bytes)};
}

}  // namespace

std::vector<std::string> QualityConfig::validate() const {
  Problems problems;
  if (min_words < 0 || min_words > max_words)
    problems.push_back("min_words: got " + std::to_string(min_words) + ", expected 0 to max_words " +
                       std::to_string(max_words));
  const std::pair<const char*, double> shares[] = {{"max_bullet_lines", max_bullet_lines},
                                                   {"max_ellipsis_lines", max_ellipsis_lines},
                                                   {"min_alphabetic", min_alphabetic},
                                                   {"max_duplicate_lines", max_duplicate_lines},
                                                   {"max_duplicate_bytes", max_duplicate_bytes},
                                                   {"max_top_4gram", max_top_4gram},
                                                   {"max_duplicate_10gram", max_duplicate_10gram},
                                                   {"max_replacement", max_replacement}};
  for (const auto& [name, value] : shares)
    if (!(value >= 0 && value <= 1))
      problems.push_back(std::string(name) + ": got " + std::to_string(value) + ", expected 0 to 1");
  return problems;
}

TextFeatures text_features(std::string_view text) {
  TextFeatures f;
  f.words.reserve(text.size() / 6 + 1);
  uint64_t hash = kFnvOffset;
  int64_t length = 0;  // characters of the word at hand
  bool has_letter = false;
  int64_t latin = 0;
  const auto end_word = [&] {
    if (length == 0) return;
    f.words.push_back(hash);
    f.word_characters += length;
    f.alphabetic_words += has_letter;
    hash = kFnvOffset;
    length = 0;
    has_letter = false;
  };
  for (size_t at = 0; at < text.size();) {
    const uint8_t byte = uint8_t(text[at]);
    if (byte < 128) {
      ++at;
      ++f.characters;
      if (const uint8_t kind = kAscii[byte]; kind != kAsciiOther) {
        hash = (hash ^ (kind == kAsciiLetter ? byte | 0x20 : byte)) * kFnvPrime;
        ++length;
        latin += kind == kAsciiLetter;
        has_letter |= kind == kAsciiLetter;
        continue;
      }
      end_word();
      if (byte == '#') ++f.hashes;
      if (byte == '.' && text.substr(at, 2) == ".." && (at < 2 || text[at - 2] != '.')) ++f.ellipses;
      continue;
    }
    const Decoded c = decode_utf8(text, at);
    at += std::max(c.size, 1u);
    ++f.characters;
    const uint8_t flags = c.size ? character_flags(c.code_point) : 0;
    if (!(flags & kLetter)) {
      end_word();
      f.ellipses += c.code_point == 0x2026;
      f.replacements += c.code_point == 0xFFFD;
      continue;
    }
    if (flags & kNoSpaces) end_word();
    hash = (hash ^ c.code_point) * kFnvPrime;
    ++length;
    has_letter = true;
    ++f.scripts[size_t(script_of(c.code_point))];
    if (flags & kNoSpaces) {
      ++f.unspaced_words;
      end_word();
    }
  }
  end_word();
  f.scripts[size_t(Script::Latin)] += latin;
  return f;
}

std::string quality_problem(const QualityConfig& config, std::string_view text, const TextFeatures& f) {
  if (!config.enabled) return "";
  const auto num_words = int64_t(f.words.size());
  const double n = double(std::max<int64_t>(num_words, 1));
  if (num_words < config.min_words) return "min_words";
  if (num_words > config.max_words) return "max_words";
  if (double(f.replacements) > config.max_replacement * double(f.characters)) return "max_replacement";
  if (f.unspaced_words * 2 < num_words) {
    const double length = double(f.word_characters) / n;
    if (length < config.min_word_length) return "min_word_length";
    if (length > config.max_word_length) return "max_word_length";
  }
  if (double(f.hashes) / n > config.max_symbols || double(f.ellipses) / n > config.max_symbols) return "max_symbols";
  if (double(f.alphabetic_words) / n < config.min_alphabetic) return "min_alphabetic";
  const LineShares lines = line_shares(text);
  if (lines.bullets > config.max_bullet_lines) return "max_bullet_lines";
  if (lines.ellipses > config.max_ellipsis_lines) return "max_ellipsis_lines";
  if (lines.duplicates > config.max_duplicate_lines) return "max_duplicate_lines";
  if (lines.duplicate_bytes > config.max_duplicate_bytes) return "max_duplicate_bytes";
  const NgramCounts four = count_ngrams(f.words, 4);
  if (four.most > 1 && double(four.most) * 4 / n > config.max_top_4gram) return "max_top_4gram";
  const NgramCounts ten = count_ngrams(f.words, 10);
  if (double(ten.repeats) > config.max_duplicate_10gram * double(ten.total)) return "max_duplicate_10gram";
  return "";
}

}  // namespace ingot
