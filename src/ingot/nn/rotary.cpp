#include "ingot/nn/rotary.h"

#include <ATen/ATen.h>

namespace ingot {

Rotary make_rotary(int64_t length, int64_t head_dim, double theta, const at::TensorOptions& options) {
  const auto exact = at::TensorOptions().dtype(at::kDouble);
  const auto rates = at::pow(theta, -at::arange(0, head_dim, 2, exact) / double(head_dim));  // [D/2]
  const auto angles = at::outer(at::arange(length, exact), rates);                           // [T, D/2]
  return {angles.cos().to(options), angles.sin().to(options)};
}

Rotary rotary_window(Rotary& all, int64_t first, int64_t count, int64_t length, int64_t head_dim, double theta,
                     const at::TensorOptions& options) {
  if (!all.cos.defined() || all.cos.device() != options.device() || all.cos.dtype() != options.dtype())
    all = make_rotary(length, head_dim, theta, options);
  return {all.cos.narrow(0, first, count), all.sin.narrow(0, first, count)};
}

Tensor apply_rotary(const Tensor& x, const Rotary& rotary) {
  const auto half = x.chunk(2, -1);  // [B, H, T, D/2]
  return at::cat({half[0] * rotary.cos - half[1] * rotary.sin, half[1] * rotary.cos + half[0] * rotary.sin}, -1)
      .to(x.scalar_type());
}

}  // namespace ingot
