#include "ingot/data/clean.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "ingot/base/rng.h"
#include "ingot/data/characters.h"
#include "ingot/data/unicode.h"

namespace ingot {
namespace {

std::string cleaned(std::string text, const CleanConfig& config = {}) {
  CleanCounts counts;
  clean_text(config, text, counts);
  return text;
}

}  // namespace

// Table 3-7 of the Unicode Standard, "Well-Formed UTF-8 Byte Sequences": each row's edges and one step beyond.
TEST(Utf8, DecodesExactlyTheWellFormedSequences) {
  const std::pair<std::string, uint32_t> good[] = {{"\x7F", 0x7F},
                                                   {"\xC2\x80", 0x80},
                                                   {"\xDF\xBF", 0x7FF},
                                                   {"\xE0\xA0\x80", 0x800},
                                                   {"\xED\x9F\xBF", 0xD7FF},
                                                   {"\xEE\x80\x80", 0xE000},
                                                   {"\xEF\xBF\xBF", 0xFFFF},
                                                   {"\xF0\x90\x80\x80", 0x10000},
                                                   {"\xF4\x8F\xBF\xBF", 0x10FFFF}};
  for (const auto& [bytes, code_point] : good) {
    const auto c = decode_utf8(bytes, 0);
    EXPECT_EQ(c.size, bytes.size());
    EXPECT_EQ(c.code_point, code_point);
    std::string again;
    append_utf8(again, code_point);
    EXPECT_EQ(again, bytes);
  }
  for (const std::string bad : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                                "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC2", "\xE2\x82", "\xF0\x9F\x98", "\xFF"})
    EXPECT_EQ(decode_utf8(bad, 0).size, 0u);
}

TEST(Clean, RepairsUtf8) {
  int64_t repaired = 0;
  EXPECT_EQ(repair_utf8("na\xC3\xAFve", &repaired), "naïve");
  EXPECT_EQ(repaired, 0);
  EXPECT_EQ(repair_utf8("na\xEFve \x93q\x94 \x80", &repaired), "naïve “q” €");  // Windows-1252
  EXPECT_EQ(repaired, 4);
  EXPECT_EQ(repair_utf8("\xC3\xAF \xFF", nullptr), "ï \xEF\xBF\xBD");                            // mixed: U+FFFD
  EXPECT_EQ(repair_utf8(std::string("\xFF\xFEh\0\xE9\0\x3D\xD8\x00\xDE", 10), nullptr), "hé😀");  // UTF-16
  EXPECT_EQ(repair_utf8(std::string("\xFE\xFF\0h\x4E\x2D", 6), nullptr), "h中");
}

TEST(Clean, AnyBytesBecomeValidUtf8) {
  Rng rng(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(rng.below(200), '\0');
    for (char& byte : bytes) byte = char(rng.below(2) ? rng.below(256) : 0xC0 + rng.below(64));
    EXPECT_TRUE(is_valid_utf8(cleaned(bytes)));
  }
}

TEST(Clean, TidiesLinesAndSpaces) {
  EXPECT_EQ(cleaned("\n\n  a \t\r\nb\r\rc\n\n\n\nd   \n\n"), "  a\nb\n\nc\n\nd\n");
  EXPECT_EQ(cleaned("a\xC2\xA0"
                    "b\xE3\x80\x80"
                    "c\xE2\x80\xA8"
                    "d"),
            "a b c\nd\n");
  EXPECT_EQ(cleaned(" \n\t\n "), "");
  EXPECT_EQ(cleaned("if x:\n    y   = 1"), "if x:\n    y   = 1\n");  // indentation and alignment stay
}

TEST(Clean, DropsControlCharacters) {
  CleanCounts counts;
  std::string text = std::string("a\0b\x1B[31mc\x7F", 10) + "\xEF\xBB\xBF\xE2\x80\x8B\xE2\x80\xAE" + "\td";
  clean_text({}, text, counts);
  EXPECT_EQ(text, "ab[31mc\td\n");
  EXPECT_EQ(counts.control_dropped, 6);
  EXPECT_EQ(cleaned("👨‍👩‍👧"), "👨‍👩‍👧\n");  // the joiner holds the family together
}

TEST(Clean, ComposesToNfc) {
  EXPECT_EQ(cleaned("cafe\xCC\x81 caf\xC3\xA9"), "café café\n");
  EXPECT_EQ(cleaned("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), "한\n");  // Hangul jamo
  EXPECT_EQ(cleaned("\xE2\x84\xAB"), "Å\n");                           // Angstrom sign
  EXPECT_EQ(cleaned("か\xE3\x82\x99"), "が\n");
  CleanConfig off;
  off.nfc = false;
  EXPECT_EQ(cleaned("e\xCC\x81", off), "e\xCC\x81\n");
}

// The quick check must never skip a line that NFC would change.
TEST(Clean, AgreesWithUtf8procOnRandomText) {
  Rng rng(2);
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (int k = 0; k < 20; ++k) {
      uint32_t c = uint32_t(rng.below(2) ? 0x20 + rng.below(0x3000) : 0x300 + rng.below(0x80));
      if (rng.below(8) == 0) c = uint32_t(0x1D15E + rng.below(8));  // musical symbols decompose
      if (!(character_flags(c) & (kDropped | kSpace | kLineBreak))) append_utf8(text, c);
    }
    text = "x" + text + "x";
    auto* nfc = utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(text.c_str()));
    EXPECT_EQ(cleaned(text), std::string(reinterpret_cast<char*>(nfc)) + "\n");
    std::free(nfc);
  }
}

TEST(Clean, CleaningTwiceChangesNothing) {
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    std::string bytes(rng.below(300), '\0');
    for (char& byte : bytes) byte = "ab \t\n\r\x01\xC3\xA9\xCC\x81\xE2\x80\xA8\xFF"[rng.below(15)];
    const std::string once = cleaned(bytes);
    EXPECT_EQ(cleaned(once), once);
  }
}

TEST(Clean, StepsCanBeTurnedOff) {
  CleanConfig off;
  off.utf8 = off.control = off.spaces = off.nfc = false;
  const std::string raw = "a\x01 \xFF\r\n\n\n\n";
  EXPECT_EQ(cleaned(raw, off), raw);
}

TEST(Boilerplate, DropsALineAfterItsQuota) {
  BoilerplateFilter filter(3);
  const std::string notice = "This program is distributed in the hope that it will be useful.\n";
  for (int d = 0; d < 10; ++d) {
    std::string text = "first " + std::to_string(d) + "\n" + notice + notice + "short\n";
    const int64_t dropped = filter.apply(text);
    EXPECT_EQ(dropped, d < 3 ? 0 : 2) << d;  // a repeat within one document counts once
    EXPECT_EQ(text.find(notice) == std::string::npos, d >= 3);
    EXPECT_NE(text.find("short\n"), std::string::npos);
  }
  BoilerplateFilter off(0);
  std::string text = notice;
  EXPECT_EQ(off.apply(text), 0);
}

TEST(Boilerplate, NeverDropsAnUncommonLine) {
  BoilerplateFilter filter(2);
  for (int d = 0; d < 400; ++d) {
    std::string text;
    for (int line = 0; line < 1000; ++line)
      text += "a line of more than forty bytes, seen only once: " + std::to_string(d * 1000 + line) + "\n";
    ASSERT_EQ(filter.apply(text), 0);
  }
}

}  // namespace ingot
