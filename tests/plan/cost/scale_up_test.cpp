#include "ingot/plan/cost/scale_up.h"

#include <cmath>

#include <gtest/gtest.h>

#include "support/error_of.h"

namespace ingot::cost {

ScalingFit small_runs() {
  std::vector<ScalingPoint> points;
  Rng rng(1);
  for (const double n : {1e6, 3e6, 1e7})
    for (const double d : {1e7, 3e7, 1e8, 3e8})
      points.push_back(
          {n, d, ScalingLaw{482.01, 2085.43, 1.8172, .3478, .3658}.loss(n, d) * lognormal(rng, 0.003), "made"});
  return fit_scaling_law(points, {.bootstrap = 60});
}

TEST(ScaleUp, CostIsTheArithmeticOfTheLaw) {
  const ScalingFit fit = small_runs();
  const auto result =
      scale_up(fit, HardwareCatalogue::load(), {.factors = {10, 100}, .chips = 8, .mfu = 0.4}, "2026-11-24");
  ASSERT_EQ(result.rows.size(), 2u);
  const auto& row = result.rows[1];
  EXPECT_EQ(row.params, 1e9);
  EXPECT_NEAR(row.flop.value, 6 * row.params * row.tokens.value, 1);
  EXPECT_NEAR(row.tokens.value, optimal_at_params(fit.law, 1e9).tokens, 1);
  EXPECT_NEAR(row.chip_hours.value * 3600 * 989.4e12 * 0.4 * goodput({}, 8).share, row.flop.value,
              1e-9 * row.flop.value);
  EXPECT_NEAR(row.months.value, row.chip_hours.value / 8 / 730.5, 1e-9);
  EXPECT_NEAR(row.usd_rental.value, row.chip_hours.value * result.usd_per_chip_hour, 1e-6);
  EXPECT_EQ(row.mfu_basis, Basis::Assumed);
}

TEST(ScaleUp, IntervalsWidenWithDistance) {
  const auto result = scale_up(small_runs(), HardwareCatalogue::load(),
                               {.factors = {10, 100, 1000}, .chips = 8, .mfu = 0.4}, "2026-11-24");
  const auto width = [](const Ranged& r) { return std::log(r.high / r.low); };
  EXPECT_LT(width(result.rows[0].flop), width(result.rows[2].flop));
  for (const auto& row : result.rows) {
    EXPECT_LT(row.usd_rental.low, row.usd_rental.value);
    EXPECT_GT(row.usd_rental.high, row.usd_rental.value);
  }
  bool far = false;
  for (const auto& warning : result.warnings) far = far || warning.find("order of magnitude") != std::string::npos;
  EXPECT_TRUE(far);
}

TEST(ScaleUp, PredictsUtilisationForTheSize) {
  const auto result =
      scale_up(small_runs(), HardwareCatalogue::load(), {.factors = {1000}, .chips = 256}, "2026-11-24");
  EXPECT_EQ(result.rows[0].mfu_basis, Basis::Predicted);
  EXPECT_GT(result.rows[0].mfu, 0.2);
  EXPECT_LT(result.rows[0].mfu, 0.8);
}

TEST(ScaleUp, TypicalArchitectureHasTheSizeAskedFor) {
  for (const double n : {1e7, 1e9, 1e11}) {
    const auto m = typical_architecture(n);
    const auto count = count_parameters(m);
    EXPECT_NEAR((count.attention + count.mlp) / n, 1, 0.25) << n;
  }
}

TEST(ScaleUp, ErrorsNameValueAndRule) {
  const auto catalogue = HardwareCatalogue::load();
  const ScalingFit fit = small_runs();
  EXPECT_NE(error_of([&] { scale_up(fit, catalogue, {.chips = 0}, "2026-11-24"); }).find("chips is 0, expected > 0"),
            std::string::npos);
  EXPECT_NE(error_of([&] { scale_up(fit, catalogue, {.mfu = 1.1}, "2026-11-24"); }).find("mfu is 1.1"),
            std::string::npos);
  const auto big = scale_up(fit, catalogue, {.factors = {1e5}, .chips = 1}, "2026-11-24");
  EXPECT_EQ(big.rows[0].mfu_basis, Basis::Assumed);
  EXPECT_NE(big.warnings[0].find("utilisation at 100000x is assumed 0.35: memory is"), std::string::npos)
      << big.warnings[0];
}

}  // namespace ingot::cost
