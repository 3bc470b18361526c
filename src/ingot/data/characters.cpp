#include "ingot/data/characters.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <utf8proc.h>

#include "ingot/data/unicode.h"

namespace ingot {
namespace {

bool in(uint32_t c, uint32_t first, uint32_t last) { return c >= first && c <= last; }

bool written_without_spaces(uint32_t c) {
  return in(c, 0x0E00, 0x0EFF) || in(c, 0x1000, 0x109F) || in(c, 0x1780, 0x17FF) ||  // Thai, Lao; Burmese; Khmer
         in(c, 0x3040, 0x30FF) || in(c, 0x3400, 0x9FFF) || in(c, 0xF900, 0xFAFF) || in(c, 0x20000, 0x3FFFF);
}

// Unicode UAX 15: a text is in NFC when every character is NFC_Quick_Check=Yes with combining class 0.
bool may_compose(uint32_t c) {
  if (in(c, 0x1100, 0x11FF)) return true;  // Hangul jamo compose by arithmetic, not by table
  const auto* property = utf8proc_get_property(utf8proc_int32_t(c));
  if (property->combining_class != 0) return true;
  // utf8proc marks the second character of a composition by an index of 0x8000 and up (0xFFFF: none).
  if (property->comb_index >= 0x8000 && property->comb_index != UINT16_MAX) return true;
  std::string text;
  append_utf8(text, c);
  utf8proc_uint8_t* composed = utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(text.c_str()));
  const bool changes = composed && text != reinterpret_cast<const char*>(composed);
  std::free(composed);
  return changes;
}

uint8_t compute_flags(uint32_t c) {
  if (c == '\n' || c == '\t') return 0;
  if (c == 0x85 || c == 0x2028 || c == 0x2029) return kLineBreak;
  if (c < 0x20 || in(c, 0x7F, 0x9F) || c == 0x200B || c == 0xFEFF || in(c, 0x202A, 0x202E) || in(c, 0x2066, 0x2069) ||
      in(c, 0xFDD0, 0xFDEF) || (c & 0xFFFE) == 0xFFFE)
    return kDropped;
  uint8_t flags = 0;
  switch (utf8proc_category(utf8proc_int32_t(c))) {
    case UTF8PROC_CATEGORY_ZS:
      return c == ' ' ? 0 : kSpace;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
      flags |= kLetter;
    default:
      break;
  }
  if ((flags & kLetter) && written_without_spaces(c)) flags |= kNoSpaces;
  if (c >= 0x80 && may_compose(c)) flags |= kMayCompose;
  return flags;
}

constexpr uint32_t kTable = 0x10000;  // the basic plane; the rest is rare enough to compute each time

const std::array<uint8_t, kTable>& flag_table() {
  static const auto table = [] {
    auto flags = std::make_unique<std::array<uint8_t, kTable>>();
    for (uint32_t c = 0; c < kTable; ++c) (*flags)[c] = in(c, 0xD800, 0xDFFF) ? uint8_t(kDropped) : compute_flags(c);
    return flags;
  }();
  return *table;
}

}  // namespace

uint8_t character_flags(uint32_t c) {
  static const uint8_t* const table = flag_table().data();
  if (c < kTable) return table[c];
  if (in(c, 0x20000, 0x2A6DF) || in(c, 0x1F300, 0x1FAFF))
    return c >= 0x20000 ? kLetter | kNoSpaces : 0;  // Han B, emoji
  return compute_flags(c);
}

std::string_view to_string(Script script) {
  constexpr std::string_view kNames[kNumScripts] = {"Latin", "Greek",  "Cyrillic", "Hebrew", "Arabic", "Devanagari",
                                                    "Thai",  "Hangul", "Kana",     "Han",    "other"};
  return kNames[size_t(script)];
}

Script script_of(uint32_t c) {
  if (c < 0x250 || in(c, 0x1E00, 0x1EFF)) return Script::Latin;
  if (in(c, 0x370, 0x3FF)) return Script::Greek;
  if (in(c, 0x400, 0x52F)) return Script::Cyrillic;
  if (in(c, 0x590, 0x5FF)) return Script::Hebrew;
  if (in(c, 0x600, 0x77F)) return Script::Arabic;
  if (in(c, 0x900, 0x97F)) return Script::Devanagari;
  if (in(c, 0xE00, 0xE7F)) return Script::Thai;
  if (in(c, 0x1100, 0x11FF) || in(c, 0xAC00, 0xD7AF)) return Script::Hangul;
  if (in(c, 0x3040, 0x30FF)) return Script::Kana;
  if (in(c, 0x3400, 0x9FFF) || in(c, 0xF900, 0xFAFF) || in(c, 0x20000, 0x3FFFF)) return Script::Han;
  return Script::Other;
}

Decoded decode_utf8(std::string_view text, size_t at) {
  const char* const begin = text.data() + at;
  const char* p = begin;
  const char32_t c = next_code_point(p, text.data() + text.size());
  if (c == kInvalidByte) return {0xFFFD, 0};
  return {uint32_t(c), uint32_t(p - begin)};
}

size_t ascii_prefix(std::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080u) break;
  }
  while (i < text.size() && uint8_t(text[i]) < 0x80) ++i;
  return i;
}

}  // namespace ingot
