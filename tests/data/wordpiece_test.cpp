#include "ingot/data/wordpiece.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "support/fixture.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

using Ids = std::vector<int32_t>;
using Words = std::vector<std::string>;

std::unique_ptr<Tokenizer> bert(std::vector<std::string> vocabulary, bool lowercase = true) {
  TokenizerParts parts;
  parts.tokens = std::move(vocabulary);
  parts.sections = bert_sections(lowercase, "[UNK]");
  return make_tokenizer(std::move(parts));
}

Words basic(std::string_view text, bool lowercase = true) {
  Words words;
  const std::string normal = Normalizer(bert_sections(lowercase, "[UNK]")["normalizer"]).apply(text);
  each_bert_word(normal, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

// google-research/bert, tokenization_test.py.
TEST(WordPiece, MatchesBertsOwnTests) {
  const auto wordpiece = bert({"[UNK]", "[CLS]", "[SEP]", "want", "##want", "##ed", "wa", "un", "runn", "##ing", ","});
  EXPECT_EQ(wordpiece->encode("UNwant\u00E9d,running"), (Ids{7, 4, 5, 10, 8, 9}));
  EXPECT_EQ(wordpiece->encode("unwanted running"), (Ids{7, 4, 5, 8, 9}));
  EXPECT_EQ(wordpiece->encode("unwantedX running"), (Ids{0, 8, 9}));
  EXPECT_EQ(wordpiece->encode(""), Ids{});
}

TEST(WordPiece, BasicTokensMatchBertsOwnTests) {
  EXPECT_EQ(basic("ah\u535A\u63A8zz"), (Words{"ah", "\u535A", "\u63A8", "zz"}));
  EXPECT_EQ(basic(" \tHeLLo!how  \n Are yoU?  "), (Words{"hello", "!", "how", "are", "you", "?"}));
  EXPECT_EQ(basic("H\u00E9llo"), Words{"hello"});
  EXPECT_EQ(basic(" \tHeLLo!how  \n Are yoU?  ", false), (Words{"HeLLo", "!", "how", "Are", "yoU", "?"}));
  EXPECT_EQ(basic("H\u00E9llo", false), Words{"H\u00E9llo"});
}

TEST(WordPiece, DropsControlsAndInvalidBytes) {
  EXPECT_EQ(basic(std::string("a\0b", 3) + "\uFFFD\u200Dc\x01\xFF" + "d\u00A0e"), (Words{"abcd", "e"}));
}

TEST(WordPiece, AWordOverTheLimitIsUnknown) {
  const auto wordpiece = bert({"[UNK]", "a", "##a"});
  EXPECT_EQ(wordpiece->encode(std::string(100, 'a')).size(), 100u);
  EXPECT_EQ(wordpiece->encode(std::string(101, 'a')), Ids{0});
  EXPECT_EQ(wordpiece->encode(std::string(1'000'000, 'a')), Ids{0});
}

TEST(WordPiece, DecodesWithSpacesWhereBertHadThem) {
  const auto wordpiece = bert({"[UNK]", "do", "n", "'", "t", "run", "##ning", ",", "he", "."});
  EXPECT_EQ(wordpiece->decode(wordpiece->encode("he, running.")), "he, running.");
  EXPECT_EQ(wordpiece->token_bytes(6), "ning");
  EXPECT_EQ(wordpiece->token_bytes(5), " run");
  EXPECT_THROW(wordpiece->decode(Ids{10}), Error);
}

TEST(WordPiece, ReadsVocabTxtAndFindsItsCase) {
  TempFolder folder;
  write_file_atomic(folder / "vocab.txt", "[PAD]\n[UNK]\nhello\n");
  EXPECT_EQ(load_tokenizer(folder / "vocab.txt")->encode("Hello"), Ids{2});
  write_file_atomic(folder / "vocab.txt", "[PAD]\n[UNK]\nhello\nHello\n");
  EXPECT_EQ(load_tokenizer(folder / "vocab.txt")->encode("Hello"), Ids{3});
  write_file_atomic(folder / "tokenizer_config.json", "{\"do_lower_case\": true}");
  EXPECT_EQ(load_tokenizer(folder / "vocab.txt")->encode("Hello"), Ids{2});
  write_file_atomic(folder / "vocab.txt", "[UNK]\nhello\nhello\n");
  EXPECT_THROW(load_tokenizer(folder / "vocab.txt"), Error);
}

TEST(WordPiece, SavedFormsGiveTheSameIds) {
  INGOT_FIXTURE(file, "fixture-tokenizers/bert/google_uncased_en_vocab.txt");
  const auto wordpiece = load_tokenizer(file);
  TempFolder folder;
  wordpiece->save(folder.path());
  const auto json = load_tokenizer(folder.path());
  const std::string text = "The Institut für Informatik, 2024: naïve café's tokenization — 中文 isn't [MASK]ed";
  EXPECT_EQ(json->encode(text), wordpiece->encode(text));
  EXPECT_EQ(json->end_of_text(), wordpiece->id_of("[SEP]"));
  Ids ids;
  json->encode_with_special("a [MASK] b", ids);
  EXPECT_EQ(ids[1], *json->id_of("[MASK]"));
}

}  // namespace
}  // namespace ingot
