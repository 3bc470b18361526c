// Rotary position embedding, Su et al. 2021 ("RoFormer"), in the half-split layout of GPT-NeoX and Llama.
#pragma once

#include "ingot/base/config.h"
#include "ingot/torch/tensor.h"

namespace ingot {

// How a model knows the order of its tokens: a learned vector a position, or rotated queries and keys.
enum class PositionKind { Learned, Rotary };
template <>
struct EnumNames<PositionKind> {
  static constexpr std::pair<const char*, PositionKind> kValues[] = {{"learned", PositionKind::Learned},
                                                                     {"rotary", PositionKind::Rotary}};
};

struct Rotary {
  Tensor cos, sin;  // [T, D/2], or [B, 1, T, D/2]
};

// Angles of positions [0, length): position * theta^(-2i/D). Requires an even head_dim.
Rotary make_rotary(int64_t length, int64_t head_dim, double theta, const at::TensorOptions& options);

// Those of [first, first + count), out of `all`: the angles of `length` positions, made on first use and anew for
// another device or type.
Rotary rotary_window(Rotary& all, int64_t first, int64_t count, int64_t length, int64_t head_dim, double theta,
                     const at::TensorOptions& options);

Tensor apply_rotary(const Tensor& x, const Rotary& rotary);  // x [B, H, T, D]

}  // namespace ingot
