#include "ingot/data/word_level.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/data/tokenizer_train.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

using Ids = std::vector<int32_t>;

std::unique_ptr<Tokenizer> train(TokenizerTrainConfig config, const std::string& corpus) {
  bool given = false;
  return train_tokenizer(config, [&](std::string& text) { return text = corpus, !std::exchange(given, true); });
}

TEST(WordLevel, CharactersAreSortedByCodePoint) {
  const auto chars = train({.kind = "char"}, "hello 中");
  EXPECT_EQ(chars->kind(), "char");
  EXPECT_EQ(chars->vocab_size(), 6);  // space e h l o 中
  EXPECT_EQ(chars->encode("hello中"), (Ids{2, 1, 3, 3, 4, 5}));
  EXPECT_EQ(chars->decode(chars->encode("ole 中")), "ole 中");
}

TEST(WordLevel, AnUnknownCharacterIsAnErrorOrTheUnknownToken) {
  try {
    train({.kind = "char"}, "abc")->encode("abd");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("\"d\" is not in this vocabulary of 3 chars"), std::string::npos) << e.what();
  }
  const auto with_unknown = train({.kind = "char", .special_tokens = std::vector<std::string>{"<unk>"}}, "abc");
  EXPECT_EQ(with_unknown->encode("abd\xFF"), (Ids{0, 1, 3, 3}));
}

TEST(WordLevel, WordsAreRankedByFrequency) {
  const auto words =
      train({.kind = "word", .vocab_size = 5, .min_frequency = 1, .lowercase = true}, "The cat, the mat; THE cat!");
  EXPECT_EQ(words->id_of("<pad>"), 0);
  EXPECT_EQ(words->id_of("<unk>"), 1);
  EXPECT_EQ(words->encode("the Cat sat"), (Ids{2, 3, 1}));
  EXPECT_EQ(words->decode(Ids{2, 3}), "the cat");
  EXPECT_EQ(words->vocab_size(), 5);
}

TEST(WordLevel, SavesAndLoads) {
  TempFolder folder;
  for (const char* kind : {"char", "word"}) {
    const auto saved = train({.kind = kind, .min_frequency = 1}, "to be, or not to be");
    saved->save(folder / kind);
    const auto loaded = load_tokenizer(folder / kind);
    EXPECT_EQ(loaded->kind(), kind);
    EXPECT_EQ(loaded->encode("not to be"), saved->encode("not to be"));
  }
}

}  // namespace
}  // namespace ingot
