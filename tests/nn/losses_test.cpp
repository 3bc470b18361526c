// Losses against their definitions.
#include "ingot/nn/losses.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace ingot {
namespace {

const auto kDouble = at::TensorOptions().dtype(at::kDouble);

TEST(CrossEntropy, FollowsItsDefinition) {
  const auto logits = at::tensor({1., -2., 0.5, 0.25, 3., -1.}, kDouble).view({2, 3});
  const auto targets = at::tensor({2, 0}, at::kLong);
  const auto logp = at::log_softmax(logits, -1);
  const double nll = -logp[0][2].item<double>() - logp[1][0].item<double>();
  EXPECT_NEAR(cross_entropy(logits, targets).item<double>(), nll, 1e-12);
  const double smooth = -logp.mean(-1).sum().item<double>();
  const double z = logits.logsumexp(-1).square().sum().item<double>();
  EXPECT_NEAR(cross_entropy(logits, targets, {.label_smoothing = 0.1, .z_loss = 1e-3}).item<double>(),
              0.9 * nll + 0.1 * smooth + 1e-3 * z, 1e-12);
}

TEST(CrossEntropy, IgnoresWhatDoesNotCount) {
  const auto logits = at::randn({4, 5}, kDouble);
  const auto some = at::tensor({1, -100, 3, -100}, at::kLong);
  const auto kept = at::tensor({1, 3}, at::kLong);
  const auto rows = at::stack({logits[0], logits[2]});
  const CrossEntropyOptions options{.label_smoothing = 0.2, .z_loss = 0.01};
  EXPECT_NEAR(cross_entropy(logits, some, options).item<double>(), cross_entropy(rows, kept, options).item<double>(),
              1e-12);
  EXPECT_EQ(token_nll(logits, some)[1].item<double>(), 0);
  const auto none = at::full({4}, kIgnore, at::kLong);
  EXPECT_EQ(cross_entropy(logits, none, options).item<double>(), 0);
}

TEST(Distillation, IsZeroAtTheTeacherAndFollowsItsDefinition) {
  const auto teacher = at::tensor({1., -2., 0.5, 0.25, 3., -1.}, kDouble).view({2, 3});
  const auto student = at::tensor({0.5, 1., -1., 2., 0., 1.}, kDouble).view({2, 3});
  const auto targets = at::tensor({2, -100}, at::kLong);
  EXPECT_NEAR(distillation(teacher + 7, teacher, targets).item<double>(), 0, 1e-12);
  double kl = 0;
  const auto p = at::softmax(teacher[0] / 2, -1), q = at::softmax(student[0] / 2, -1);
  for (int64_t i = 0; i < 3; ++i) kl += p[i].item<double>() * std::log(p[i].item<double>() / q[i].item<double>());
  EXPECT_NEAR(distillation(student, teacher, targets, 2).item<double>(), 4 * kl, 1e-12);
}

// Keras computes it on probabilities clipped to [1e-7, 1 - 1e-7].
TEST(BinaryCrossEntropy, EqualsKerasOnProbabilities) {
  const auto logits = at::linspace(-12, 12, 49, kDouble);
  for (const double target : {0., 1., 0.3}) {
    const auto p = at::sigmoid(logits).clamp(1e-7, 1 - 1e-7);
    const auto keras = -(target * p.log() + (1 - target) * (1 - p).log()).sum();
    const auto ours = bce_with_logits(logits, at::full({49}, target, kDouble));
    EXPECT_NEAR(ours.item<double>() / 49, keras.item<double>() / 49, 1e-6);
  }
}

TEST(RegressionLosses, FollowTheirDefinitions) {
  const auto error = at::tensor({-3., -0.5, 0., 1., 2.}, kDouble);
  const auto target = at::tensor({1., 2., 3., 4., 5.}, kDouble);
  EXPECT_NEAR(squared_error(target + error, target).item<double>(), 9 + 0.25 + 0 + 1 + 4, 1e-12);
  // delta 1: 3 - 1/2, 1/8, 0, 1/2, 2 - 1/2
  EXPECT_NEAR(huber(target + error, target, 1).item<double>(), 2.5 + 0.125 + 0.5 + 1.5, 1e-12);
}

}  // namespace
}  // namespace ingot
