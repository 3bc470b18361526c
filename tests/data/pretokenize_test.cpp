#include "ingot/data/pretokenize.h"

#include <gtest/gtest.h>

#include "data/random_text.h"
#include "ingot/base/error.h"
#include "ingot/data/tokenizer_parts.h"

namespace ingot {
namespace {

using Pieces = std::vector<std::string>;

Pieces cut(const PreTokenizer& pre_tokenizer, std::string_view text) {
  Pieces pieces;
  pre_tokenizer.each(text, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

PreTokenizer byte_level(std::string_view pattern) {
  return PreTokenizer(byte_level_sections(pattern)["pre_tokenizer"]);
}

Pieces cut_by_pcre2(std::string_view pattern, std::string_view text) {
  Pieces pieces;
  Regex{std::string(pattern)}.each(text, [&](std::string_view piece, bool) { pieces.emplace_back(piece); });
  return pieces;
}

// PCRE2 10.42 has Unicode 14, utf8proc 15 or later: characters that the former does not know are left out.
std::string without_unassigned(std::string_view text) {
  static const Regex unassigned(R"(\p{Cn}+)");
  std::string out;
  unassigned.each(text, [&](std::string_view piece, bool matched) {
    if (!matched) out += piece;
  });
  return out;
}

std::string qwen2_pattern() {
  std::string pattern(kCl100kPattern);
  return pattern.erase(pattern.find("{1,3}"), 5);
}

TEST(Pretokenize, CutsAsGpt2Does) {
  const auto gpt2 = byte_level(kGpt2Pattern);
  EXPECT_EQ(cut(gpt2, "Hello world's  end\n\n x"), (Pieces{"Hello", " world", "'s", " ", " end", "\n\n", " x"}));
  EXPECT_EQ(cut(gpt2, "a1b22 ..!  "), (Pieces{"a", "1", "b", "22", " ..!", "  "}));
  EXPECT_EQ(cut(gpt2, "I'LL we'll"), (Pieces{"I", "'", "LL", " we", "'ll"}));
}

TEST(Pretokenize, CutsAsCl100kDoes) {
  const auto cl100k = byte_level(kCl100kPattern);
  EXPECT_EQ(cut(cl100k, "I'LL 12345 a\r\n\r\n  b"),
            (Pieces{"I", "'LL", " ", "123", "45", " a", "\r\n\r\n", " ", " b"}));
  EXPECT_EQ(cut(cl100k, "(foo)::\n\n bar"), (Pieces{"(foo", ")::\n\n", " bar"}));
}

TEST(Pretokenize, HandWrittenCutsEqualPcre2) {
  Rng rng(1);
  for (const std::string& pattern : {std::string(kGpt2Pattern), std::string(kCl100kPattern), qwen2_pattern()}) {
    const auto by_hand = byte_level(pattern);
    for (int round = 0; round < 400; ++round) {
      const std::string text = without_unassigned(random_text(rng, 1 + rng.below(120)));
      ASSERT_EQ(cut(by_hand, text), cut_by_pcre2(pattern, text)) << pattern << "\n" << text;
    }
  }
}

TEST(Pretokenize, ClassesEqualPcre2OnEveryCharacter) {
  for (const auto& [name, kind] :
       {std::pair{R"(\p{L})", CharClass::Letter}, {R"(\p{N})", CharClass::Number}, {R"(\s)", CharClass::Space}}) {
    std::string members;
    for (char32_t c = 0; c <= 0x10FFFF; ++c)
      if (char_class(c) == kind) append_utf8(members, c);
    members = without_unassigned(members);
    std::string matched_members;
    Regex(std::string(name) + "+").each(members, [&](std::string_view piece, bool matched) {
      if (matched) matched_members += piece;
    });
    EXPECT_EQ(members, matched_members) << name;
  }
}

TEST(Pretokenize, TheMongolianVowelSeparatorIsNoSpace) {
  EXPECT_EQ(cut_by_pcre2(R"(\s+|\S+)", "a\u180Eb c"), (Pieces{"a\u180Eb", " ", "c"}));
}

TEST(Pretokenize, KeepsEveryByteOfInvalidText) {
  Rng rng(2);
  for (const std::string& pattern :
       {std::string(kGpt2Pattern), std::string(kCl100kPattern), std::string(kO200kPattern)}) {
    const auto pre_tokenizer = byte_level(pattern);
    for (int round = 0; round < 100; ++round) {
      const std::string bytes = random_bytes(rng, rng.below(200));
      std::string joined;
      for (const auto& piece : cut(pre_tokenizer, bytes)) joined += piece;
      ASSERT_EQ(joined, bytes);
    }
  }
}

TEST(Pretokenize, SplitRemovesOrKeepsMatches) {
  const auto split = [](const char* behavior, bool invert) {
    return PreTokenizer(
        {{"type", "Split"}, {"pattern", {{"String", "."}}}, {"behavior", behavior}, {"invert", invert}});
  };
  EXPECT_EQ(cut(split("Isolated", false), "a.b"), (Pieces{"a", ".", "b"}));
  EXPECT_EQ(cut(split("Removed", false), "a.b"), (Pieces{"a", "b"}));
  EXPECT_EQ(cut(split("Removed", true), "a.b"), (Pieces{"."}));
}

TEST(Pretokenize, NamesWhatItDoesNotHave) {
  EXPECT_THROW(PreTokenizer(Json{{"type", "Metaspace"}}), Error);
  EXPECT_THROW(PreTokenizer(Json(3)), Error);
  EXPECT_THROW(Regex("(a"), Error);
  try {
    PreTokenizer(Json{{"type", "Metaspace"}});
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Unsupported);
    EXPECT_NE(std::string(e.what()).find("tokenizer.model"), std::string::npos);
  }
}

TEST(Pretokenize, ABacktrackingPatternEndsInAnError) {
  const Regex regex("(a+)+$");
  EXPECT_THROW(regex.each(std::string(5000, 'a') + "b", [](std::string_view, bool) {}), Error);
}

}  // namespace
}  // namespace ingot
