#include "ingot/models/faster_rcnn.h"

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

FasterRcnnConfig golden_config() {
  FasterRcnnConfig c;
  c.backbone.depth = 0;
  c.backbone.layers = {1, 1, 1, 1};
  c.backbone.norm = ResNetNorm::Group;
  c.backbone.groups = 8;
  c.first_level = 3;
  c.fpn_channels = 32;
  c.rpn.anchor_sizes = {16, 32, 64, 96};
  c.rpn.batch = c.roi.batch = 1'000'000;  // everything: nothing is left to chance
  c.rpn.before_nms_train = c.rpn.before_nms_test = 60;
  c.rpn.after_nms_train = c.rpn.after_nms_test = 50;
  c.roi.canonical_size = 56;
  c.roi.representation = 32;
  return c;
}

FasterRcnnConfig tiny_detector() {
  auto c = golden_config();
  c.backbone.layers = {1, 1};
  c.backbone.width = 16;
  c.backbone.groups = 4;
  c.first_level = 2;
  c.fpn_channels = 16;
  c.rpn.anchor_sizes = {16, 32, 32};
  c.rpn.batch = 64;
  c.roi.batch = 32;
  return c;
}

Regions truth_of(std::vector<float> corners, std::vector<int64_t> labels) {
  return {torch::tensor(corners).view({-1, 4}), torch::tensor(labels, torch::kLong), {}};
}

TEST(FasterRcnn, HasTorchvisionsParameters) {  // fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None), 0.14.1
  FasterRcnnConfig config;
  config.backbone.depth = 50;
  const FasterRcnn net(config, 90);
  EXPECT_EQ(count_parameters(*net), 41'808'406);
  EXPECT_EQ(module_state(*net).size(), 348u);
}

TEST(FasterRcnn, MatchesTorchvision) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/faster_rcnn.safetensors");
  FasterRcnn net(golden_config(), 3);
  fill_by_formula(*net);
  for (auto& item : net->named_parameters())
    for (const char* part : {"cls_logits", "bbox_pred", "cls_score"})
      if (item.key().find(part) != std::string::npos) item.value().data().mul_(0.1);
  auto x = 2 * by_formula({2, 3, 96, 128}, 1000);
  x[1].narrow(1, 80, 16).zero_();
  x[1].narrow(2, 112, 16).zero_();
  const PaddedImages images{x, {{96, 128}, {80, 112}}};
  const std::vector<Regions> truth = {truth_of({8, 10, 40, 44, 60, 20, 118, 80, 30, 50, 47, 90}, {0, 2, 1}),
                                      truth_of({5, 5, 30, 70, 50, 12, 100, 60}, {1, 0})};
  const auto expect_near = [&](const Tensor& ours, const std::string& what) {
    const auto& theirs = golden.at(what);
    ASSERT_EQ(ours.sizes(), theirs.sizes()) << what;
    EXPECT_LT((ours - theirs).abs().max().item<double>(), 1e-4 * std::max(1.0, theirs.abs().max().item<double>()))
        << what;
  };
  {
    const torch::NoGradGuard no_grad;
    net->eval();
    const auto levels = net->pyramid(x);
    expect_near(levels[0], "level0");
    expect_near(levels[3], "level3");
    const auto scored = net->score_anchors(levels, images);
    const auto cells = scored.per_level[0];
    EXPECT_EQ(cells, 12 * 16 * 3);
    const auto theirs = golden.at("rpn_logits0").permute({0, 2, 3, 1}).reshape({2, -1});  // [B, ratios, H, W]
    EXPECT_LT((scored.logits.narrow(1, 0, cells) - theirs).abs().max().item<double>(), 1e-4);
    const auto proposals = net->propose(scored, images);
    for (int i = 0; i < 2; ++i) expect_near(proposals[size_t(i)].boxes, "proposals" + std::to_string(i));
    expect_near(net->pool(levels, {truth[0].boxes, truth[1].boxes}), "pooled");
    const auto found = net->detect(images);
    for (int i = 0; i < 2; ++i) {
      const auto name = "found" + std::to_string(i);
      expect_near(found[size_t(i)].boxes, name + ".boxes");
      expect_near(found[size_t(i)].scores, name + ".scores");
      expect_near((found[size_t(i)].labels + 1).to(torch::kFloat), name + ".labels");
    }
  }
  net->train();
  const auto losses = net->losses(images, truth, 0);
  expect_near(at::stack({losses.objectness, losses.rpn_box, losses.classifier, losses.box}).detach(), "losses");
  torch::optim::SGD optimizer(net->parameters(), torch::optim::SGDOptions(2e-3).momentum(0.9));
  const auto trace = golden.at("trace");
  for (int64_t step = 0; step < trace.size(0); ++step) {
    optimizer.zero_grad();
    const auto loss = net->loss(images, truth, 0);
    EXPECT_NEAR(loss.item<double>(), trace[step].item<double>(), 1e-3) << "step " << step;
    loss.backward();
    optimizer.step();
  }
}

