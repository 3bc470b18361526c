#include <mutex>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include "ingot/nn/kernels/fused_common.h"

namespace ingot {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The backward pass draws the mask again from its key instead of reading it from memory.
class FusedDropout : public torch::autograd::Function<FusedDropout> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double p, int64_t key) {
    ctx->saved_data["p"] = p;
    ctx->saved_data["key"] = key;
    return masked(x, p, key);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    refuse_second_derivative("dropout");
    return {masked(grads[0], ctx->saved_data["p"].toDouble(), ctx->saved_data["key"].toInt()), {}, {}};
  }

 private:
  static Tensor masked(const Tensor& x_, double p, int64_t key) {
    const auto x = x_.contiguous(), y = at::empty_like(x, x.options().requires_grad(false));
    const DropoutArgs args{float_of(x),        uint64_t(key), uint32_t(p * 0x1p32),
                           float(1 / (1 - p)), x.data_ptr(),  y.data_ptr()};
    at::parallel_for(0, x.numel(), 16384, [&](int64_t begin, int64_t end) { simd().dropout(args, begin, end); });
    return y;
  }
};

}  // namespace

Tensor fused_dropout(const Tensor& x, double p) {
  auto generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  const auto key = at::check_generator<at::CPUGeneratorImpl>(generator)->random64();
  return FusedDropout::apply(x, p, int64_t(key));
}

}  // namespace ingot
