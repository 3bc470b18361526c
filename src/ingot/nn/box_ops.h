// Boxes are rows x1, y1, x2, y2 in pixels with x1 <= x2 and y1 <= y2, float [N, 4]; a pixel is 1 wide, as in
// torchvision.
#pragma once

#include <array>

#include "ingot/torch/tensor.h"

namespace ingot {

Tensor box_area(const Tensor& boxes);                    // [N]
Tensor box_iou(const Tensor& a, const Tensor& b);        // [N, 4], [M, 4] -> [N, M]
Tensor pairwise_giou(const Tensor& a, const Tensor& b);  // [N, 4], [N, 4] -> [N]: Rezatofighi et al. 2019, algorithm 1
Tensor clip_boxes(const Tensor& boxes, double height, double width);
Tensor large_enough(const Tensor& boxes, double side);  // places of those at least so wide and high, [K] int64

// Offsets of a box from a reference, Girshick et al. 2014, appendix C: (dx / w, dy / h, log of both ratios), times
// `weights`. Decoding caps the logarithms at log(1000 / 16), which no exp overflows.
using BoxWeights = std::array<double, 4>;
Tensor encode_boxes(const Tensor& boxes, const Tensor& references, const BoxWeights& weights);    // [N, 4]
Tensor decode_boxes(const Tensor& offsets, const Tensor& references, const BoxWeights& weights);  // [N, K, 4] or [N, 4]

// Greedy suppression: places of the boxes that stay, best first, int64. A box goes when a better one *of its group*
// overlaps it by more than `iou`. Ties keep their order. groups [N] int64 or undefined (one group).
Tensor non_maximum_suppression(const Tensor& boxes, const Tensor& scores, const Tensor& groups, double iou);

}  // namespace ingot
