#include "ingot/data/quality.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

std::string problem(const std::string& text, const QualityConfig& config = {}) {
  return quality_problem(config, text, text_features(text));
}

std::string numbered_words(int count, const std::string& end = " ") {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::string("word") + char('a' + i % 26) + char('a' + i / 26 % 26) + end;
  return text;
}

const std::string kProse =
    "The open system call opens the file specified by pathname. If the specified file does not exist, it may "
    "optionally "
    "be created. The return value is a file descriptor, a small, nonnegative integer that is an index to an entry in "
    "the "
    "table of open file descriptors of the process.\n";

}  // namespace

TEST(Quality, PassesProseInManyLanguages) {
  EXPECT_EQ(problem(kProse), "");
  EXPECT_EQ(problem("床前明月光，疑是地上霜。举头望明月，低头思故乡。白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"),
            "");
  EXPECT_EQ(problem("Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. Все "
                    "смешалось в доме "
                    "Облонских. Жена узнала, что муж был в связи с бывшею в их доме гувернанткой."),
            "");
}

TEST(Quality, EachRuleNamesItself) {
  EXPECT_EQ(problem("too short"), "min_words");
  QualityConfig few;
  few.max_words = 30;
  EXPECT_EQ(problem(kProse, few), "max_words");
  EXPECT_EQ(problem(kProse + std::string("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")), "max_replacement");
  EXPECT_EQ(problem("a b c d e f g h i j k l m n o p q r s t u v w x y z"), "min_word_length");
  EXPECT_EQ(problem(numbered_words(30, "averyveryverylongword ")), "max_word_length");
  EXPECT_EQ(problem(numbered_words(30, " # ")), "max_symbols");
  EXPECT_EQ(problem(numbered_words(30, " ... ")), "max_symbols");
  EXPECT_EQ(problem(numbered_words(30, " 1000 2000 ")), "min_alphabetic");
  std::string bullets, ellipses, lines;
  for (int i = 0; i < 30; ++i) bullets += "- " + numbered_words(1) + char('a' + i) + "ff\n";
  EXPECT_EQ(problem(bullets.substr(0, bullets.find("{"))), "max_bullet_lines");
  for (int i = 0; i < 26; ++i)
    ellipses += std::string("seven quite different words on line ") + char('a' + i) + "x zz…\n";
  EXPECT_EQ(problem(ellipses), "max_symbols");
  QualityConfig symbols;
  symbols.max_symbols = 1;
  EXPECT_EQ(problem(ellipses, symbols), "max_ellipsis_lines");
  EXPECT_EQ(problem(kProse + kProse), "max_duplicate_lines");
  std::string top;
  for (int i = 0; i < 26; ++i)
    top += std::string("buy cheap shoes online ") + char('a' + i) + "xyz" + char('a' + i) + " other" + char('a' + i) +
           "\n";
  EXPECT_EQ(problem(top), "max_top_4gram");
}

TEST(Quality, CanBeTurnedOff) {
  QualityConfig off;
  off.enabled = false;
  EXPECT_EQ(problem("x", off), "");
}

TEST(Quality, CountsWordsOfUnspacedScriptsByCharacter) {
  const auto f = text_features("Hello 世界, ３ + 42 naïve");
  EXPECT_EQ(f.words.size(), 6u);
  EXPECT_EQ(f.unspaced_words, 2);
  EXPECT_EQ(f.alphabetic_words, 5);
  EXPECT_EQ(f.scripts[size_t(Script::Han)], 2);
  EXPECT_EQ(f.scripts[size_t(Script::Latin)], 10);
  EXPECT_EQ(text_features("The END").words, text_features("the end").words);
}

TEST(Quality, RefusesSharesOutsideZeroToOne) {
  QualityConfig config;
  config.max_top_4gram = 2;
  config.min_words = -1;
  EXPECT_EQ(config.validate().size(), 2u);
}

}  // namespace ingot
