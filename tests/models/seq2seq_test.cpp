// Encoder-decoder: shapes, causality, cached decoding, learning, parity with torch's own layers
// (tools/golden/seq2seq.py).
#include "ingot/models/seq2seq.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/models/registry.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/seed_formula.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

Seq2SeqConfig tiny_seq2seq(bool pre_norm) {
  Seq2SeqConfig c;
  c.vocab_size = 30;
  c.d_model = 16;
  c.d_ff = 24;
  c.heads = 2;
  c.encoder_layers = c.decoder_layers = 2;
  c.max_positions = 12;
  c.pre_norm = pre_norm;
  c.dropout = 0;
  return c;
}

struct Pairs {
  Tensor source = (at::arange(30).view({3, 10}) * 7 + 3).remainder(30);
  Tensor target = (at::arange(24).view({3, 8}) * 5 + 2).remainder(30);
  Tensor real = at::arange(10).unsqueeze(0) < torch::tensor({10, 7, 4}).unsqueeze(1);
};

TEST(Seq2Seq, SeesTheSourceButNeitherPaddingNorTheFuture) {
  Seq2Seq model(tiny_seq2seq(true));
  model->initialise(0);
  model->eval();
  Pairs p;
  const auto before = model->features(p.source, p.real, p.target);
  EXPECT_EQ(before.sizes(), (at::IntArrayRef{3, 8, 16}));
  auto padding = p.source.clone();
  padding[1][8] = 1;
  EXPECT_TRUE(before.equal(model->features(padding, p.real, p.target)));
  auto future = p.target.clone();
  future.select(1, 7).fill_(1);
  EXPECT_TRUE(before.narrow(1, 0, 7).allclose(model->features(p.source, p.real, future).narrow(1, 0, 7), 0, 1e-6));
  auto source = p.source.clone();
  source[1][6] = 1;
  EXPECT_FALSE(before[1].allclose(model->features(source, p.real, p.target)[1]));
  EXPECT_EQ(error_of([&] {
              model->features(p.source, p.real, at::zeros({3, 13}, at::kLong));
            }),
            "[seq2seq] the sentence is 13 tokens, expected <= max_positions 12");
}

TEST(Seq2Seq, DecodesStepByStepAsAllAtOnce) {
  const torch::NoGradGuard no_grad;
  Pairs p;
  for (const bool pre_norm : {false, true}) {
    Seq2Seq model(tiny_seq2seq(pre_norm));
    model->initialise(3);
    model->eval();
    const auto all = model->logits(model->features(p.source, p.real, p.target));  // [3, 8, V]
    auto state = model->start(p.source, p.real, 2, 8);
    for (int64_t t = 0; t < 8; ++t) {
      const auto step = model->step(p.target.select(1, t).repeat_interleave(2), state);  // [6, V]
      EXPECT_LT((step - all.select(1, t).repeat_interleave(2, 0)).abs().max().item<double>(), 1e-4) << t;
    }
  }
}

TEST(Seq2Seq, ItsAttentionIsWhatItsOutputIsMadeOf) {
  const torch::NoGradGuard no_grad;
  Pairs p;
  for (const bool pre_norm : {false, true}) {
    Seq2Seq model(tiny_seq2seq(pre_norm));
    model->initialise(3);
    model->eval();
    Tensor attention;
    const auto with = model->features(p.source, p.real, p.target, &attention);
    EXPECT_TRUE(with.allclose(model->features(p.source, p.real, p.target), 1e-5, 1e-6))
        << "the plain path of pictures against the fused one";
    EXPECT_EQ(attention.sizes(), (at::IntArrayRef{3, 8, 10}));
    EXPECT_TRUE(attention.sum(2).allclose(at::ones({3, 8}), 0, 1e-6));
    EXPECT_EQ(attention[2].slice(1, 4).abs().max().item<double>(), 0) << "nothing is read of padding";
  }
}

