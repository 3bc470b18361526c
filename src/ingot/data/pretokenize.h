// Cuts text into the pieces ("words") inside which a tokenizer's model works.
// GPT-2's and cl100k's patterns are cut by hand-written code that equals PCRE2 on them (tests/data/pretokenize_test.cpp
// compares both on random text); every other pattern runs in PCRE2.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/json.h"
#include "ingot/data/unicode.h"

namespace ingot {

// Radford et al. 2019 (GPT-2 encoder.py), and OpenAI's cl100k_base; Llama 3 and Qwen 2 use the latter's form.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kCl100kPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kO200kPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kAnyCharacterPattern = R"([\s\S])";

using Emit = std::function<void(std::string_view piece)>;

// A pattern compiled by PCRE2 (JIT). \s means White_Space as in Rust's and Oniguruma's engines, $ the very end.
class Regex {
 public:
  explicit Regex(const std::string& pattern);  // Throws InvalidArgument
  // Calls `emit` for every match (matched true) and for the text between matches. Empty matches are skipped. Throws
  // InvalidArgument when the pattern needs more than PCRE2's match limit.
  void each(std::string_view text, const std::function<void(std::string_view, bool matched)>& emit) const;

 private:
  std::string pattern_;
  std::shared_ptr<void> code_;  // pcre2_code
};

// Length in bytes of the next piece of [p, end), p < end.
size_t next_gpt2(const char* p, const char* end);
size_t next_cl100k(const char* p, const char* end, int max_digits);

// The splitting steps of a tokenizer.json "pre_tokenizer", ByteLevel's mapping of bytes excepted.
class PreTokenizer {
 public:
  PreTokenizer() = default;
  // Throws Unsupported for a type that Ingot does not have.
  explicit PreTokenizer(const Json& config);

  // Pieces in order, views into `text`.
  template <typename F>
  void each(std::string_view text, F&& emit) const {
    const char* p = text.data();
    const char* const end = p + text.size();
    if (steps_.empty()) {
      if (p < end) emit(text);
    } else if (steps_.size() > 1 || steps_[0].kind == Kind::Pattern) {
      each_general(text, 0, emit);
    } else {
      while (p < end) {
        const size_t n = next(steps_[0], p, end);
        emit(std::string_view(p, n));
        p += n;
      }
    }
  }
  bool is_byte_level() const { return byte_level_; }
  bool adds_prefix_space() const { return prefix_space_; }

 private:
  enum class Kind { Gpt2, Cl100k, Character, Pattern };
  struct Step {
    Kind kind = Kind::Pattern;
    int max_digits = 3;  // of Cl100k
    std::shared_ptr<Regex> regex;
    bool keep_matches = true, keep_gaps = true;
  };
  static size_t next(const Step& step, const char* p, const char* end) {
    if (step.kind == Kind::Gpt2) return next_gpt2(p, end);
    if (step.kind == Kind::Cl100k) return next_cl100k(p, end, step.max_digits);
    const char* begin = p;
    next_code_point(p, end);
    return size_t(p - begin);
  }
  void add(const Json& config);
  void add_pattern(const std::string& pattern, bool keep_matches, bool keep_gaps);
  void each_general(std::string_view text, size_t step, const Emit& emit) const;

  std::vector<Step> steps_;
  bool byte_level_ = false;
  bool prefix_space_ = false;
};

// The "normalizer" of tokenizer.json: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, BertNormalizer, Sequence.
class Normalizer {
 public:
  Normalizer() = default;
  explicit Normalizer(const Json& config);
  bool empty() const { return steps_.empty(); }
  std::string apply(std::string_view text) const;

 private:
  std::vector<std::function<std::string(std::string_view)>> steps_;
};

}  // namespace ingot