TEST(FasterRcnn, HasFiniteLossesWithoutBoxes) {
  FasterRcnn net(tiny_detector(), 2);
  net->initialise(0);
  const PaddedImages images{torch::rand({2, 3, 64, 64}), {{64, 64}, {64, 50}}};
  for (const auto& first : {truth_of({}, {}), truth_of({8, 8, 30, 30}, {1})}) {
    const auto loss = net->loss(images, {first, truth_of({}, {})}, 0);
    EXPECT_TRUE(std::isfinite(loss.item<double>()));
    loss.backward();
  }
}

TEST(FasterRcnn, TakesTheSameSampleForTheSameDraw) {
  FasterRcnn net(tiny_detector(), 2);
  net->initialise(0);
  const PaddedImages images{torch::rand({1, 3, 64, 64}), {{64, 64}}};
  const auto loss = [&](uint64_t draw) {
    return net->loss(images, {truth_of({8, 8, 30, 30}, {1})}, draw).item<double>();
  };
  EXPECT_EQ(loss(1), loss(1));
  EXPECT_NE(loss(1), loss(2));
}

TEST(FasterRcnn, LearnsOneBatchByHeart) {
  for (const auto box_loss : {BoxLoss::SmoothL1, BoxLoss::Giou}) {
    auto config = tiny_detector();
    config.box_loss = box_loss;
    FasterRcnn net(config, 2);
    net->initialise(0);
    torch::manual_seed(0);
    auto x = 0.1 * torch::randn({2, 3, 64, 64});
    x[0].narrow(1, 8, 24).narrow(2, 12, 20) += 1;
    x[1].narrow(1, 30, 16).narrow(2, 4, 30) -= 1;
    const PaddedImages images{x, {{64, 64}, {64, 64}}};
    const std::vector<Regions> truth = {truth_of({12, 8, 32, 32}, {0}), truth_of({4, 30, 34, 46}, {1})};
    torch::optim::Adam optimizer(net->parameters(), torch::optim::AdamOptions(2e-3));
    for (uint64_t step = 0; step < 60; ++step) {
      optimizer.zero_grad();
      net->loss(images, truth, step).backward();
      optimizer.step();
    }
    const torch::NoGradGuard no_grad;
    net->eval();
    const auto found = net->detect(images);
    for (size_t i = 0; i < 2; ++i) {
      ASSERT_GE(found[i].boxes.size(0), 1);
      EXPECT_EQ(found[i].labels[0].item<int64_t>(), int64_t(i));
      EXPECT_GT(found[i].scores[0].item<double>(), 0.7);
      EXPECT_LT((found[i].boxes[0] - truth[i].boxes[0]).abs().max().item<double>(), 6);
    }
  }
}

TEST(FasterRcnn, ListsEveryProblemOfItsConfig) {
  auto config = tiny_detector();
  config.rpn.anchor_sizes = {8};
  config.rpn.background_iou = 0.8;
  const auto problems = config.validate();
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0], "rpn.anchor_sizes: got 1, expected one for each of the 3 levels");
}

}  // namespace
}  // namespace ingot
