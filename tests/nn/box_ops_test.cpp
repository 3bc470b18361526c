#include "ingot/nn/box_ops.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/file.h"
#include "ingot/nn/roi_align.h"
#include "ingot/torch/safetensors.h"
#include "support/seed_formula.h"

namespace ingot {
namespace {

Tensor random_boxes(int64_t n, int64_t k, double side) {
  const auto u = (by_formula({n, 4}, k) + 1) / 2;
  const auto low = u.narrow(1, 0, 2) * side;
  return at::cat({low, low + 2 + u.narrow(1, 2, 2) * side / 2}, 1);
}

double distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(BoxOps, MatchTorchvision) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/faster_rcnn.safetensors");
  const auto boxes = random_boxes(80, 1, 40), scores = by_formula({80}, 2), groups = (torch::arange(80) * 7) % 3;
  EXPECT_LT(distance(box_iou(boxes, boxes.narrow(0, 0, 7)), golden.at("ops.iou")), 1e-6);
  EXPECT_LT(distance(pairwise_giou(boxes.narrow(0, 0, 40), boxes.narrow(0, 40, 40)), golden.at("ops.giou")), 1e-6);
  EXPECT_TRUE(non_maximum_suppression(boxes, scores, {}, 0.4).to(torch::kFloat).equal(golden.at("ops.nms")));
  EXPECT_TRUE(
      non_maximum_suppression(boxes, scores, groups, 0.4).to(torch::kFloat).equal(golden.at("ops.batched_nms")));
}

TEST(BoxOps, DecodeWhatTheyEncode) {
  const auto boxes = random_boxes(9, 1, 50), references = random_boxes(9, 2, 50);
  const BoxWeights weights = {10, 10, 5, 5};
  const auto offsets = encode_boxes(boxes, references, weights);
  EXPECT_LT(distance(decode_boxes(offsets, references, weights), boxes), 1e-4);
  const auto two = at::stack({offsets, offsets * 0}, 1);  // [9, 2, 4]
  const auto decoded = decode_boxes(two, references, weights);
  EXPECT_LT(distance(decoded.select(1, 0), boxes), 1e-4);
  EXPECT_LT(distance(decoded.select(1, 1), references), 1e-4);
  EXPECT_TRUE(decode_boxes(offsets * 1000, references, weights).isfinite().all().item<bool>());
}

TEST(BoxOps, GiouIsNegativeFarApart) {
  const auto a = torch::tensor({{0.f, 0.f, 1.f, 1.f}}), b = torch::tensor({{3.f, 0.f, 4.f, 1.f}});
  EXPECT_NEAR(pairwise_giou(a, b).item<double>(), -0.5, 1e-6);  // hull 4, both together 2
  EXPECT_NEAR(pairwise_giou(a, a).item<double>(), 1, 1e-6);
}

TEST(RoiAlign, MatchesTorchvision) {
  const auto golden = load_tensors(fs::path(INGOT_SOURCE_DIR) / "tests/golden/faster_rcnn.safetensors");
  const auto boxes = random_boxes(12, 4, 44) - 4;  // some lie outside
  const auto image = torch::arange(12) % 2;
  for (const auto& align : {roi_align, roi_align_by_gather}) {
    auto map = by_formula({2, 5, 9, 11}, 3).requires_grad_();
    const auto out = align(map, boxes, image, {.size = 3, .sampling = 2, .scale = 0.25});
    EXPECT_EQ(out.sizes(), (at::IntArrayRef{12, 5, 3, 3}));
    EXPECT_LT(distance(out, golden.at("ops.roi_align")), 1e-5);
    out.backward(by_formula(out.sizes(), 5));
    EXPECT_LT(distance(map.grad(), golden.at("ops.roi_align_grad")), 1e-5);
  }
}

TEST(RoiAlign, TakesNoRegions) {
  auto map = torch::rand({1, 4, 5, 5}).requires_grad_();
  const auto out = roi_align(map, torch::zeros({0, 4}), torch::zeros({0}, torch::kLong), {});
  EXPECT_EQ(out.sizes(), (at::IntArrayRef{0, 4, 7, 7}));
  out.sum().backward();
  EXPECT_EQ(map.grad().abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace ingot
