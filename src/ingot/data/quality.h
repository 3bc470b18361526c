// Quality filters that do not know the language: the rules of Gopher (Rae et al. 2021, "Scaling Language Models",
// Appendix A1.1 "MassiveText") with these changes: a character of a script written without spaces counts as a word,
// such texts are exempt from the word-length rule, English stop words are not asked for, the word minimum is lower
// (short encyclopedic entries and manual pages are good text), and a rule on U+FFFD is added.
// C4's rules (Raffel et al. 2020, section 2.2) on terminal punctuation, braces and word lists are left out: they
// are about English web pages and would drop code, lists and most other languages.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/data/characters.h"

namespace ingot {

struct QualityConfig {
  bool enabled = true;
  int64_t min_words = 20;
  int64_t max_words = 1000000;
  double min_word_length = 3;
  double max_word_length = 10;
  double max_symbols = 0.1;
  double max_bullet_lines = 0.9;
  double max_ellipsis_lines = 0.3;
  double min_alphabetic = 0.8;
  double max_duplicate_lines = 0.3;
  double max_duplicate_bytes = 0.2;
  double max_top_4gram = 0.16;
  double max_duplicate_10gram = 0.3;
  double max_replacement = 0.01;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("enabled", self.enabled, "apply the rules below; each drops a document");
    v("min_words", self.min_words, "fewest words (Gopher: 50)");
    v("max_words", self.max_words, "most words (Gopher: 100,000)");
    v("min_word_length", self.min_word_length, "least mean word length, in characters (Gopher: 3)");
    v("max_word_length", self.max_word_length, "greatest mean word length (Gopher: 10)");
    v("max_symbols", self.max_symbols, "greatest ratio of '#' and of ellipses to words (Gopher: 0.1)");
    v("max_bullet_lines", self.max_bullet_lines, "greatest share of lines that begin with a bullet (Gopher: 0.9)");
    v("max_ellipsis_lines", self.max_ellipsis_lines, "greatest share of lines that end with an ellipsis (Gopher: 0.3)");
    v("min_alphabetic", self.min_alphabetic, "least share of words with a letter (Gopher: 0.8)");
    v("max_duplicate_lines", self.max_duplicate_lines,
      "greatest share of lines that repeat an earlier one (Gopher: 0.3)");
    v("max_duplicate_bytes", self.max_duplicate_bytes, "greatest share of bytes in such lines (Gopher: 0.2)");
    v("max_top_4gram", self.max_top_4gram,
      "greatest share of words in the most frequent 4-gram (Gopher: 0.16 of characters)");
    v("max_duplicate_10gram", self.max_duplicate_10gram,
      "greatest share of 10-grams that repeat (Gopher: 0.1 of characters)");
    v("max_replacement", self.max_replacement, "greatest share of U+FFFD among characters (ours)");
  }
  std::vector<std::string> validate() const;
};

// One pass over a text: its words, hashed without regard to ASCII case, and the counts that the rules ask for.
struct TextFeatures {
  std::vector<uint64_t> words;
  int64_t characters = 0;
  int64_t word_characters = 0;
  int64_t alphabetic_words = 0;                // with a letter, not digits alone
  int64_t unspaced_words = 0;                  // of scripts written without spaces
  int64_t hashes = 0;                          // '#'
  int64_t ellipses = 0;                        // "..." and U+2026
  int64_t replacements = 0;                    // U+FFFD
  std::array<int64_t, kNumScripts> scripts{};  // letters
};
TextFeatures text_features(std::string_view text);

// The name of the first rule that `text` breaks ("min_words", ...), or "" when it passes.
std::string quality_problem(const QualityConfig& config, std::string_view text, const TextFeatures& features);

}  // namespace ingot
