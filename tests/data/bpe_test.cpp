#include "ingot/data/bpe.h"

#include <thread>

#include <gtest/gtest.h>

#include "data/random_text.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/tokenizer_train.h"
#include "support/fixture.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

using Ids = std::vector<int32_t>;

// Trained on its own words: small, and with real merges.
std::unique_ptr<Tokenizer> small_bpe(std::string pattern = "gpt2") {
  TokenizerTrainConfig config{.vocab_size = 400, .min_frequency = 1, .pattern = std::move(pattern)};
  bool given = false;
  return train_tokenizer(config, [&](std::string& text) {
    text = "the cat sat on the mat; the hat is on the cat. aaaaaaaa 中文 中文 \U0001F917 they're there, isn't it? it's";
    return !std::exchange(given, true);
  });
}

// The textbook procedure: always merge the leftmost pair of the least rank.
Ids merge_by_definition(const Bpe& bpe, std::string_view word) {
  Ids ids;
  for (const char b : word) ids.push_back(*bpe.id_of(std::string(1, b)));
  for (;;) {
    size_t best = bpe.parts().merges.size(), at = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i)
      for (size_t rank = 0; rank < best; ++rank)
        if (bpe.parts().merges[rank].left == ids[i] && bpe.parts().merges[rank].right == ids[i + 1]) {
          best = rank;
          at = i;
        }
    if (best == bpe.parts().merges.size()) return ids;
    ids[at] = bpe.parts().merges[best].result;
    ids.erase(ids.begin() + ptrdiff_t(at) + 1);
  }
}

TEST(Bpe, MergesByDefinition) {
  const auto tokenizer = small_bpe("[\\s\\S]+");  // one word: no cutting
  const auto& bpe = dynamic_cast<const Bpe&>(*tokenizer);
  Rng rng(3);
  for (int round = 0; round < 60; ++round) {  // words on both sides of the limit of the short method
    std::string word;
    while (word.size() < 1 + rng.below(120)) word += "theca s nom"[rng.below(11)];
    ASSERT_EQ(bpe.encode(word), merge_by_definition(bpe, word)) << word;
  }
}

TEST(Bpe, DecodesWhatItEncodedForAnyBytes) {
  for (const char* pattern : {"gpt2", "cl100k", "o200k"}) {
    const auto bpe = small_bpe(pattern);
    Rng rng(4);
    for (int round = 0; round < 200; ++round) {
      const std::string bytes = random_bytes(rng, rng.below(300));
      ASSERT_EQ(bpe->decode(bpe->encode(bytes)), bytes);
      const std::string text = random_text(rng, rng.below(100));
      ASSERT_EQ(bpe->decode(bpe->encode(text)), text);
    }
  }
}

TEST(Bpe, AMegabyteWithoutASpaceIsOneWord) {
  const auto bpe = small_bpe();
  const std::string text(1'000'000, 'a');
  const auto ids = bpe->encode(text);
  EXPECT_LE(ids.size(), text.size() / 4);
  EXPECT_EQ(bpe->decode(ids), text);
}

TEST(Bpe, ControlTokensAreTextUnlessAskedFor) {
  const auto bpe = small_bpe();
  const int32_t end = *bpe->end_of_text();
  EXPECT_EQ(bpe->token_bytes(end), "<|endoftext|>");
  const std::string text = "cat<|endoftext|>mat";
  const auto plain = bpe->encode(text);
  EXPECT_EQ(std::count(plain.begin(), plain.end(), end), 0);
  Ids ids;
  bpe->encode_with_special(text, ids);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), end), 1);
  EXPECT_EQ(bpe->decode(ids), text);
}

TEST(Bpe, RefusesIdsOutOfRange) {
  const auto bpe = small_bpe();
  for (const int32_t id : {-1, int32_t(bpe->vocab_size()), std::numeric_limits<int32_t>::max()}) {
    EXPECT_THROW(bpe->decode(Ids{id}), Error);
    EXPECT_THROW(bpe->token_bytes(id), Error);
  }
}

TEST(Bpe, ThreadsAndTokenizersDoNotMixTheirWords) {
  const auto a = small_bpe(), b = small_bpe("cl100k");
  const std::string text = "the cat isn't on the mat 中文";
  const auto of_a = a->encode(text), of_b = b->encode(text);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(a->encode(text), of_a);
        EXPECT_EQ(b->encode(text), of_b);
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST(Bpe, EveryFormOnDiskGivesTheSameIds) {
  const auto bpe = small_bpe();
  const auto& parts = dynamic_cast<const Bpe&>(*bpe).parts();
  TempFolder folder;
  bpe->save(folder / "json");
  write_gpt2_files(parts, folder / "gpt2");
  write_tiktoken(parts, folder / "x.tiktoken");
  Rng rng(5);
  const auto json = load_tokenizer(folder / "json"), gpt2 = load_tokenizer(folder / "gpt2"),
             tiktoken = load_tokenizer(folder / "x.tiktoken");
  EXPECT_EQ(gpt2->end_of_text(), bpe->end_of_text());
  for (int round = 0; round < 100; ++round) {
    const std::string text = random_text(rng, 50) + " the cat's hat on mats";
    const auto ids = bpe->encode(text);
    ASSERT_EQ(json->encode(text), ids);
    ASSERT_EQ(gpt2->encode(text), ids);
    ASSERT_EQ(tiktoken->encode(text), ids);
  }
}

// minGPT's bpe.py and openai/tiktoken's tests.
TEST(Bpe, MatchesGpt2) {
  INGOT_FIXTURE(folder, "fixture-tokenizers/gpt2");
  const auto gpt2 = load_tokenizer(folder);
  EXPECT_EQ(gpt2->vocab_size(), 50257);
  EXPECT_EQ(gpt2->end_of_text(), 50256);
  EXPECT_EQ(gpt2->encode("Hello!! I'm Andrej Karpathy. It's 2022. w00t :D 🤗"),
            (Ids{15496, 3228,  314, 1101, 10948, 73, 509,  5117, 10036, 13, 632,
                 338,   33160, 13,  266,  405,   83, 1058, 35,   12520, 97, 245}));
  EXPECT_EQ(gpt2->encode("hello world"), (Ids{31373, 995}));
  EXPECT_EQ(gpt2->encode("00000000000000000"), (Ids{8269, 10535, 830}));
  EXPECT_EQ(gpt2->encode("today\n \n"), (Ids{40838, 198, 220, 198}));
  EXPECT_EQ(gpt2->encode("'rer"), (Ids{821, 81}));
}

TEST(Bpe, ATiktokenFileSaysWhichLineIsWrong) {
  TempFolder folder;
  const auto message = [&](std::string_view text) -> std::string {
    write_file_atomic(folder / "bad.tiktoken", text);
    try {
      load_tokenizer(folder / "bad.tiktoken");
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_NE(message("IQ== 0\nnot base64\n").find(":2: got 'not base64', expected"), std::string::npos);
  EXPECT_NE(message("IQ== 0\nIg== 0\n").find(":2: rank 0 is given twice"), std::string::npos);
  EXPECT_NE(message("IQ== 0\nIQ== 1\n").find("given twice"), std::string::npos);
  EXPECT_NE(message("IQ== 99999999999\n").find("expected a token"), std::string::npos);
  EXPECT_NE(message("").find("holds no rank"), std::string::npos);
}

}  // namespace
}  // namespace ingot
