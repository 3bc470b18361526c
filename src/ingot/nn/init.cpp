#include "ingot/nn/init.h"

#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

#include "ingot/base/file.h"
#include "ingot/base/rng.h"

namespace ingot {
namespace {

template <typename Draw>
void fill(const Tensor& weight, Draw draw) {
  const at::NoGradGuard no_grad;
  const auto values = at::empty(weight.sizes(), at::TensorOptions().dtype(at::kFloat));
  float* out = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) out[i] = float(draw());
  weight.copy_(values);
}

}  // namespace

void fill_normal(const Tensor& weight, double std, uint64_t seed, std::string_view name) {
  Rng rng(seed, xxh3(name.data(), name.size()));
  double spare = 0;
  bool has_spare = false;
  fill(weight, [&] {  // Box & Muller 1958
    if (has_spare) return has_spare = false, spare;
    const double radius = std * std::sqrt(-2 * std::log(1 - rng.uniform()));
    const double angle = 2 * std::numbers::pi * rng.uniform();
    has_spare = true;
    spare = radius * std::sin(angle);
    return radius * std::cos(angle);
  });
}

void fill_uniform(const Tensor& weight, double bound, uint64_t seed, std::string_view name) {
  Rng rng(seed, xxh3(name.data(), name.size()));
  fill(weight, [&] { return (2 * rng.uniform() - 1) * bound; });
}

}  // namespace ingot
