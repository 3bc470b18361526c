// What the cleaning steps need to know about a Unicode character, as one byte of flags a code point.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot {

enum CharacterFlag : uint8_t {
  kLetter = 1,       // letter, mark or digit: part of a word
  kNoSpaces = 2,     // of a script written without spaces (Han, kana, Thai, Lao, Khmer, Burmese): a word by itself
  kSpace = 4,        // white space other than ASCII's, to become ' '
  kDropped = 8,      // control, bidi override, zero-width space, BOM, non-character: never text
  kMayCompose = 16,  // NFC may change a text that holds it
  kLineBreak = 32,   // U+0085, U+2028, U+2029
};

uint8_t character_flags(uint32_t code_point);

enum class Script : uint8_t { Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Hangul, Kana, Han, Other };
inline constexpr size_t kNumScripts = size_t(Script::Other) + 1;
std::string_view to_string(Script script);
Script script_of(uint32_t code_point);  // of a letter; by block, so rare extensions count as Other

struct Decoded {
  uint32_t code_point;
  uint32_t size;  // bytes; 0 when the bytes at this place are no valid UTF-8
};
// Strict UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF). Requires at < text.size().
Decoded decode_utf8(std::string_view text, size_t at);

// Number of leading bytes that are ASCII; looks at 8 bytes a step.
size_t ascii_prefix(std::string_view text);

}  // namespace ingot
