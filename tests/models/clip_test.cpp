#include "ingot/models/clip.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/seed_formula.h"

namespace ingot {
namespace {

ClipConfig golden_clip(ContrastLoss loss) {
  ClipConfig c;
  c.image.depth = 0;
  c.image.layers = {1, 1, 1, 1};
  c.text = {.layers = 2, .width = 16, .heads = 2, .inner = 24, .context = 9};
  c.embedding = 8;
  c.loss = loss;
  return c;
}

ClipConfig tiny_clip(ContrastLoss loss) {
  auto c = golden_clip(loss);
  c.image.layers = {1, 1};
  c.image.width = 8;
  c.image.stem = ResNetStem::Small;
  c.sound = c.image;
  return c;
}

Partners some_texts(int64_t B, int64_t T, int64_t V, const std::vector<int64_t>& lengths) {
  const auto ids = (torch::arange(B * T).view({B, T}) * 7 + 3) % V;
  return {ids, torch::arange(T).unsqueeze(0) < torch::tensor(lengths).unsqueeze(1), {}};
}

const Tensor kNone = torch::zeros({6, 6}, torch::kBool);

TEST(Clip, MatchesTorch) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/clip.safetensors");
  const auto images = 2 * by_formula({6, 3, 32, 32}, 1000);
  const auto texts = some_texts(6, 9, 40, {9, 7, 4, 1, 9, 3});
  auto same = kNone.clone();
  same[0][3] = same[3][0] = true;
  for (const auto kind : {ContrastLoss::InfoNce, ContrastLoss::Sigmoid}) {
    const auto prefix = enum_name(kind);
    SCOPED_TRACE(prefix);
    Clip net(golden_clip(kind), 3, 40);
    fill_by_formula(*net);
    {
      const torch::NoGradGuard no_grad;
      auto parameters = net->named_parameters();
      parameters["logit_scale"].fill_(std::log(10));
      if (auto* bias = parameters.find("logit_bias")) bias->fill_(-3);
      net->eval();
      EXPECT_LT((net->embed_images(images) - golden.at(prefix + ".images")).abs().max().item<double>(), 1e-4);
      EXPECT_LT((net->embed_partners(texts) - golden.at(prefix + ".texts")).abs().max().item<double>(), 1e-4);
    }
    net->train();
    torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(1e-4));
    const auto losses = golden.at(prefix + ".losses");
    for (int64_t step = 0; step < losses.size(0); ++step) {
      optimizer.zero_grad();
      const auto loss = net->loss(net->embed_images(images), net->embed_partners(texts), same);
      EXPECT_NEAR(loss.item<double>(), losses[step].item<double>(), 1e-3) << "step " << step;
      loss.backward();
      optimizer.step();
    }
  }
}

TEST(Clip, EmbedsToLengthOne) {
  Clip net(tiny_clip(ContrastLoss::InfoNce), 1, 40);
  net->initialise(0);
  const auto a = net->embed_images(torch::rand({3, 1, 16, 16})),
             b = net->embed_partners(some_texts(3, 5, 40, {5, 1, 3}));
  EXPECT_EQ(a.sizes(), (at::IntArrayRef{3, 8}));
  EXPECT_EQ(b.sizes(), (at::IntArrayRef{3, 8}));
  for (const auto& x : {a, b}) EXPECT_LT((x.norm(2, {1}) - 1).abs().max().item<double>(), 1e-5);
  EXPECT_EQ(error_of([&] { net->embed_partners(some_texts(1, 10, 40, {10})); }),
            "[clip] the text is 10 tokens, expected <= text.context 9");
}

TEST(Clip, DoesNotSeePadding) {
  Clip net(tiny_clip(ContrastLoss::InfoNce), 1, 40);
  net->initialise(0);
  net->eval();
  auto texts = some_texts(2, 6, 40, {3, 6});
  const auto before = net->embed_partners(texts);
  texts.ids[0].narrow(0, 3, 3).fill_(1);
  EXPECT_LT((net->embed_partners(texts) - before).abs().max().item<double>(), 1e-6);
}

TEST(Clip, HoldsItsScaleAtTheBound) {
  auto config = tiny_clip(ContrastLoss::InfoNce);
  config.max_scale = 20;
  Clip net(config, 1, 40);
  net->initialise(0);
  EXPECT_NEAR(net->scale(), 1 / 0.07, 1e-3);
  {
    const torch::NoGradGuard no_grad;
    net->named_parameters()["logit_scale"].fill_(10);
  }
  EXPECT_EQ(net->scale(), 20);
  const auto x = torch::eye(6, 8);
  EXPECT_NEAR(net->loss(x, x, kNone).item<double>(), 6 * std::log(1 + 5 * std::exp(-20.0)), 1e-5);
}

TEST(Clip, SetsNoPairOfOneClassAgainstAnother) {
  const auto logits = by_formula({6, 6}, 1) * 3;
  auto same = kNone.clone();
  same[1][2] = same[2][1] = true;
  for (const auto& loss : {info_nce, sigmoid_contrast}) {
    auto changed = logits.clone();
    changed[1][2] += 5;
    EXPECT_EQ(loss(logits, same).item<float>(), loss(changed, same).item<float>());
    EXPECT_NE(loss(logits, kNone).item<float>(), loss(changed, kNone).item<float>());
  }
  EXPECT_NEAR(info_nce(torch::zeros({6, 6}), kNone).item<double>(), 6 * std::log(6.0), 1e-5);
}

TEST(Clip, LearnsOneBatchByHeart) {
  for (const auto kind : {ContrastLoss::InfoNce, ContrastLoss::Sigmoid})
    for (const int64_t vocab : {40, 0}) {  // 0: sounds
      Clip net(tiny_clip(kind), 1, vocab);
      net->initialise(0);
      torch::manual_seed(0);
      const auto images = torch::rand({6, 1, 16, 16});
      auto partners = some_texts(6, 5, 40, {5, 4, 3, 5, 2, 5});
      if (vocab == 0) partners = {{}, {}, torch::rand({6, 1, 12, 16})};
      torch::optim::Adam optimizer(net->parameters(), torch::optim::AdamOptions(3e-3));
      for (int step = 0; step < 60; ++step) {
        optimizer.zero_grad();
        net->loss(net->embed_images(images), net->embed_partners(partners), kNone).backward();
        optimizer.step();
      }
      const torch::NoGradGuard no_grad;
      const auto best = net->embed_images(images).mm(net->embed_partners(partners).t()).argmax(1);
      EXPECT_TRUE(best.equal(torch::arange(6))) << enum_name(kind) << " " << vocab;
    }
}

}  // namespace
}  // namespace ingot
