// RoIAlign: He et al. 2017 ("Mask R-CNN"), 3; equal to torchvision.ops.roi_align with aligned = true.
#pragma once

#include <vector>

#include "ingot/torch/tensor.h"

namespace ingot {

struct RoiAlignConfig {
  int64_t size = 7;      // bins a side
  int64_t sampling = 2;  // samples a side of each bin, which are averaged
  double scale = 1;      // of the map to the image
};

// map [B, C, H, W], boxes [R, 4] in pixels of the image, image [R] int64 (the row of the map) -> [R, C, size, size].
// Gradients reach the map, none the boxes. On a CPU loops over channels-last memory, elsewhere roi_align_by_gather.
Tensor roi_align(const Tensor& map, const Tensor& boxes, const Tensor& image, const RoiAlignConfig& config);

// The same composed of tensor operations: the reference, on any device.
Tensor roi_align_by_gather(const Tensor& map, const Tensor& boxes, const Tensor& image, const RoiAlignConfig& config);

}  // namespace ingot
