#include "ingot/nn/losses.h"

#include <ATen/ATen.h>

#include "ingot/nn/kernels/fused.h"

namespace ingot {
namespace {

Tensor at_least_float(const Tensor& x) { return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat); }

}  // namespace

Tensor cross_entropy(const Tensor& logits_, const Tensor& targets, const CrossEntropyOptions& options) {
  if (fused_takes(logits_) && logits_.dim() == 2)
    return fused_cross_entropy(logits_, targets, options.label_smoothing, options.z_loss);
  const auto logits = at_least_float(logits_);
  auto loss = at::cross_entropy_loss(logits, targets, {}, at::Reduction::Sum, kIgnore, options.label_smoothing);
  if (options.z_loss > 0) {
    const auto counts = (targets != kIgnore).to(logits.scalar_type());
    loss = loss + options.z_loss * (at::logsumexp(logits, -1).square() * counts).sum();
  }
  return loss;
}

Tensor token_nll(const Tensor& logits, const Tensor& targets) {
  return at::cross_entropy_loss(at_least_float(logits), targets, {}, at::Reduction::None, kIgnore);
}

Tensor distillation(const Tensor& student, const Tensor& teacher, const Tensor& targets, double temperature) {
  if (fused_takes(student) && student.dim() == 2 && teacher.scalar_type() == student.scalar_type() &&
      !teacher.requires_grad())
    return fused_distillation(student, teacher, targets, temperature);
  const auto log_p = at::log_softmax(at_least_float(teacher) / temperature, -1);
  const auto log_q = at::log_softmax(at_least_float(student) / temperature, -1);
  const auto counts = (targets != kIgnore).unsqueeze(-1);
  return temperature * temperature * (log_p.exp() * counts * (log_p - log_q)).sum();
}

Tensor bce_with_logits(const Tensor& logits, const Tensor& targets) {
  return at::binary_cross_entropy_with_logits(at_least_float(logits), targets, {}, {}, at::Reduction::Sum);
}

Tensor squared_error(const Tensor& predictions, const Tensor& targets) {
  return at::mse_loss(predictions, targets, at::Reduction::Sum);
}

Tensor huber(const Tensor& predictions, const Tensor& targets, double delta) {
  return at::huber_loss(predictions, targets, at::Reduction::Sum, delta);
}

}  // namespace ingot
