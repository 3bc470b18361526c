#include "ingot/data/pretokenize.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "ingot/base/error.h"

namespace ingot {
namespace {

// PCRE2 10.42's \s also takes U+180E, which left White_Space in Unicode 6.3.
std::string with_white_space(std::string_view pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    const char escaped = pattern[++i];
    if (escaped == 's')
      out += "\\p{White_Space}";
    else if (escaped == 'S')
      out += "\\P{White_Space}";
    else
      (out += '\\') += escaped;
  }
  return out;
}

// \w+|[^\w\s]+ with Rust's Unicode \w, which PCRE2's lacks marks and connectors of.
constexpr const char* kWordPattern =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\s]+)";

std::string pcre2_message(int code) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

std::string type_of(const Json& config) {
  require("tokenizer", config.is_object() && config.contains("type") && config["type"].is_string(),
          "pre_tokenizer or normalizer is ", to_text(config).substr(0, 100), ", expected an object with a \"type\"");
  return config["type"].get<std::string>();
}

// HF's BertNormalizer and google-research/bert's BasicTokenizer: clean_text.
std::string drop_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    const char* begin = p;
    const char32_t c = next_code_point(p, end);
    if (c == 0 || c == 0xFFFD || is_control(c)) continue;
    if (char_class(c) == CharClass::Space)
      out += ' ';
    else
      out.append(begin, size_t(p - begin));
  }
  return out;
}

std::string space_chinese(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    const char* begin = p;
    const bool chinese = is_chinese(next_code_point(p, end));
    if (chinese) out += ' ';
    out.append(begin, size_t(p - begin));
    if (chinese) out += ' ';
  }
  return out;
}

}  // namespace

