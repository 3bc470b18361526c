#include "ingot/serve/text_stream.h"

#include <gtest/gtest.h>

#include "ingot/base/rng.h"

namespace ingot {
namespace {

TEST(TextStream, HoldsUnfinishedCharacters) {
  TextStream stream;
  EXPECT_EQ(stream.push("a\xE4\xB8"), "a");
  EXPECT_EQ(stream.push("\xAD"
                        "b"),
            "\xE4\xB8\xAD"
            "b");
  EXPECT_EQ(stream.push("\xF0\x9F"), "");
  EXPECT_EQ(stream.push("\xA4"), "");
  EXPECT_EQ(stream.push("\x97"), "\xF0\x9F\xA4\x97");
  EXPECT_EQ(stream.push("\xF0\x9F"), "");
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD\xEF\xBF\xBD");  // never finished
}

TEST(TextStream, ReplacesBytesThatCannotBeText) {
  TextStream stream;
  EXPECT_EQ(stream.push("x\xFFy\x80z"), "x\xEF\xBF\xBDy\xEF\xBF\xBDz");
  EXPECT_EQ(stream.push("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // overlong '/'
}

TEST(TextStream, NeverLeaksAStopString) {
  TextStream stream({"\n\nUser:", "END"});
  EXPECT_EQ(stream.push("Hello"), "Hello");
  EXPECT_EQ(stream.push(" E"), " ");
  EXPECT_EQ(stream.push("N"), "");
  EXPECT_EQ(stream.push("d\n"), "ENd");
  EXPECT_EQ(stream.push("\nUs"), "");
  EXPECT_EQ(stream.push("er: hi"), "");
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.push("more"), "");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, TheEarliestStopWins) {
  TextStream stream({"later", "so"});
  EXPECT_EQ(stream.push("not so much later"), "not ");
  EXPECT_TRUE(stream.stopped());
}

TEST(TextStream, ReleasesWhatWasHeldForAStopThatDidNotCome) {
  TextStream stream({"aab"});
  EXPECT_EQ(stream.push("aa"), "");
  EXPECT_EQ(stream.push("a"), "a");  // "aa" may still begin it
  EXPECT_EQ(stream.finish(), "aa");
}

// However the bytes are cut, the text is that of the whole.
TEST(TextStream, DoesNotDependOnTheCut) {
  const std::string text = "caf\xC3\xA9 \xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\x98\x80 st stop\xF0\x9F here";
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    TextStream stream({"stop\xF0\x9F\x98", "stop "});
    std::string out;
    for (size_t i = 0; i < text.size();) {
      const auto n = std::min<size_t>(1 + rng.below(4), text.size() - i);
      out += stream.push(text.substr(i, n));
      EXPECT_EQ(unfinished_utf8(out), 0u);
      i += n;
    }
    out += stream.finish();
    EXPECT_EQ(out, replace_invalid_utf8(text));
  }
}

}  // namespace
}  // namespace ingot
