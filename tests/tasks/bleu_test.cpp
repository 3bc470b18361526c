// BLEU and chrF against the values of sacreBLEU 2's own tests (test/test_bleu.py, test/test_chrf.py).
#include "ingot/tasks/bleu.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "support/error_of.h"

namespace ingot {
namespace {

const std::vector<std::string> kHypotheses = {"The dog bit the man.", "It wasn't surprising.",
                                              "The man had just bitten him."};
const std::vector<std::vector<std::string>> kReferences = {
    {"The dog bit the man.", "It was not unexpected.", "The man bit him first."},
    {"The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."}};

TEST(Bleu, EqualsSacreBleuOnItsVectors) {
  EXPECT_NEAR(corpus_bleu(kHypotheses, kReferences).score, 48.530827, 1e-6);
  EXPECT_NEAR(corpus_bleu(kHypotheses, kReferences, {.tokenizer = BleuTokenizer::None}).score, 49.1919566, 1e-6);
  EXPECT_NEAR(corpus_bleu(kHypotheses, kReferences, {.tokenizer = BleuTokenizer::Intl}).score, 43.91623493, 1e-8);
  EXPECT_NEAR(corpus_bleu(kHypotheses, kReferences, {.smoothing = BleuSmoothing::None}).score, 48.530827, 1e-6);
  EXPECT_EQ(corpus_bleu({"", "", ""}, kReferences).score, 0);
  const BleuOptions raw{.tokenizer = BleuTokenizer::None, .smoothing = BleuSmoothing::Floor, .floor = 0.01};
  EXPECT_NEAR(corpus_bleu({"this is a test", "another test"}, {{"ref1", "ref2"}}, raw).score, 0, 1e-8);
  EXPECT_NEAR(corpus_bleu({"this is a test"}, {{"this is a test"}}, raw).score, 100, 1e-6);
  EXPECT_NEAR(corpus_bleu({"this is a fest"}, {{"this is a test"}}, raw).score, 22.3606797749979, 1e-6);
}

TEST(Bleu, ScoresCountsAsSacreBleuDoes) {
  BleuScore s{.right = {9, 7, 5, 3}, .total = {10, 8, 6, 4}, .length = 11, .reference_length = 11};
  score_bleu(s);
  EXPECT_NEAR(s.score, 83.75922397, 1e-6);
  BleuScore none{.right = {6, 5, 4, 0}, .total = {6, 5, 4, 3}, .length = 6, .reference_length = 6};
  score_bleu(none, {.smoothing = BleuSmoothing::Floor, .floor = 0});
  EXPECT_EQ(none.score, 0);
}

TEST(Bleu, CutsTokensAsMtevalDoes) {
  EXPECT_EQ(tokenize_13a("Hello, world! It's 3.14 or 1,000-2 &amp; \"x\"."),
            "Hello , world ! It's 3.14 or 1,000 - 2 & \" x \" .");
  EXPECT_EQ(tokenize_13a("  a\xC2\xA0 b... "), "a b . . .");
  EXPECT_NE(error_of([] {
              corpus_bleu({"a"}, {{"a", "b"}});
            }).find("has 2 lines, expected as many as there are"),
            std::string::npos);
}

TEST(Bleu, CutsTokensOfOtherScripts) {
  // mteval-v14: marks beside a non-digit and symbols; a stop behind the year at the end stays, as in the original.
  EXPECT_EQ(tokenize_intl("It wasn't \u201e3,5 \u20ac\u201c, in 2022."),
            "It wasn ' t \u201e 3,5 \u20ac \u201c , in 2022.");
  EXPECT_EQ(tokenize_intl("\u4f60\u597d\uff0c\u4e16\u754c\u3002 1-2"), "\u4f60\u597d \uff0c \u4e16\u754c \u3002 1-2");
  EXPECT_EQ(tokenize_intl("a\xff b"), "a \uFFFD b");
  // Each Chinese character, full-width marks, and by sacreBLEU's list dashes and quotes; Latin as 13a without the space
  // around the line, so that the last stop stays too.
  EXPECT_EQ(tokenize_zh(" \u6211\u6709ABC\uff0c3.5\u5143\u2014\u2014ok, 2022. "),
            "\u6211 \u6709 ABC \uff0c 3.5 \u5143 \u2014 \u2014 ok , 2022.");
  EXPECT_EQ(tokenize_zh("  "), "");
  EXPECT_NEAR(corpus_bleu({"\u732b\u5750\u5728\u57ab\u5b50\u4e0a"}, {{"\u732b\u5750\u5728\u57ab\u5b50\u4e0a"}},
                          {.tokenizer = BleuTokenizer::Zh})
                  .score,
              100, 1e-9);
}

TEST(Chrf, EqualsSacreBleuOnItsVectors) {
  struct Case {
    std::vector<std::string> hypotheses, references;
    double score;
  };
  const Case eps[] = {
      {{"abcdefg"}, {"hijklmnop"}, 0},
      {{""}, {"reference"}, 0},
      {{"aa"}, {"ab"}, 8.3333},
      {{"a", "b"}, {"a", "c"}, 8.3333},
      {{"a"}, {"a"}, 16.6667},
      {{"a b c"}, {"abc"}, 50},
      {{" risk assessment must be made of those who are qualified and expertise in the sector - these are the "
        "scientists ."},
       {"risk assessment has to be undertaken by those who are qualified and expert in that area - that is the "
        "scientists ."},
       63.361730},
      {{" Die    Beziehung zwischen  Obama und Netanjahu ist nicht gerade  freundlich. "},
       {"Das Verh\u00e4ltnis zwischen Obama und Netanyahu ist nicht gerade freundschaftlich."},
       64.1302698},
  };
  for (const auto& c : eps)
    EXPECT_NEAR(corpus_chrf(c.hypotheses, c.references, {.beta = 3, .eps_smoothing = true}), c.score, 1e-4);
  const Case effective[] = {
      {{"a"}, {"a"}, 100}, {{"a b c"}, {"abc"}, 100}, {{"a", "b"}, {"a", "c"}, 50}, {{"aa"}, {"ab"}, 25}};
  for (const auto& c : effective) EXPECT_NEAR(corpus_chrf(c.hypotheses, c.references, {.beta = 3}), c.score, 1e-4);
  EXPECT_NEAR(corpus_chrf({"Die Beziehung zwischen Obama und Netanjahu ist nicht gerade freundlich."},
                          {"Das Verh\u00e4ltnis zwischen Obama und Netanyahu ist nicht gerade freundschaftlich."},
                          {.beta = 3, .whitespace = true}),
              67.3481606, 1e-4);
  EXPECT_NEAR(
      corpus_chrf(
          {"Co n\u00e1s nejv\u00edc tr\u00e1p\u00ed, proto\u017ee l\u00e9ka\u0159i si vyb\u00edraj\u00ed, kdo bude "
           "\u017e\u00edt a "
           "kdo zem\u0159e."},
          {"Nejv\u00edce smutn\u00ed jsme z toho, \u017ee mus\u00edme rozhodovat o tom, kdo bude \u017e\u00edt a kdo "
           "zem\u0159e."},
          {.eps_smoothing = true}),
      39.14078509, 1e-4);
}

}  // namespace
}  // namespace ingot
