// Shapes: B images, C channels, H and W of the map, R regions, S bins a side, G samples a side of a bin.
#include "ingot/nn/roi_align.h"

#include <algorithm>
#include <array>

#include <ATen/Parallel.h>
#include <torch/torch.h>

namespace ingot {
namespace {

// One sample: four cells of the map and their weights (bilinear interpolation), all 0 when it lies outside.
struct Corners {
  std::array<int64_t, 4> cell{};
  std::array<float, 4> weight{};
};

Corners corners(float y, float x, int64_t H, int64_t W) {
  Corners c;
  if (y < -1 || y > float(H) || x < -1 || x > float(W)) return c;
  y = std::max(y, 0.f);
  x = std::max(x, 0.f);
  auto top = int64_t(y), left = int64_t(x);
  if (top >= H - 1) y = float(top = H - 1);
  if (left >= W - 1) x = float(left = W - 1);
  const int64_t bottom = std::min(top + 1, H - 1), right = std::min(left + 1, W - 1);
  const float ly = y - float(top), lx = x - float(left), hy = 1 - ly, hx = 1 - lx;
  c.cell = {top * W + left, top * W + right, bottom * W + left, bottom * W + right};
  c.weight = {hy * hx, hy * lx, ly * hx, ly * lx};
  return c;
}

// Calls visit(bin, corners) for each sample of a box.
template <typename Visit>
void for_each_sample(const float* box, int64_t H, int64_t W, const RoiAlignConfig& config, const Visit& visit) {
  const auto scale = float(config.scale);
  const float x0 = box[0] * scale - 0.5f, y0 = box[1] * scale - 0.5f;  // pixel centres lie at .5
  const float w = (box[2] * scale - 0.5f - x0) / float(config.size),
              h = (box[3] * scale - 0.5f - y0) / float(config.size);
  const int64_t S = config.size, G = config.sampling;
  for (int64_t by = 0; by < S; ++by)
    for (int64_t bx = 0; bx < S; ++bx)
      for (int64_t gy = 0; gy < G; ++gy)
        for (int64_t gx = 0; gx < G; ++gx) {
          const float y = y0 + float(by) * h + (float(gy) + 0.5f) * h / float(G);
          const float x = x0 + float(bx) * w + (float(gx) + 0.5f) * w / float(G);
          visit(by * S + bx, corners(y, x, H, W));
        }
}

class RoiAlign : public torch::autograd::Function<RoiAlign> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& map, const Tensor& boxes,
                        const Tensor& image, const RoiAlignConfig& config) {
    const auto C = map.size(1), H = map.size(2), W = map.size(3), R = boxes.size(0), S = config.size;
    const auto cells = map.to(torch::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
    const auto rows = boxes.detach().to(torch::kFloat).contiguous();
    const auto out = at::zeros({R, S, S, C}, cells.options().memory_format(at::MemoryFormat::Contiguous));
    const float *in = cells.data_ptr<float>(), *box = rows.data_ptr<float>();
    const int64_t* row = image.data_ptr<int64_t>();
    float* result = out.data_ptr<float>();
    const float share = 1 / float(config.sampling * config.sampling);
    at::parallel_for(0, R, 8, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        for_each_sample(box + 4 * r, H, W, config, [&](int64_t bin, const Corners& c) {
          const float* base = in + row[r] * H * W * C;
          const float *p0 = base + c.cell[0] * C, *p1 = base + c.cell[1] * C, *p2 = base + c.cell[2] * C,
                      *p3 = base + c.cell[3] * C;
          const float w0 = share * c.weight[0], w1 = share * c.weight[1], w2 = share * c.weight[2],
                      w3 = share * c.weight[3];
          float* o = result + (r * S * S + bin) * C;
          for (int64_t k = 0; k < C; ++k) o[k] += w0 * p0[k] + w1 * p1[k] + w2 * p2[k] + w3 * p3[k];
        });
    });
    context->save_for_backward({rows, image});
    context->saved_data["sizes"] = map.sizes().vec();
    context->saved_data["config"] = std::vector<double>{double(config.size), double(config.sampling), config.scale};
    return out.permute({0, 3, 1, 2});
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto sizes = context->saved_data["sizes"].toIntVector();
    const auto numbers = context->saved_data["config"].toDoubleVector();
    const RoiAlignConfig config{int64_t(numbers[0]), int64_t(numbers[1]), numbers[2]};
    const auto B = sizes[0], C = sizes[1], H = sizes[2], W = sizes[3], R = saved[0].size(0), S = config.size;
    const auto grad = grads[0].to(torch::kFloat).permute({0, 2, 3, 1}).contiguous();  // [R, S, S, C]
    const auto out = at::zeros({B, H, W, C}, grad.options());
    const float *in = grad.data_ptr<float>(), *box = saved[0].data_ptr<float>();
    const int64_t* row = saved[1].data_ptr<int64_t>();
    float* result = out.data_ptr<float>();
    const float share = 1 / float(config.sampling * config.sampling);
    at::parallel_for(0, B, 1, [&](int64_t begin, int64_t end) {  // by image, so that no two threads add to one cell
      for (int64_t r = 0; r < R; ++r) {
        if (row[r] < begin || row[r] >= end) continue;
        for_each_sample(box + 4 * r, H, W, config, [&](int64_t bin, const Corners& c) {
          const float* g = in + (r * S * S + bin) * C;
          for (size_t corner = 0; corner < 4; ++corner) {
            float* o = result + (row[r] * H * W + c.cell[corner]) * C;
            const float weight = share * c.weight[corner];
            for (int64_t k = 0; k < C; ++k) o[k] += weight * g[k];
          }
        });
      }
    });
    return {out.permute({0, 3, 1, 2}), {}, {}, {}};
  }
};

}  // namespace