TEST(Seq2Seq, MatchesTheReference) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/seq2seq.safetensors");
  Pairs p;
  for (const bool pre_norm : {false, true}) {
    const std::string prefix = pre_norm ? "pre." : "post.";
    Seq2Seq model(tiny_seq2seq(pre_norm));
    fill_by_formula(*model);
    const auto logits = model->logits(model->features(p.source, p.real, p.target));
    const auto theirs = golden.at(prefix + "logits");
    EXPECT_LT((logits - theirs).abs().max().item<double>(), 1e-4 * theirs.abs().max().item<double>()) << prefix;
    torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.01));
    const auto losses = golden.at(prefix + "losses");
    for (int64_t step = 0; step < losses.size(0); ++step) {
      optimizer.zero_grad();
      const auto out = model->logits(model->features(p.source, p.real, p.target.narrow(1, 0, 7)));
      const auto loss = at::cross_entropy_loss(out.flatten(0, 1), p.target.narrow(1, 1, 7).flatten(), {},
                                               at::Reduction::Mean, -100, 0.1);
      EXPECT_NEAR(loss.item<double>(), losses[step].item<double>(), 1e-3) << prefix << step;
      loss.backward();
      optimizer.step();
    }
  }
}

TEST(Translate, LearnsSentencesByHeart) {
  const TempFolder folder;
  const char* words[][2] = {{"ein", "a"},   {"rot", "red"},  {"blau", "blue"},
                            {"Hut", "hat"}, {"Hund", "dog"}, {"Ball", "ball"}};
  std::string de, en;
  for (int color = 1; color < 3; ++color)
    for (int thing = 3; thing < 6; ++thing) {
      de += std::string(words[0][0]) + " " + words[thing][0] + " ist " + words[color][0] + ".\n";
      en += std::string(words[0][1]) + " " + words[thing][1] + " is " + words[color][1] + " today.\n";
    }
  write_file_atomic(folder / "t.de", de);
  write_file_atomic(folder / "t.en", en);
  const auto prefix = "\"" + (folder / "t").string() + "\"";
  const auto recipe = [&](const std::string& more) {
    return parse_toml(
        "[model]\nname = \"seq2seq\"\nd_model = 32\nd_ff = 32\nheads = 2\nencoder_layers = 1\n"
        "decoder_layers = 1\nmax_positions = 40\ndropout = 0\n[data]\ntrain = " +
            prefix + "\ntest = " + prefix + "\nsource = \"de\"\ntarget = \"en\"\n" + more +
            "[data.tokenizer]\nvocab_size = 290\n",
        "recipe.toml");
  };
  const auto task = make_task(recipe(""), {.batch_size = 4});
  task->initialise();
  EXPECT_EQ(task->batches_per_epoch(), 2);
  torch::optim::Adam optimizer(task->module().parameters(), torch::optim::AdamOptions(3e-3));
  for (int64_t step = 0; step < 150; ++step) {
    const auto batch = task->train_batch(step);
    optimizer.zero_grad();
    (task->loss(batch, "model") / batch.weight).backward();
    optimizer.step();
  }
  const auto metrics = task->evaluate("test");
  EXPECT_NEAR(metrics["bleu"].get<double>(), 100, 1e-6) << metrics;
  EXPECT_NEAR(metrics["chrf"].get<double>(), 100, 1e-6);
  EXPECT_LT(metrics["copy_bleu"].get<double>(), 30);
  EXPECT_EQ(task->predict({{"text", "ein Hund ist rot."}})["text"], "a dog is red today.");
  EXPECT_EQ(make_task(recipe("bleu_tokenizer = \"zh\"\n"), {})->batches_per_epoch(), 6);
  EXPECT_NE(error_of([&] { make_task(recipe("bleu_tokenizer = \"jp\"\n"), {}); }).find("bleu_tokenizer: got \"jp\""),
            std::string::npos);
  task->illustrate(folder.path().string());
  const auto picture = read_file(folder / "attention_1.svg");
  EXPECT_NE(picture.find("reference: a hat is red today."), std::string::npos) << picture;
  EXPECT_NE(error_of([&] { make_task(recipe("beam = 0\n"), {}); }).find("beam: got 0, expected 1 to 100"),
            std::string::npos);
  write_file_atomic(folder / "t.en", en + "one more\n");
  EXPECT_NE(error_of([&] { make_task(recipe(""), {}); }).find("has 6 lines and"), std::string::npos);
  write_file_atomic(folder / "t.en", "caf\xe9\n");
  EXPECT_NE(error_of([&] { make_task(recipe(""), {}); }).find("t.en:1 is not UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace ingot