Regex::Regex(const std::string& pattern) : pattern_(pattern) {
  require("tokenizer", pattern.size() <= 10'000, "pattern is ", pattern.size(), " bytes, expected at most 10000");
  const std::string translated = with_white_space(pattern);
  int error = 0;
  PCRE2_SIZE at = 0;
  pcre2_code* code =
      pcre2_compile(PCRE2_SPTR(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_INVALID_UTF, &error, &at, nullptr);
  require("tokenizer", code != nullptr, "pattern ", pattern.substr(0, 200), " is not valid at ", at, ": ",
          pcre2_message(error));
  code_ = std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it fails, pcre2_match interprets
}

void Regex::each(std::string_view text, const std::function<void(std::string_view, bool)>& emit) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(
      pcre2_match_data_create_from_pattern(code, nullptr), pcre2_match_data_free);
  size_t done = 0;
  for (size_t from = 0; from < text.size();) {
    int found = pcre2_match(code, PCRE2_SPTR(text.data()), text.size(), from, 0, match.get(), nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)  // the interpreter keeps its stack on the heap
      found = pcre2_match(code, PCRE2_SPTR(text.data()), text.size(), from, PCRE2_NO_JIT, match.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) break;
    require("tokenizer", found >= 0, "pattern ", pattern_.substr(0, 200),
            " cannot be matched on this text: ", pcre2_message(found));
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
    if (range[1] <= range[0]) {
      const char* p = text.data() + std::max(from, range[0]);
      next_code_point(p, text.data() + text.size() + (p == text.data() + text.size()));
      from = size_t(p - text.data());
      continue;
    }
    if (range[0] > done) emit(text.substr(done, range[0] - done), false);
    emit(text.substr(range[0], range[1] - range[0]), true);
    from = done = range[1];
  }
  if (done < text.size()) emit(text.substr(done), false);
}

PreTokenizer::PreTokenizer(const Json& config) {
  if (!config.is_null()) add(config);
}

void PreTokenizer::add_pattern(const std::string& pattern, bool keep_matches, bool keep_gaps) {
  Step step;
  step.keep_matches = keep_matches;
  step.keep_gaps = keep_gaps;
  std::string cl100k_with_single_digits(kCl100kPattern);  // Qwen 2
  cl100k_with_single_digits.erase(cl100k_with_single_digits.find("{1,3}"), 5);
  if (keep_matches && pattern == kGpt2Pattern) {
    step.kind = Kind::Gpt2;
  } else if (keep_matches && pattern == kCl100kPattern) {
    step.kind = Kind::Cl100k;
  } else if (keep_matches && pattern == cl100k_with_single_digits) {
    step.kind = Kind::Cl100k;
    step.max_digits = 1;
  } else if (keep_matches && pattern == kAnyCharacterPattern) {
    step.kind = Kind::Character;
  } else {
    step.regex = std::make_shared<Regex>(pattern);
  }
  steps_.push_back(std::move(step));
}

void PreTokenizer::add(const Json& config) {
  const std::string type = type_of(config);
  if (type == "Sequence") {
    require("tokenizer", config.contains("pretokenizers") && config["pretokenizers"].is_array(),
            "pre_tokenizer Sequence has no list \"pretokenizers\"");
    for (const auto& step : config["pretokenizers"]) {
      require("tokenizer", !byte_level_, "pre_tokenizer ByteLevel is followed by another, expected it last");
      add(step);
    }
  } else if (type == "ByteLevel") {
    byte_level_ = true;
    prefix_space_ = config.value("add_prefix_space", false);
    if (config.value("use_regex", true)) add_pattern(std::string(kGpt2Pattern), true, true);
  } else if (type == "Split") {
    require("tokenizer", config.contains("pattern") && config["pattern"].is_object() && config["pattern"].size() == 1,
            "pre_tokenizer Split has no \"pattern\"");
    const auto pattern = config["pattern"].begin();  // {"Regex": ...} or {"String": ...}
    require("tokenizer", pattern->is_string(), "pre_tokenizer Split: pattern is not a string");
    std::string text = pattern->get<std::string>();
    if (pattern.key() == "String") {
      std::string quoted;
      for (const char c : text) {
        if (uint8_t(c) < 0x80 && !isalnum(uint8_t(c)) && !iscntrl(uint8_t(c))) quoted += '\\';
        quoted += c;
      }
      text = quoted;
    }
    const std::string behavior = config.value("behavior", "Isolated");
    const bool invert = config.value("invert", false);
    if (behavior != "Isolated" && behavior != "Removed")
      fail(ErrorKind::Unsupported, "tokenizer", "pre_tokenizer Split behavior is '", behavior,
           "', expected Isolated or Removed");
    const bool isolated = behavior == "Isolated";
    add_pattern(text, isolated || invert, isolated || !invert);
  } else if (type == "Digits") {
    add_pattern(config.value("individual_digits", false) ? R"(\p{N})" : R"(\p{N}+)", true, true);
  } else if (type == "Whitespace") {
    add_pattern(kWordPattern, true, false);
  } else if (type == "WhitespaceSplit") {
    add_pattern(R"(\s+)", false, true);
  } else {
    fail(ErrorKind::Unsupported, "tokenizer", "pre_tokenizer type is '", type,
         "', expected one of ByteLevel, Split, Digits, Whitespace, WhitespaceSplit, Sequence",
         type == "Metaspace" ? "; use the model's SentencePiece file (tokenizer.model) instead" : "");
  }
}

void PreTokenizer::each_general(std::string_view text, size_t at, const Emit& emit) const {
  if (at == steps_.size()) return emit(text);
  const Step& step = steps_[at];
  if (step.kind != Kind::Pattern) {
    for (const char *p = text.data(), *end = p + text.size(); p < end;) {
      const size_t n = next(step, p, end);
      each_general({p, n}, at + 1, emit);
      p += n;
    }
    return;
  }
  step.regex->each(text, [&](std::string_view piece, bool matched) {
    if (matched ? step.keep_matches : step.keep_gaps) each_general(piece, at + 1, emit);
  });
}

Normalizer::Normalizer(const Json& config) {
  if (config.is_null()) return;
  const std::string type = type_of(config);
  const auto form = [&](NormalForm f) { steps_.push_back([f](std::string_view text) { return normalize(text, f); }); };
  if (type == "Sequence") {
    require("tokenizer", config.contains("normalizers") && config["normalizers"].is_array(),
            "normalizer Sequence has no list \"normalizers\"");
    for (const auto& part : config["normalizers"])
      for (auto& step : Normalizer(part).steps_) steps_.push_back(std::move(step));
  } else if (type == "NFC") {
    form(NormalForm::Nfc);
  } else if (type == "NFD") {
    form(NormalForm::Nfd);
  } else if (type == "NFKC") {
    form(NormalForm::Nfkc);
  } else if (type == "NFKD") {
    form(NormalForm::Nfkd);
  } else if (type == "Lowercase") {
    steps_.push_back(lower);
  } else if (type == "StripAccents") {
    steps_.push_back(strip_accents);
  } else if (type == "BertNormalizer") {
    if (config.value("clean_text", true)) steps_.push_back(drop_controls);
    if (config.value("handle_chinese_chars", true)) steps_.push_back(space_chinese);
    const bool lowercase = config.value("lowercase", true);
    if (lowercase) steps_.push_back(lower);
    // null: as lowercase says
    const bool strip = config.contains("strip_accents") && config["strip_accents"].is_boolean()
                           ? config["strip_accents"].get<bool>()
                           : lowercase;
    if (strip) steps_.push_back(strip_accents);
  } else {
    fail(ErrorKind::Unsupported, "tokenizer", "normalizer type is '", type,
         "', expected one of NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, BertNormalizer, Sequence");
  }
}

std::string Normalizer::apply(std::string_view text) const {
  std::string out(text);
  for (const auto& step : steps_) out = step(out);
  return out;
}

}  // namespace ingot
