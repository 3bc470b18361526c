#include "ingot/data/unicode.h"

#include <cstdlib>

#include <utf8proc.h>

#include "ingot/base/error.h"

namespace ingot {
namespace {

utf8proc_category_t category(char32_t c) {
  return c > 0x10FFFF ? UTF8PROC_CATEGORY_CN : utf8proc_category(utf8proc_int32_t(c));
}

bool is_white_space(char32_t c) {  // Unicode 15 PropList.txt, White_Space
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

CharClass classify(char32_t c) {
  if (is_white_space(c)) return CharClass::Space;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::Letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::Number;
    default:
      return CharClass::Other;
  }
}

// Case_Ignorable of DerivedCoreProperties.txt: Mn Me Cf Lm Sk and the word-internal punctuation.
bool is_case_ignorable(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      break;
  }
  for (const char32_t other :
       U"'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A")
    if (other && c == other) return true;
  return false;
}

bool is_cased(char32_t c) {
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL || kind == UTF8PROC_CATEGORY_LT;
}

bool is_ascii(std::string_view text) {
  for (const char c : text)
    if (uint8_t(c) >= 0x80) return false;
  return true;
}

void append_mapped(std::string& out, std::string_view valid, utf8proc_option_t options) {
  utf8proc_uint8_t* mapped = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()),
                                 utf8proc_ssize_t(valid.size()), &mapped, options);
  if (size < 0) fail(ErrorKind::Internal, "unicode", "utf8proc says ", utf8proc_errmsg(size));
  out.append(reinterpret_cast<const char*>(mapped), size_t(size));
  std::free(mapped);
}

// Maps the valid stretches of `text`, copies the invalid bytes between them.
std::string map_valid(std::string_view text, utf8proc_option_t options) {
  std::string out;
  const char* begin = text.data();
  const char* const end = begin + text.size();
  for (const char* p = begin; p < end;) {
    const char* at = p;
    if (next_code_point(p, end) != kInvalidByte) continue;
    if (at > begin) append_mapped(out, {begin, size_t(at - begin)}, options);
    out += *at;
    begin = p;
  }
  if (begin < end) append_mapped(out, {begin, size_t(end - begin)}, options);
  return out;
}

// SpecialCasing.txt Final_Sigma: behind a cased letter and not before one, case-ignorable characters not counted.
bool is_final_sigma(const std::vector<char32_t>& text, size_t at) {
  size_t i = at;
  while (i > 0 && is_case_ignorable(text[i - 1])) --i;
  if (i == 0 || !is_cased(text[i - 1])) return false;
  for (i = at + 1; i < text.size() && is_case_ignorable(text[i]);) ++i;
  return i == text.size() || !is_cased(text[i]);
}

}  // namespace

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += char(c);
  } else if (c < 0x800) {
    out += char(0xC0 | c >> 6);
    out += char(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += char(0xE0 | c >> 12);
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  } else {
    out += char(0xF0 | c >> 18);
    out += char(0x80 | (c >> 12 & 0x3F));
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  }
}

bool is_valid_utf8(std::string_view text) {
  for (const char *p = text.data(), *end = p + text.size(); p < end;)
    if (next_code_point(p, end) == kInvalidByte) return false;
  return true;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    const char* begin = p;
    next_code_point(p, end);
    pieces.emplace_back(begin, size_t(p - begin));
  }
  return pieces;
}

const CharClass* char_class_table() {
  static const std::vector<CharClass> table = [] {
    std::vector<CharClass> classes(kClassTableSize);
    for (char32_t c = 0; c < kClassTableSize; ++c) classes[c] = classify(c);
    return classes;
  }();
  return table.data();
}

bool is_nonspacing_mark(char32_t c) { return category(c) == UTF8PROC_CATEGORY_MN; }

bool is_control(char32_t c) {
  if (c == kInvalidByte) return true;
  if (c == '\t' || c == '\n' || c == '\r') return false;
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CS ||
         kind == UTF8PROC_CATEGORY_CO;
}

bool is_chinese(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_punctuation(char32_t c) {
  if (c < 0x80)
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

bool is_symbol(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_SM && kind <= UTF8PROC_CATEGORY_SO;
}

std::string normalize(std::string_view text, NormalForm form) {
  if (is_ascii(text)) return std::string(text);
  int options = UTF8PROC_STABLE;
  options |= form == NormalForm::Nfc || form == NormalForm::Nfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::Nfkc || form == NormalForm::Nfkd) options |= UTF8PROC_COMPAT;
  return map_valid(text, utf8proc_option_t(options));
}

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (is_ascii(text)) {
    for (const char c : text) out += c >= 'A' && c <= 'Z' ? char(c + 32) : c;
    return out;
  }
  std::vector<char32_t> points;
  std::string invalid;  // the bytes behind kInvalidByte, in order
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    points.push_back(next_code_point(p, end));
    if (points.back() == kInvalidByte) invalid += p[-1];
  }
  size_t invalid_at = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const char32_t c = points[i];
    if (c == kInvalidByte)
      out += invalid[invalid_at++];
    else if (c == 0x130)
      out += "i\u0307";
    else if (c == 0x3A3)
      append_utf8(out, is_final_sigma(points, i) ? 0x3C2 : 0x3C3);
    else
      append_utf8(out, char32_t(utf8proc_tolower(utf8proc_int32_t(c))));
  }
  return out;
}

std::string strip_accents(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  const std::string decomposed = normalize(text, NormalForm::Nfd);
  std::string out;
  for (const char *p = decomposed.data(), *end = p + decomposed.size(); p < end;) {
    const char* begin = p;
    if (!is_nonspacing_mark(next_code_point(p, end))) out.append(begin, size_t(p - begin));
  }
  return out;
}

}  // namespace ingot
