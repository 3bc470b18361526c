#include "ingot/nn/activation.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace ingot {
namespace {

double at_point(Activation a, double x) {
  return activate(at::tensor({x}, at::TensorOptions().dtype(at::kDouble)), a).item<double>();
}
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Activations, FollowTheirFormulas) {
  for (const double x : {-3., -0.7, 0., 0.4, 2.5}) {
    SCOPED_TRACE(x);
    EXPECT_NEAR(at_point(Activation::Gelu, x), 0.5 * x * (1 + std::erf(x / std::sqrt(2.))), 1e-12);
    EXPECT_NEAR(at_point(Activation::GeluTanh, x),
                0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))), 1e-12);
    EXPECT_NEAR(at_point(Activation::Relu, x), std::max(x, 0.), 1e-12);
    EXPECT_NEAR(at_point(Activation::Relu2, x), std::pow(std::max(x, 0.), 2), 1e-12);
    EXPECT_NEAR(at_point(Activation::Silu, x), x * sigmoid(x), 1e-12);
    EXPECT_NEAR(at_point(Activation::Sigmoid, x), sigmoid(x), 1e-12);
    EXPECT_NEAR(at_point(Activation::Tanh, x), std::tanh(x), 1e-12);
  }
}

TEST(Activations, GateTheSecondHalfByTheFirst) {
  const auto x = at::tensor({-1., 2., 10., 100.}, at::TensorOptions().dtype(at::kDouble)).view({1, 4});
  for (const auto& [gated, plain] : {std::pair{Activation::Swiglu, Activation::Silu},
                                     {Activation::Geglu, Activation::GeluTanh},
                                     {Activation::Reglu, Activation::Relu}}) {
    const auto y = activate(x, gated);
    EXPECT_EQ(y.sizes(), (at::IntArrayRef{1, 2}));
    EXPECT_NEAR(y[0][0].item<double>(), at_point(plain, -1) * 10, 1e-12);
    EXPECT_NEAR(y[0][1].item<double>(), at_point(plain, 2) * 100, 1e-12);
    EXPECT_TRUE(is_gated(gated));
    EXPECT_FALSE(is_gated(plain));
  }
}

}  // namespace
}  // namespace ingot
