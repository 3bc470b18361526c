#include "ingot/nn/kernels/fused_common.h"

namespace ingot {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class FusedPointwise : public torch::autograd::Function<FusedPointwise> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x_, int64_t kind) {
    const auto x = x_.contiguous();
    auto sizes = x.sizes().vec();
    if (Pointwise(kind) == Pointwise::Swiglu || Pointwise(kind) == Pointwise::Geglu) sizes.back() /= 2;
    const auto y = at::empty(sizes, x.options().requires_grad(false));
    const PointwiseArgs args{Pointwise(kind), float_of(x), sizes.back(), x.data_ptr(), y.data_ptr(), nullptr, nullptr};
    run(simd().pointwise, args, y);
    ctx->save_for_backward({x});
    ctx->saved_data["kind"] = kind;
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    refuse_second_derivative("activation");
    const auto x = ctx->get_saved_variables()[0];
    const auto dy = grads[0].contiguous(), dx = at::empty_like(x);
    const PointwiseArgs args{Pointwise(ctx->saved_data["kind"].toInt()),
                             float_of(x),
                             dy.size(-1),
                             x.data_ptr(),
                             nullptr,
                             dy.data_ptr(),
                             dx.data_ptr()};
    run(simd().pointwise_grad, args, dy);
    return {dx, {}};
  }

 private:
  static void run(void (*kernel)(const PointwiseArgs&, int64_t, int64_t), const PointwiseArgs& args, const Tensor& y) {
    const auto width = std::max<int64_t>(1, args.width);
    over_rows(y.numel() / width, width, [&](int64_t begin, int64_t end) { kernel(args, begin, end); });
  }
};

}  // namespace

Tensor fused_pointwise(const Tensor& x, Pointwise kind) { return FusedPointwise::apply(x, int64_t(kind)); }

}  // namespace ingot
