#include "ingot/tasks/masked_lm.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/models/registry.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

void write_vocab(const fs::path& folder, const std::string& words) {
  fs::create_directories(folder);
  write_file_atomic(folder / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" + words);
}

TEST(Masking, TakesWholeWordsAndTheirShare) {
  const TempFolder folder;
  write_vocab(folder / "v", "un\n##able\nto\nsee\n##n\n");
  const auto tokenizer = load_tokenizer(folder / "v");
  const Masking masking({.share = 0.3}, *tokenizer);
  const std::vector<int64_t> text = {2, 5, 6, 7, 8, 9,
                                     7, 7, 5, 6, 6, 3};  // [CLS] un ##able to see ##n to to un .. [SEP]
  int64_t chosen = 0, hidden = 0, same = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    auto ids = text;
    Rng rng(seed);
    const auto targets = masking.apply(ids, rng);
    EXPECT_GE(targets.size(), 1u);
    EXPECT_LE(targets.size(), 3u);  // 0.3 of ten, unless one word is longer
    std::vector<char> taken(text.size());
    for (const auto& t : targets) {
      EXPECT_EQ(t.id, text[size_t(t.place)]);
      taken[size_t(t.place)] = 1;
      hidden += ids[size_t(t.place)] == 4;
      same += ids[size_t(t.place)] == t.id;
    }
    EXPECT_TRUE(!taken[0] && !taken[11]);
    EXPECT_EQ(taken[1], taken[2]);
    EXPECT_EQ(taken[4], taken[5]);
    EXPECT_TRUE(taken[8] == taken[9] && taken[9] == taken[10]);
    for (size_t i = 0; i < text.size(); ++i) {
      EXPECT_TRUE(taken[i] || ids[i] == text[i]);
    }
    chosen += int64_t(targets.size());
  }
  EXPECT_NEAR(double(hidden) / double(chosen), 0.8, 0.04);
  EXPECT_NEAR(double(same) / double(chosen), 0.1 + 0.1 / 5, 0.03);
}

TEST(MaskedLm, LearnsWordsFromTheirNeighbours) {
  const TempFolder folder;
  write_vocab(folder / "v", "a\nb\nc\nd\n");
  std::string text;
  for (int run = 0; run < 24; ++run)
    for (int i = 0; i < 50; ++i) text += std::string(1, char('a' + run % 4)) + " ";
  write_file_atomic(folder / "text.txt", text);
  const auto task =
      make_task(parse_toml("[model]\nname = \"bert\"\nhead = \"masked_lm\"\nhidden_size = 32\n"
                           "num_hidden_layers = 1\nnum_attention_heads = 2\nintermediate_size = 32\n"
                           "max_position_embeddings = 10\nhidden_dropout_prob = 0\n"
                           "attention_probs_dropout_prob = 0\n[data]\ntext = \"" +
                               (folder / "text.txt").string() + "\"\ntokenizer = \"" + (folder / "v").string() + "\"\n",
                           "recipe.toml"),
                {.batch_size = 16});
  task->initialise();
  torch::optim::Adam optimizer(task->module().parameters(), torch::optim::AdamOptions(1e-2));
  for (int64_t step = 0; step < 150; ++step) {
    const auto batch = task->train_batch(step);
    optimizer.zero_grad();
    (task->loss(batch, "model") / batch.weight).backward();
    optimizer.step();
  }
  const auto metrics = task->evaluate("validation");
  EXPECT_NEAR(metrics["unigram_loss"].get<double>(), std::log(4.), 0.1);
  EXPECT_LT(metrics["loss"].get<double>(), 0.7);
  EXPECT_EQ(task->evaluate("validation"), metrics);
  const auto answer = task->predict({{"text", "c c [MASK] c c c"}});
  EXPECT_EQ(answer["masks"][0][0]["token"], "c");
  EXPECT_EQ(answer["text"], "c c c c c c");
  EXPECT_NE(error_of([&] { task->predict({{"text", "a b"}}); }).find("has no [MASK]"), std::string::npos);
}

}  // namespace
}  // namespace ingot
