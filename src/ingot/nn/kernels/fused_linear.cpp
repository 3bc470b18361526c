#include <ATen/Parallel.h>

#include "ingot/nn/kernels/fused_common.h"
#include "ingot/nn/kernels/gemm.h"

namespace ingot {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

thread_local int reference_paths = 0;

class Bf16Linear : public torch::autograd::Function<Bf16Linear> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Tensor& copy) {
    const auto in = weight.size(1), out = weight.size(0);
    const auto rows = x.to(at::kBFloat16).contiguous().view({-1, in});
    auto sizes = x.sizes().vec();
    sizes.back() = out;
    ctx->save_for_backward({rows, copy});
    ctx->saved_data["weight"] = weight.requires_grad();
    ctx->saved_data["bias"] = given(bias) && bias.requires_grad();
    ctx->saved_data["type"] = int64_t(x.scalar_type());
    return gemm_bf16(rows, copy.t(), given(bias) ? bias : Tensor(), at::kBFloat16).view(sizes);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    refuse_second_derivative("linear");
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1];
    const auto dy = grads[0].contiguous().view({-1, weight.size(0)});
    auto sizes = grads[0].sizes().vec();
    sizes.back() = weight.size(1);
    const auto dx = gemm_bf16(dy, weight, {}, at::ScalarType(ctx->saved_data["type"].toInt())).view(sizes);
    return {dx,
            ctx->saved_data["weight"].toBool() ? gemm_bf16(dy.t(), x, {}, at::kFloat) : Tensor(),
            ctx->saved_data["bias"].toBool() ? column_sums(dy) : Tensor(),
            {}};
  }

 private:
  static Tensor column_sums(const Tensor& x) {
    const auto rows = x.size(0), width = x.size(1);
    const auto sums = at::zeros({kRowBlocks, width}, float32());
    at::parallel_for(0, kRowBlocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block)
        simd().column_sum(x.data_ptr(), float_of(x), width, block_begin(rows, block), block_begin(rows, block + 1),
                          sums.data_ptr<float>() + block * width);
    });
    return sums.sum(0);
  }
};

}  // namespace

ReferencePath::ReferencePath() { ++reference_paths; }
ReferencePath::~ReferencePath() { --reference_paths; }

bool fused_takes(const Tensor& x) {
  return reference_paths == 0 && x.device().is_cpu() && x.layout() == at::kStrided && x.numel() > 0 &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

const Tensor& Bf16Copy::of(const Tensor& weight) {
  const bool counted = !weight.is_inference();
  if (!copy_.defined() || !counted || data_ != weight.data_ptr() || version_ != weight._version()) {
    copy_ = weight.detach().to(at::kBFloat16).contiguous();
    data_ = weight.data_ptr();
    version_ = counted ? uint32_t(weight._version()) : 0;
  }
  return copy_;
}

Tensor bf16_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Bf16Copy& copy) {
  return Bf16Linear::apply(x, weight, or_empty(bias), copy.of(weight));
}

}  // namespace ingot
