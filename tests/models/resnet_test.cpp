// ResNet: sizes, the identity at the start, learning, parity with torchvision (tools/golden/resnet.py).
#include "ingot/models/resnet.h"

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

ResNetConfig tiny_resnet() {
  ResNetConfig c;
  c.depth = 0;
  c.layers = {1, 1};
  c.width = 8;
  c.stem = ResNetStem::Small;
  return c;
}

int64_t num_parameters(const torch::nn::Module& module) {
  int64_t n = 0;
  for (const auto& p : module.parameters()) n += p.numel();
  return n;
}

TEST(ResNet, HasThePublishedNumberOfParameters) {  // torchvision 0.14.1, weights' metadata
  for (const auto& [depth, parameters, entries] : {std::tuple{18, 11'689'512, 122},
                                                   {34, 21'797'672, 218},
                                                   {50, 25'557'032, 320},
                                                   {101, 44'549'160, 626},
                                                   {152, 60'192'808, 932}}) {
    ResNetConfig config;
    config.depth = depth;
    const ResNet net(config, 3, 1000);
    EXPECT_EQ(num_parameters(*net), parameters) << depth;
    EXPECT_EQ(module_state(*net).size(), size_t(entries)) << depth;
    const double products = depth == 18 ? 1'814'073'344.0 : depth == 50 ? 4'089'184'256.0 : 0;
    EXPECT_TRUE(products == 0 || net->forward_flops(224, 224) == 2 * products) << depth;
  }
}

TEST(ResNet, MapsImagesToLogits) {
  auto config = tiny_resnet();
  for (const auto block : {ResNetBlock::Basic, ResNetBlock::Bottleneck}) {
    config.block = block;
    ResNet net(config, 1, 5);
    net->initialise(0);
    EXPECT_EQ(net->forward(torch::rand({3, 1, 28, 28})).sizes(), (at::IntArrayRef{3, 5}));
    EXPECT_EQ(error_of([&] {
                net->forward(torch::rand({1, 1, 8, 8}));
              }),
              "[resnet] the batch has 1 image, expected at least 2 in training: BatchNorm has no variance over one");
    EXPECT_EQ(error_of([&] {
                net->forward(torch::rand({2, 3, 8, 8}));
              }),
              "[resnet] images are [2, 3, 8, 8], expected [B, 1, H, W]");
    net->eval();
    EXPECT_EQ(net->forward(torch::rand({1, 1, 9, 7})).sizes(), (at::IntArrayRef{1, 5}));
  }
}

TEST(ResNet, BeginsEachBlockAsTheIdentity) {
  ResNet net(tiny_resnet(), 1, 5);
  net->initialise(3);
  for (const auto& item : net->named_parameters())
    if (item.key().ends_with(".bn2.weight")) {
      EXPECT_EQ(item.value().abs().max().item<float>(), 0) << item.key();
    }
  // He et al.: variance 2 / (out 9) of layer2.0.conv2, 16 x 16 x 3 x 3.
  EXPECT_NEAR(net->named_parameters()["layer2.0.conv2.weight"].std().item<double>(), std::sqrt(2 / (16 * 9.0)), 0.01);
}

TEST(ResNet, LearnsOneBatchByHeart) {
  ResNet net(tiny_resnet(), 1, 4);
  net->initialise(0);
  torch::manual_seed(0);
  const auto x = torch::randn({8, 1, 8, 8});
  const auto y = torch::arange(8) % 4;
  torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  double loss = 0;
  for (int step = 0; step < 40; ++step) {
    optimizer.zero_grad();
    const auto l = at::cross_entropy_loss(net->forward(x), y);
    l.backward();
    optimizer.step();
    loss = l.item<double>();
  }
  EXPECT_LT(loss, 0.05);
}

TEST(ResNet, ListsEveryProblemOfItsConfig) {
  auto config = tiny_resnet();
  config.depth = 20;
  config.width = 0;
  const auto problems = config.validate();
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0], "depth: got 20, expected 18, 34, 50, 101, 152, or 0 with layers and block");
}

TEST(ResNet, MatchesTorchvision) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/resnet.safetensors");
  for (const int depth : {18, 50}) {
    SCOPED_TRACE(depth);
    ResNetConfig config;
    config.depth = depth;
    ResNet net(config, 3, 10);
    fill_by_formula(*net);
    const auto expect_near = [&](const Tensor& ours, const char* what, double tolerance) {
      const auto theirs = golden.at("resnet" + std::to_string(depth) + "." + what);
      EXPECT_LT((ours - theirs).abs().max().item<double>(), tolerance * theirs.abs().max().item<double>()) << what;
    };
    const auto x = 2 * by_formula({4, 3, 64, 64}, 1000);
    {
      const torch::NoGradGuard no_grad;
      net->eval();
      expect_near(net->forward(x), "eval", 1e-4);
      net->train();
      expect_near(net->forward(x), "train", 1e-4);
      expect_near(net->named_buffers()["layer4.1.bn2.running_var"], "running_var", 1e-4);
    }
    if (depth != 18) continue;
    torch::optim::SGD optimizer(net->parameters(),
                                torch::optim::SGDOptions(1e-3).momentum(0.9).weight_decay(1e-4).nesterov(true));
    const auto y = torch::arange(4);
    const auto losses = golden.at("resnet18.losses");
    for (int64_t step = 0; step < losses.size(0); ++step) {
      optimizer.zero_grad();
      const auto l = at::cross_entropy_loss(net->forward(x), y, {}, at::Reduction::Mean, -100, 0.1);
      EXPECT_NEAR(l.item<double>(), losses[step].item<double>(), 1e-3) << "step " << step;
      l.backward();
      optimizer.step();
    }
  }
}

}  // namespace
}  // namespace ingot
