#include "ingot/nn/box_ops.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <torch/torch.h>

namespace ingot {
namespace {

// Width, height, and centre of each box.
struct Extent {
  Tensor w, h, x, y;  // [N]
};
Extent extent(const Tensor& boxes) {
  const auto c = boxes.unbind(-1);
  const auto w = c[2] - c[0], h = c[3] - c[1];
  return {w, h, c[0] + 0.5 * w, c[1] + 0.5 * h};
}

}  // namespace

Tensor box_area(const Tensor& boxes) {
  const auto c = boxes.unbind(-1);
  return (c[2] - c[0]) * (c[3] - c[1]);
}

Tensor box_iou(const Tensor& a, const Tensor& b) {
  const auto low = at::maximum(a.unsqueeze(1).narrow(2, 0, 2), b.narrow(1, 0, 2));   // [N, M, 2]
  const auto high = at::minimum(a.unsqueeze(1).narrow(2, 2, 2), b.narrow(1, 2, 2));  // [N, M, 2]
  const auto inter = (high - low).clamp_min(0).prod(2);                              // [N, M]
  return inter / (box_area(a).unsqueeze(1) + box_area(b) - inter);
}

Tensor pairwise_giou(const Tensor& a, const Tensor& b) {
  const auto low_a = a.narrow(1, 0, 2), high_a = a.narrow(1, 2, 2), low_b = b.narrow(1, 0, 2),
             high_b = b.narrow(1, 2, 2);
  const auto inter = (at::minimum(high_a, high_b) - at::maximum(low_a, low_b)).clamp_min(0).prod(1);
  const auto all = box_area(a) + box_area(b) - inter;
  const auto hull = (at::maximum(high_a, high_b) - at::minimum(low_a, low_b)).clamp_min(0).prod(1);
  constexpr double kEps = 1e-7;  // as torchvision
  return inter / (all + kEps) - (hull - all) / (hull + kEps);
}

Tensor clip_boxes(const Tensor& boxes, double height, double width) {
  const auto c = boxes.unbind(-1);
  return at::stack({c[0].clamp(0, width), c[1].clamp(0, height), c[2].clamp(0, width), c[3].clamp(0, height)}, -1);
}

Tensor large_enough(const Tensor& boxes, double side) {
  const auto e = extent(boxes);
  return ((e.w >= side) & (e.h >= side)).nonzero().squeeze(1);
}

Tensor encode_boxes(const Tensor& boxes, const Tensor& references, const BoxWeights& weights) {
  const auto to = extent(boxes), from = extent(references);
  return at::stack({weights[0] * (to.x - from.x) / from.w, weights[1] * (to.y - from.y) / from.h,
                    weights[2] * at::log(to.w / from.w), weights[3] * at::log(to.h / from.h)},
                   -1);
}

Tensor decode_boxes(const Tensor& offsets, const Tensor& references, const BoxWeights& weights) {
  static const double kMost = std::log(1000.0 / 16);
  const auto e = extent(offsets.dim() == 3 ? references.unsqueeze(1) : references);
  const auto d = offsets.unbind(-1);
  const auto x = d[0] / weights[0] * e.w + e.x, y = d[1] / weights[1] * e.h + e.y;
  const auto w = at::exp((d[2] / weights[2]).clamp_max(kMost)) * e.w * 0.5,
             h = at::exp((d[3] / weights[3]).clamp_max(kMost)) * e.h * 0.5;
  return at::stack({x - w, y - h, x + w, y + h}, -1);
}

Tensor non_maximum_suppression(const Tensor& boxes, const Tensor& scores, const Tensor& groups, double iou) {
  const auto order = std::get<1>(scores.cpu().sort(/*stable=*/true, 0, /*descending=*/true));
  const auto sorted = boxes.detach().cpu().to(torch::kFloat).index_select(0, order).contiguous();
  const auto group = groups.defined() ? groups.cpu().index_select(0, order) : at::zeros_like(order);
  const auto n = order.size(0);
  const float* box = sorted.data_ptr<float>();
  const int64_t *place = order.data_ptr<int64_t>(), *g = group.data_ptr<int64_t>();
  std::vector<int64_t> kept, kept_places;
  for (int64_t i = 0; i < n; ++i) {
    const float* a = box + 4 * i;
    const float area = (a[2] - a[0]) * (a[3] - a[1]);
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](int64_t j) {
      if (g[j] != g[i]) return false;
      const float* b = box + 4 * j;
      const float w = std::max(0.f, std::min(a[2], b[2]) - std::max(a[0], b[0]));
      const float h = std::max(0.f, std::min(a[3], b[3]) - std::max(a[1], b[1]));
      const float inter = w * h;
      return double(inter / (area + (b[2] - b[0]) * (b[3] - b[1]) - inter)) > iou;
    });
    if (hidden) continue;
    kept.push_back(i);
    kept_places.push_back(place[i]);
  }
  return torch::tensor(kept_places, torch::kLong).to(boxes.device());
}

}  // namespace ingot
