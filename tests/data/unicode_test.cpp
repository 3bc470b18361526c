#include "ingot/data/unicode.h"

#include <gtest/gtest.h>

#include "data/random_text.h"

namespace ingot {
namespace {

TEST(Unicode, ReadsBackEveryCharacter) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    const char* p = text.data();
    ASSERT_EQ(next_code_point(p, text.data() + text.size()), c);
    ASSERT_EQ(p, text.data() + text.size());
  }
}

TEST(Unicode, OverlongCutAndSurrogateBytesAreInvalid) {
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE4\xB8", "\xFF", "\x80"}) {
    const std::string_view text(bad);
    EXPECT_FALSE(is_valid_utf8(text));
    const char* p = text.data();
    EXPECT_EQ(next_code_point(p, p + text.size()), kInvalidByte);
    EXPECT_EQ(p, text.data() + 1);
  }
}

TEST(Unicode, LowerIsThatOfPythonAndJavaScript) {
  EXPECT_EQ(lower("ÀÉ ß Ǆ"), "àé ß ǆ");
  EXPECT_EQ(lower("İ"), "i\u0307");
  EXPECT_EQ(lower("ΟΔΟΣ Σ ΣΑ"), "οδος σ σα");  // sigma is final behind a letter and not before one
  EXPECT_EQ(lower("ΟΣ. ΟΣ'Α"), "ος. οσ'α");
  EXPECT_EQ(lower("A\xFFZ"), "a\xFFz");
}

TEST(Unicode, NormalFormsKeepInvalidBytes) {
  EXPECT_EQ(normalize("e\u0301", NormalForm::Nfc), "é");
  EXPECT_EQ(normalize("ﬁ", NormalForm::Nfkc), "fi");
  EXPECT_EQ(normalize("\xFF"
                      "e\u0301\xC3",
                      NormalForm::Nfc),
            "\xFF"
            "é\xC3");
  EXPECT_EQ(strip_accents("Ünïcödé"), "Unicode");
}

}  // namespace
}  // namespace ingot
