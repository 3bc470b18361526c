#include "ingot/data/tokenizer_train.h"

#include <map>

#include <gtest/gtest.h>

#include "data/random_text.h"
#include "ingot/data/bpe.h"
#include "ingot/data/bpe_train.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

std::unique_ptr<Tokenizer> train(const TokenizerTrainConfig& config, std::vector<std::string> texts) {
  size_t at = 0;
  return train_tokenizer(config, [&](std::string& text) {
    if (at == texts.size()) return false;
    text = texts[at++];
    return true;
  });
}

// Sennrich et al. 2016, algorithm 1: count all pairs anew for every merge.
std::vector<std::pair<int32_t, int32_t>> merge_by_recounting(std::vector<CountedWord> words, int32_t next_id,
                                                             int64_t num_merges) {
  std::vector<std::pair<int32_t, int32_t>> merges;
  for (; int64_t(merges.size()) < num_merges; ++next_id) {
    std::map<std::pair<int32_t, int32_t>, int64_t> counts;
    for (const auto& word : words)
      for (size_t i = 0; i + 1 < word.symbols.size(); ++i) counts[{word.symbols[i], word.symbols[i + 1]}] += word.count;
    if (counts.empty()) break;
    const auto best = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
                        return a.second < b.second;
                      })->first;
    merges.push_back(best);
    for (auto& word : words)
      for (size_t i = 0; i + 1 < word.symbols.size(); ++i)
        if (word.symbols[i] == best.first && word.symbols[i + 1] == best.second) {
          word.symbols[i] = next_id;
          word.symbols.erase(word.symbols.begin() + ptrdiff_t(i) + 1);
        }
  }
  return merges;
}

TEST(TokenizerTrain, LearnsTheMergesOfTheNaiveAlgorithm) {
  Rng rng(6);
  for (int round = 0; round < 30; ++round) {
    std::vector<CountedWord> words(1 + rng.below(40));
    for (auto& word : words) {
      word.count = 1 + int64_t(rng.below(20));
      for (size_t i = 0, n = 1 + rng.below(12); i < n; ++i) word.symbols.push_back(int32_t(rng.below(4)));
    }
    const auto merges = learn_merges(words, 4, 30, 1, [](const Merge&) { return -1; }, {});
    std::vector<std::pair<int32_t, int32_t>> pairs;
    for (const auto& merge : merges) pairs.emplace_back(merge.left, merge.right);
    ASSERT_EQ(pairs, merge_by_recounting(words, 4, 30)) << round;
  }
}

TEST(TokenizerTrain, DoesNotDependOnThreadsOrOrder) {
  Rng rng(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back(random_text(rng, 300) + " the cat and the dog sat on the mat");
  TokenizerTrainConfig config{.vocab_size = 500, .threads = 1};
  const std::string one = tokenizer_json_text(dynamic_cast<const Bpe&>(*train(config, texts)).parts());
  config.threads = 4;
  std::reverse(texts.begin(), texts.end());
  EXPECT_EQ(tokenizer_json_text(dynamic_cast<const Bpe&>(*train(config, texts)).parts()), one);
}

TEST(TokenizerTrain, AVocabularyHasGpt2sLayout) {
  const auto bpe = train({.vocab_size = 260, .min_frequency = 1}, {"aaaa abab"});
  EXPECT_EQ(bpe->token_bytes(0), "!");
  EXPECT_EQ(bpe->token_bytes(220), " ");
  EXPECT_EQ(bpe->token_bytes(256).size(), 2u);
  EXPECT_EQ(bpe->vocab_size(), 260);
  EXPECT_EQ(bpe->end_of_text(), 259);
}

TEST(TokenizerTrain, WordPiecePrefersFrequentPieces) {
  const auto wordpiece = train({.kind = "wordpiece", .vocab_size = 40, .min_frequency = 1, .lowercase = true},
                               {"Walking talking walked talked Walks talks walking talking"});
  EXPECT_EQ(wordpiece->kind(), "wordpiece");
  EXPECT_EQ(wordpiece->id_of("[PAD]"), 0);
  EXPECT_TRUE(wordpiece->id_of("##ing"));
  const auto ids = wordpiece->encode("talking");
  EXPECT_LE(ids.size(), 2u);
  EXPECT_EQ(wordpiece->decode(ids), "talking");
  EXPECT_EQ(wordpiece->encode("中"), std::vector<int32_t>{1});
}

TEST(TokenizerTrain, SaysEveryProblemOfAConfig) {
  TokenizerTrainConfig config{.kind = "bqe", .vocab_size = 0, .min_frequency = 0, .threads = -1};
  EXPECT_EQ(config.validate().size(), 4u);
  EXPECT_NE(config.validate()[0].find("did you mean 'bpe'"), std::string::npos);
  EXPECT_TRUE(TokenizerTrainConfig().validate().empty());
  EXPECT_THROW(train({.kind = "char"}, {}), Error);
}

TEST(TokenizerTrain, AFailingReaderStopsEveryThread) {
  TokenizerTrainConfig config{.threads = 3};
  int calls = 0;
  EXPECT_THROW(train_tokenizer(config,
                               [&](std::string& text) -> bool {
                                 text = "some text";
                                 if (++calls == 5) throw std::runtime_error("disk gone");
                                 return true;
                               }),
               std::runtime_error);
}

TEST(TokenizerTrain, LongWordsAreCountedInPieces) {
  const auto bpe = train({.vocab_size = 300, .min_frequency = 1}, {std::string(100'000, 'x')});
  EXPECT_GT(bpe->vocab_size(), 257);
}

}  // namespace
}  // namespace ingot
