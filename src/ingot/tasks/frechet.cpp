#include "ingot/tasks/frechet.h"

#include <torch/torch.h>

#include "ingot/base/error.h"

namespace ingot {

Gaussian fit_gaussian(const Tensor& features) {
  INGOT_INVARIANT(features.dim() == 2 && features.size(0) >= 2, "a covariance needs two rows");
  const auto x = features.to(torch::kDouble);
  const auto mean = x.mean(0), centred = x - mean;
  return {mean, centred.t().matmul(centred) / double(x.size(0) - 1)};
}

double frechet_distance(const Gaussian& a, const Gaussian& b) {
  // The trace of (S1 S2)^(1/2) is the sum of the roots of the eigenvalues of S1^(1/2) S2 S1^(1/2), which is symmetric.
  const auto [values, vectors] = at::linalg_eigh(a.covariance);
  const auto root = (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t());
  const auto roots = at::linalg_eigvalsh(root.matmul(b.covariance).matmul(root)).clamp_min(0).sqrt();
  return ((a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * roots.sum())
      .item<double>();
}

double kernel_distance(const Tensor& a_, const Tensor& b_) {
  const auto a = a_.to(torch::kDouble), b = b_.to(torch::kDouble);
  const double n = double(a.size(0)), m = double(b.size(0));
  const auto kernel = [&](const Tensor& x, const Tensor& y) {
    return (x.matmul(y.t()) / double(x.size(1)) + 1).pow(3);
  };
  const auto within = [&](const Tensor& x, double k) {
    const auto gram = kernel(x, x);
    return ((gram.sum() - gram.trace()) / (k * (k - 1))).item<double>();
  };
  return within(a, n) + within(b, m) - 2 * kernel(a, b).mean().item<double>();
}

}  // namespace ingot
