#include "ingot/nn/norm.h"

#include <torch/torch.h>

#include "ingot/nn/kernels/fused.h"
#include "ingot/torch/compat.h"

namespace ingot {

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  const bool narrow = x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf;
  const auto wide = narrow ? x.to(at::kFloat) : x;  // a mean of squares in 8 bits of mantissa is off by a per cent
  const auto y = wide * at::rsqrt(wide.square().mean(-1, true) + eps) * weight;
  return narrow ? y.to(x.scalar_type()) : y;
}

NormImpl::NormImpl(NormKind kind, int64_t width, double eps, bool with_bias) : kind_(kind), eps_(eps) {
  weight = register_parameter("weight", torch::ones({width}));
  if (with_bias && kind == NormKind::LayerNorm) bias = register_parameter("bias", torch::zeros({width}));
}

std::pair<Tensor, Tensor> NormImpl::add(const Tensor& x, const Tensor& delta) {
  if (fused_takes(x) && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat &&
      (!delta.defined() || fused_takes(delta)))
    return fused_norm(x, delta, weight, bias, eps_, kind_ == NormKind::RmsNorm,
                      autocast_bf16(at::kCPU) ? at::kBFloat16 : at::kFloat);
  const auto sum = delta.defined() ? x + delta : x;
  return {sum, forward(sum)};
}

Tensor NormImpl::forward(const Tensor& x) {
  if (x.scalar_type() == at::kBFloat16 && weight.scalar_type() == at::kFloat) return forward(x.to(at::kFloat));
  if (fused_takes(x) && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat)
    return fused_norm(x, {}, weight, bias, eps_, kind_ == NormKind::RmsNorm, at::kFloat).second;
  return kind_ == NormKind::LayerNorm ? layer_norm(x, weight, bias, eps_) : rms_norm(x, weight, eps_);
}

}  // namespace ingot
