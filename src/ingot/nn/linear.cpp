#include "ingot/nn/linear.h"

#include <torch/torch.h>

#include "ingot/nn/dropout.h"
#include "ingot/torch/compat.h"

namespace ingot {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Bf16Copy& copy) {
  if (autocast_bf16(at::kCPU) && fused_takes(x) && weight.scalar_type() == at::kFloat)
    return bf16_linear(x, weight, bias, copy);
  return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias) {
  weight = register_parameter("weight", torch::zeros({out, in}));
  if (with_bias) bias = register_parameter("bias", torch::zeros({out}));
}

Tensor LinearImpl::forward(const Tensor& x) {
  const auto y = linear(x, weight, bias, copy_);
  if (!low_rank_) return y;
  auto& low = *low_rank_;
  const auto read = ingot::dropout(x, low.dropout, is_training());
  return y + linear(linear(read, low.a, {}, low.a_copy) * low.scale, low.b, {}, low.b_copy);
}

void LinearImpl::add_low_rank(int64_t rank, double scale, double dropout) {
  low_rank_ = std::make_unique<LowRank>();
  low_rank_->a = register_parameter("lora_a", torch::zeros({rank, weight.size(1)}));
  low_rank_->b = register_parameter("lora_b", torch::zeros({weight.size(0), rank}));
  low_rank_->scale = scale;
  low_rank_->dropout = dropout;
}

EmbeddingImpl::EmbeddingImpl(int64_t rows, int64_t width) {
  weight = register_parameter("weight", torch::zeros({rows, width}));
}

Tensor EmbeddingImpl::forward(const Tensor& ids) { return at::embedding(weight, ids); }

double train_flops(const Tensor& weight) { return (weight.requires_grad() ? 6. : 4.) * double(weight.numel()); }

}  // namespace ingot
