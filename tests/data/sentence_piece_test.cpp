#include "ingot/data/sentence_piece.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/tokenizer_train.h"
#include "support/fixture.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

using Ids = std::vector<int32_t>;

TEST(SentencePiece, RefusesBytesThatAreNoModel) {
  EXPECT_THROW(SentencePiece("", "x.model"), Error);
  EXPECT_THROW(SentencePiece("no model at all", "x.model"), Error);
}

// google/sentencepiece, python/test/sentencepiece_test.py.
TEST(SentencePiece, MatchesTheReference) {
  INGOT_FIXTURE(file, "fixture-tokenizers/sentencepiece/test_model.model");
  const auto tokenizer = load_tokenizer(file);
  EXPECT_EQ(tokenizer->vocab_size(), 1000);
  EXPECT_EQ(tokenizer->end_of_text(), 2);
  const std::string text = "I saw a girl with a telescope.";
  const auto ids = tokenizer->encode(text);
  EXPECT_EQ(tokenizer->decode(ids), text);
  std::string joined;
  for (const int32_t id : ids) joined += tokenizer->token_bytes(id);
  EXPECT_EQ(joined, " " + text);
  EXPECT_EQ(tokenizer->id_of("\u2581saw"), ids[1]);
  EXPECT_FALSE(tokenizer->id_of("no such piece"));
  EXPECT_THROW(tokenizer->decode(Ids{1000}), Error);
  TempFolder folder;
  tokenizer->save(folder.path());
  EXPECT_EQ(load_tokenizer(folder.path())->encode(text), ids);
}

TEST(SentencePiece, TrainsAModelThatKeepsUnseenCharacters) {
  std::string corpus;
  for (int i = 0; i < 200; ++i)
    corpus += "the cat sat on mat number " + std::to_string(i) + "\nand looked at the moon\n";
  bool given = false;
  const auto tokenizer = train_tokenizer({.kind = "sentencepiece", .vocab_size = 320},
                                         [&](std::string& text) { return text = corpus, !std::exchange(given, true); });
  EXPECT_EQ(tokenizer->kind(), "sentencepiece");
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("the moon 中")), "the moon 中");  // through byte pieces
}

}  // namespace
}  // namespace ingot
