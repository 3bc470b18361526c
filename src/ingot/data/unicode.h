// The few Unicode facts that tokenizers need, from utf8proc's tables (Unicode 15). Invalid UTF-8 is never an error
// here: each byte that is no part of a character stands for itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

constexpr char32_t kInvalidByte = 0xFFFFFFFF;

// Reads one character at p < end and moves p behind it. An invalid byte gives kInvalidByte and moves p by one.
inline char32_t next_code_point(const char*& p, const char* end) {
  const auto byte = [&](int i) { return uint8_t(p[i]); };
  const uint8_t first = byte(0);
  const auto follows = [&](int i) { return (byte(i) & 0xC0) == 0x80; };
  if (first < 0x80) return ++p, first;
  if (first >= 0xC2 && first < 0xE0 && end - p >= 2 && follows(1)) {
    const char32_t c = (first & 0x1F) << 6 | (byte(1) & 0x3F);
    return p += 2, c;
  }
  if (first >= 0xE0 && first < 0xF0 && end - p >= 3 && follows(1) && follows(2)) {
    const char32_t c = (first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    if (c >= 0x800 && (c < 0xD800 || c > 0xDFFF)) return p += 3, c;
  }
  if (first >= 0xF0 && first < 0xF5 && end - p >= 4 && follows(1) && follows(2) && follows(3)) {
    const char32_t c = (first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    if (c >= 0x10000 && c <= 0x10FFFF) return p += 4, c;
  }
  return ++p, kInvalidByte;
}

void append_utf8(std::string& out, char32_t c);
bool is_valid_utf8(std::string_view text);
// Pieces of one character (or one invalid byte) each.
std::vector<std::string_view> characters(std::string_view text);

enum class CharClass : uint8_t { Other, Letter, Number, Space };  // \p{L}, \p{N}, \p{White_Space}

// Classes of U+0000..U+3FFFF; everything above is Other.
constexpr char32_t kClassTableSize = 0x40000;
const CharClass* char_class_table();
inline CharClass char_class(char32_t c) { return c < kClassTableSize ? char_class_table()[c] : CharClass::Other; }

bool is_nonspacing_mark(char32_t c);  // Mn
bool is_control(char32_t c);          // Cc Cf Cs Co, without tab, LF, CR; invalid bytes count as controls
bool is_punctuation(char32_t c);      // P* and the ASCII symbols, as BERT has it
bool is_symbol(char32_t c);           // S*: currency, mathematics, modifiers, others

bool is_chinese(char32_t c);  // the CJK blocks that google-research/bert names
// Characters of valid UTF-8.
inline int64_t count_code_points(std::string_view text) {
  int64_t n = 0;
  for (const char c : text) n += (uint8_t(c) & 0xC0) != 0x80;
  return n;
}

enum class NormalForm { Nfc, Nfd, Nfkc, Nfkd };
std::string normalize(std::string_view text, NormalForm form);
// Full lower case as Python and JavaScript have it: final sigma, dotted capital I.
std::string lower(std::string_view text);
std::string strip_accents(std::string_view text);  // NFD, then without Mn

}  // namespace ingot
