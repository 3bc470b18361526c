// LayerNorm (Ba et al. 2016) and RMSNorm (Zhang & Sennrich 2019) over the last dimension.
#pragma once

#include <utility>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/base/config.h"
#include "ingot/torch/tensor.h"

namespace ingot {

enum class NormKind { LayerNorm, RmsNorm };
template <>
struct EnumNames<NormKind> {
  static constexpr std::pair<const char*, NormKind> kValues[] = {{"layernorm", NormKind::LayerNorm},
                                                                 {"rmsnorm", NormKind::RmsNorm}};
};

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps);  // bias may be undefined
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);

class NormImpl : public torch::nn::Module {
 public:
  NormImpl(NormKind kind, int64_t width, double eps, bool bias);  // RMSNorm has no bias
  Tensor forward(const Tensor& x);
  // {x + delta, norm(x + delta)}: a residual stream and what the next linear map reads of it, which under autocast is
  // bfloat16 at once. `delta` may be undefined.
  std::pair<Tensor, Tensor> add(const Tensor& x, const Tensor& delta);

  Tensor weight;  // [width], ones
  Tensor bias;    // [width], zeros, or undefined

 private:
  NormKind kind_;
  double eps_;
};
TORCH_MODULE(Norm);

}  // namespace ingot
