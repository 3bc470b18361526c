// What the fused operators' files share.
#pragma once

#include <algorithm>
#include <numeric>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/kernels/fused.h"

namespace ingot {

inline Float float_of(const Tensor& t) { return t.scalar_type() == at::kBFloat16 ? Float::Bf16 : Float::F32; }

inline at::TensorOptions float32() { return at::TensorOptions(at::kFloat); }

// LibTorch 1.13's Function::apply takes no undefined tensor; an argument that is not given travels as an empty one.
inline bool given(const Tensor& t) { return t.defined() && t.numel() > 0; }
inline const Tensor& or_empty(const Tensor& t) {
  static const Tensor empty = at::empty({0});
  return t.defined() ? t : empty;
}

template <typename T>
T* data_or_null(const Tensor& t) {
  return given(t) ? t.data_ptr<T>() : nullptr;
}

// Called first in every backward.
inline void refuse_second_derivative(const char* what) {
  if (at::GradMode::is_enabled())
    fail(ErrorKind::Unsupported, "kernels", what,
         " is fused and has no second derivative; hold an ingot::ReferencePath around the forward pass");
}

// Calls work(begin, end) for the rows on all threads, some 8,192 numbers or more at a time.
template <typename Work>
void over_rows(int64_t rows, int64_t columns, const Work& work) {
  at::parallel_for(0, rows, std::max<int64_t>(1, 8192 / columns), work);
}

// Of the rows' losses, float64, in their order: the same bits on any number of threads.
inline double sum_in_order(const Tensor& losses) {
  const auto* begin = losses.data_ptr<double>();
  return std::accumulate(begin, begin + losses.numel(), 0.);
}

// A fixed number of row blocks, whatever the number of threads: sums over rows are added in one order.
constexpr int64_t kRowBlocks = 16;
inline int64_t block_begin(int64_t rows, int64_t block) { return rows * block / kRowBlocks; }

}  // namespace ingot