Tensor roi_align(const Tensor& map, const Tensor& boxes, const Tensor& image, const RoiAlignConfig& config) {
  return map.is_cpu() ? RoiAlign::apply(map, boxes, image, config) : roi_align_by_gather(map, boxes, image, config);
}

Tensor roi_align_by_gather(const Tensor& map, const Tensor& boxes, const Tensor& image, const RoiAlignConfig& config) {
  const auto C = map.size(1), H = map.size(2), W = map.size(3), R = boxes.size(0), S = config.size, G = config.sampling;
  const auto cells = map.to(torch::kFloat).permute({0, 2, 3, 1}).reshape({-1, C});  // [B H W, C]
  const auto edges = boxes.detach().to(torch::kFloat) * config.scale - 0.5;
  const auto steps = (at::arange(S * G, edges.options()) + 0.5) / double(S * G);  // [S G]
  // One axis: low cell, high cell, share of the high one, and whether the sample counts, each [R, S G].
  const auto axis = [&](int64_t from, int64_t to, int64_t n) {
    const auto begin = edges.select(1, from).unsqueeze(1);
    const auto at = begin + steps * (edges.select(1, to).unsqueeze(1) - begin);
    const auto inside = (at >= -1) & (at <= double(n));
    const auto place = at.clamp(0, double(n - 1));
    const auto low = place.floor().to(torch::kLong);
    return std::array<Tensor, 4>{low, (low + 1).clamp_max(n - 1), place - low, inside.to(torch::kFloat)};
  };
  const auto [top, bottom, ly, in_y] = axis(1, 3, H);
  const auto [left, right, lx, in_x] = axis(0, 2, W);
  const auto take = [&](const Tensor& y, const Tensor& x, const Tensor& wy, const Tensor& wx) {
    const auto cell = (image.view({R, 1, 1}) * H + y.unsqueeze(2)) * W + x.unsqueeze(1);  // [R, SG, SG]
    const auto weight = (wy * in_y).unsqueeze(2) * (wx * in_x).unsqueeze(1);
    return cells.index_select(0, cell.flatten()).view({R, S * G, S * G, C}) * weight.unsqueeze(3);
  };
  const auto samples = take(top, left, 1 - ly, 1 - lx) + take(top, right, 1 - ly, lx) + take(bottom, left, ly, 1 - lx) +
                       take(bottom, right, ly, lx);
  return samples.view({R, S, G, S, G, C}).mean({2, 4}).permute({0, 3, 1, 2});
}

}  // namespace ingot
