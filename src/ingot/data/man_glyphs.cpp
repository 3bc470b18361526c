#include "ingot/data/man_glyphs.h"

#include <cctype>
#include <cstdlib>
#include <map>

#include "ingot/data/characters.h"
#include "ingot/data/unicode.h"

namespace ingot {
namespace {

// groff_char(7), the names that manual pages use.
const std::map<std::string_view, std::string_view> kGlyphs = {
    {"aq", "'"}, {"dq", "\""}, {"oq", "‘"},  {"cq", "’"}, {"lq", "“"}, {"rq", "”"}, {"bu", "•"}, {"em", "—"},
    {"en", "–"}, {"ha", "^"},  {"ti", "~"},  {"ga", "`"}, {"mi", "-"}, {"+-", "±"}, {"mu", "×"}, {"di", "÷"},
    {"dg", "†"}, {"dd", "‡"},  {"sd", "″"},  {"fm", "′"}, {"de", "°"}, {"sc", "§"}, {"mc", "µ"}, {"co", "©"},
    {"rg", "®"}, {"tm", "™"},  {"->", "→"},  {"<-", "←"}, {"ra", "⟩"}, {"la", "⟨"}, {"<=", "≤"}, {">=", "≥"},
    {"!=", "≠"}, {"if", "∞"},  {"rs", "\\"}, {"sl", "/"}, {"ba", "|"}, {"or", "|"}, {"ul", "_"}, {"hy", "-"},
    {"Fo", "«"}, {"Fc", "»"},  {"ss", "ß"},  {"AE", "Æ"}, {"ae", "æ"}, {"/O", "Ø"}, {"/o", "ø"}, {"oA", "Å"},
    {"oa", "å"}, {"*a", "α"},  {"*b", "β"},  {"*p", "π"}, {"*m", "μ"}, {"lB", "["}, {"rB", "]"}, {"lC", "{"},
    {"rC", "}"}, {"at", "@"},  {"sh", "#"},  {"Do", "$"}, {"Eu", "€"}, {"Po", "£"}, {"Ye", "¥"}, {"at", "@"},
    {"OK", "✓"}, {"sq", "□"},  {"ci", "○"},  {"12", "½"}, {"14", "¼"}, {"34", "¾"}, {"S2", "²"}, {"S3", "³"},
    {"lh", "☜"}, {"rh", "☞"},  {"ua", "↑"},  {"da", "↓"}, {"pl", "+"}, {"eq", "="}, {"**", "*"}, {"ap", "~"},
    {"~~", "≈"}};

// Accent + letter, as in \[:a] and \(^o: the letter with a combining mark; NFC joins them in cleaning.
std::string accented(std::string_view name) {
  static const std::map<char, uint32_t> kMarks = {{'\'', 0x301}, {'`', 0x300}, {'^', 0x302}, {':', 0x308},
                                                  {'~', 0x303},  {',', 0x327}, {'o', 0x30A}, {'v', 0x30C}};
  const auto mark = kMarks.find(name[0]);
  if (name.size() != 2 || mark == kMarks.end() || !std::isalpha(static_cast<unsigned char>(name[1]))) return "";
  std::string text(1, name[1]);
  append_utf8(text, mark->second);
  return text;
}

}  // namespace

std::string man_glyph(std::string_view name) {
  if (const auto found = kGlyphs.find(name); found != kGlyphs.end()) return std::string(found->second);
  if (name.size() > 1 && name[0] == 'u' && name.size() <= 7) {  // \[u20AC]
    const auto c = uint32_t(std::strtoul(std::string(name.substr(1)).c_str(), nullptr, 16));
    std::string text;
    if (c >= 0x20 && c < 0xD800) append_utf8(text, c);
    return text;
  }
  return name.empty() ? "" : accented(name);
}

}  // namespace ingot
