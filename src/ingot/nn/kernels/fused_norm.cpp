#include <ATen/Parallel.h>

#include "ingot/nn/kernels/fused_common.h"

namespace ingot {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class FusedNorm : public torch::autograd::Function<FusedNorm> {
 public:
  static variable_list forward(AutogradContext* ctx, const Tensor& x_, const Tensor& delta_, const Tensor& weight,
                               const Tensor& bias, double eps, bool rms, at::ScalarType type) {
    const auto x = x_.contiguous(), delta = delta_.contiguous();
    const auto C = x.size(-1), rows = x.numel() / C;
    const auto y = at::empty(x.sizes(), float32().dtype(type));
    const auto sum = given(delta) ? at::empty(x.sizes(), float32()) : Tensor();
    const auto mean = rms ? Tensor() : at::empty({rows}, float32()), rstd = at::empty({rows}, float32());
    const NormArgs args{C,
                        rms,
                        float(eps),
                        x.data_ptr<float>(),
                        given(delta) ? delta.data_ptr() : nullptr,
                        given(delta) ? float_of(delta) : Float::F32,
                        weight.data_ptr<float>(),
                        data_or_null<float>(bias),
                        data_or_null<float>(sum),
                        y.data_ptr(),
                        float_of(y),
                        data_or_null<float>(mean),
                        rstd.data_ptr<float>()};
    at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / C),
                     [&](int64_t begin, int64_t end) { simd().norm(args, begin, end); });
    ctx->save_for_backward({given(delta) ? sum : x, weight, mean, rstd});
    ctx->saved_data["rms"] = rms;
    ctx->saved_data["bias"] = given(bias);
    ctx->saved_data["delta"] = given(delta) ? int64_t(delta.scalar_type()) : -1;
    if (!given(delta)) return {y};
    return {y, sum};
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    refuse_second_derivative("norm");
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &mean = saved[2], &rstd = saved[3];
    const auto C = x.size(-1), rows = x.numel() / C;
    const auto dy = grads[0].defined() ? grads[0].contiguous() : at::zeros(x.sizes(), float32());
    const auto dsum = grads.size() > 1 && grads[1].defined() ? grads[1].contiguous() : Tensor();
    const auto delta_type = ctx->saved_data["delta"].toInt();
    const bool with_bias = ctx->saved_data["bias"].toBool();
    const auto dx = at::empty(x.sizes(), float32());
    const auto ddelta =
        delta_type == int64_t(at::kBFloat16) ? at::empty(x.sizes(), float32().dtype(at::kBFloat16)) : Tensor();
    const auto dw = at::zeros({kRowBlocks, C}, float32());
    const auto db = with_bias ? at::zeros({kRowBlocks, C}, float32()) : Tensor();
    at::parallel_for(0, kRowBlocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const NormGradArgs args{C,
                                ctx->saved_data["rms"].toBool(),
                                x.data_ptr<float>(),
                                weight.data_ptr<float>(),
                                data_or_null<float>(mean),
                                rstd.data_ptr<float>(),
                                dy.data_ptr(),
                                float_of(dy),
                                data_or_null<float>(dsum),
                                dx.data_ptr<float>(),
                                ddelta.defined() ? ddelta.data_ptr() : nullptr,
                                dw.data_ptr<float>() + block * C,
                                with_bias ? db.data_ptr<float>() + block * C : nullptr};
        simd().norm_grad(args, block_begin(rows, block), block_begin(rows, block + 1));
      }
    });
    return {dx,        ddelta.defined() ? ddelta : delta_type >= 0 ? dx : Tensor(),
            dw.sum(0), with_bias ? db.sum(0) : Tensor(),
            {},        {},
            {}};
  }
};

}  // namespace

std::pair<Tensor, Tensor> fused_norm(const Tensor& x, const Tensor& delta, const Tensor& weight, const Tensor& bias,
                                     double eps, bool rms, at::ScalarType type) {
  const auto result = FusedNorm::apply(x, or_empty(delta), weight, or_empty(bias), eps, rms, type);
  return {delta.defined() ? result[1] : x, result[0]};
}

}  // namespace ingot
