#include "ingot/plan/cost/scaling_law.h"

#include <cmath>

#include <gtest/gtest.h>

#include "ingot/plan/cost/minimize.h"
#include "ingot/plan/cost/optimal_size.h"
#include "support/error_of.h"

namespace ingot::cost {

const ScalingLaw kHoffmann{406.4, 410.7, 1.69, 0.34, 0.28};  // arXiv 2203.15556, eq. 10
const ScalingLaw kHoffmannTex{std::exp(6.0073404), std::exp(6.0179186), std::exp(0.5267228), 0.33917084,
                              0.2849083};                              // its TeX source
const ScalingLaw kBesiroglu{482.01, 2085.43, 1.8172, 0.3478, 0.3658};  // arXiv 2404.10102, table 1

std::vector<ScalingPoint> chinchilla() {
  return drop_highest(read_scaling_points(read_facts("chinchilla_points.csv")), 5);
}

// SL1, SL1b: losses of published models, to 6 digits.
TEST(ScalingLaw, GivesPublishedModelsTheirLoss) {
  struct Row {
    double params, tokens, hoffmann, besiroglu;
  };
  for (const Row& r : {Row{280e9, 300e9, 1.993258, 1.999608},
                       {70e9, 1.4e12, 1.936645, 1.973882},
                       {175e9, 300e9, 2.002288, 2.008544},
                       {65.2e9, 1.4e12, 1.938686, 1.975920},
                       {405e9, 15.6e12, 1.819035, 1.892585}}) {
    EXPECT_NEAR(kHoffmann.loss(r.params, r.tokens), r.hoffmann, 6e-7) << r.params;
    EXPECT_NEAR(kBesiroglu.loss(r.params, r.tokens), r.besiroglu, 6e-7) << r.params;
  }
}

// SL2: the optimum of Chinchilla's budget, 5.76e23 FLOP. Hoffmann et al. print 40B for approach 3 (table 3).
TEST(ScalingLaw, FindsTheOptimumOfABudget) {
  const OptimalSize unrounded = compute_optimal(kHoffmannTex, 5.76e23);
  EXPECT_NEAR(unrounded.params / 4.036094e10, 1, 1e-6);
  EXPECT_NEAR(unrounded.tokens / unrounded.params / 58.93, 1, 1e-4);
  const OptimalSize rounded = compute_optimal(kHoffmann, 5.76e23);
  EXPECT_NEAR(rounded.params / 3.218986e10, 1, 1e-5);
  EXPECT_NEAR(rounded.tokens / rounded.params / 92.65, 1, 1e-3);
  const OptimalSize besiroglu = compute_optimal(kBesiroglu, 5.76e23);
  EXPECT_NEAR(besiroglu.params / 7.224870e10, 1, 1e-5);
  EXPECT_NEAR(besiroglu.tokens / 1.328744e12, 1, 1e-5);
  EXPECT_NEAR(besiroglu.tokens / besiroglu.params, 18.391, 1e-3);
}

TEST(ScalingLaw, OptimumIsFlatInSize) {  // the closed form against a search
  const OptimalSize best = compute_optimal(kBesiroglu, 1e21);
  const double n =
      std::exp(minimize_golden([](double x) { return kBesiroglu.loss(std::exp(x), 1e21 / 6 / std::exp(x)); }, 15, 30));
  EXPECT_NEAR(n / best.params, 1, 1e-4);
}

TEST(ScalingLaw, BudgetAndLossAreInverse) {
  for (const double flop : {1e15, 1e20, 5.76e23, 1e27}) {
    const OptimalSize best = compute_optimal(kBesiroglu, flop);
    EXPECT_NEAR(budget_for_loss(kBesiroglu, best.loss).flop / flop, 1, 1e-9);
    EXPECT_NEAR(optimal_at_params(kBesiroglu, best.params).flop / flop, 1, 1e-9);
  }
  EXPECT_NE(error_of([] { budget_for_loss(kBesiroglu, 1.8); }).find("expected > E = 1.8172"), std::string::npos);
}

// SL3: Kaplan et al. 2020, arXiv 2001.08361.
TEST(ScalingLaw, FollowsKaplan) {
  EXPECT_EQ(kaplan::optimal_params(1), 1.3e9);
  EXPECT_NEAR(kaplan::loss_at_compute(3640), 1.764059, 1e-6);
  EXPECT_NEAR(kaplan::loss(1.5e9, 22e9), 2.374479, 1e-6);
}

// SL5: scores of published parameters on the 240 points (epoch-research/analyzing-chinchilla).
TEST(ScalingLaw, ScoresPublishedFits) {
  const auto points = chinchilla();
  ASSERT_EQ(points.size(), 240u);
  EXPECT_NEAR(huber_objective(points, kHoffmann), 4.1210091e-3, 1e-9);
  EXPECT_NEAR(huber_objective(points, kHoffmannTex), 1.2311626e-3, 1e-10);
  EXPECT_NEAR(huber_objective(points, {482.00572, 2085.43420, 1.81686, .34781, .36585}), 1.0186447052e-3,
              2e-7);  // from five printed digits
  EXPECT_NEAR(huber_objective(points, {477.84171253, 2143.86378803, 1.8172355, .34731266, .36718262}), 1.0182740346e-3,
              1e-9);
}

// SL5: the refit. The best grid point that Epoch stores is 1.0182740346e-3; the converged optimum is below it.
TEST(ScalingLaw, RefitsChinchilla) {
  const ScalingFit fit = fit_scaling_law(read_scaling_points(read_facts("chinchilla_points.csv")), {.drop_highest = 5});
  EXPECT_EQ(fit.num_points, 240);
  EXPECT_LE(fit.objective, 1.018274017800599e-3 + 1e-15);
  EXPECT_LT(fit.gradient_norm, 1e-8);
  EXPECT_NEAR(fit.law.A / 477.82587, 1, 1e-5);
  EXPECT_NEAR(fit.law.B / 2143.41736, 1, 1e-5);
  EXPECT_NEAR(fit.law.E / 1.81721810, 1, 1e-7);
  EXPECT_NEAR(fit.law.alpha, 0.3473104989, 1e-7);
  EXPECT_NEAR(fit.law.beta, 0.3671724327, 1e-7);
}

TEST(ScalingLaw, AnalyticGradientIsTheSlope) {  // huber_objective is another implementation
  const auto points = chinchilla();
  const ScalingFit fit = fit_scaling_law(points);
  for (auto field : {&ScalingLaw::A, &ScalingLaw::B, &ScalingLaw::E, &ScalingLaw::alpha, &ScalingLaw::beta}) {
    ScalingLaw up = fit.law, down = fit.law;
    up.*field *= 1 + 1e-5, down.*field *= 1 - 1e-5;
    EXPECT_GT(huber_objective(points, up), fit.objective);
    EXPECT_GT(huber_objective(points, down), fit.objective);
  }
}

TEST(ScalingLaw, RecoversALawFromItsOwnPoints) {
  std::vector<ScalingPoint> points;
  for (const double n : {1e5, 3e5, 1e6, 3e6})
    for (const double d : {1e6, 3e6, 1e7, 3e7})
      points.push_back({n, d, ScalingLaw{20, 400, 1.2, .25, .4}.loss(n, d), "made"});
  const ScalingFit fit = fit_scaling_law(points, {.bootstrap = 20});
  EXPECT_NEAR(fit.law.alpha, .25, 1e-3);
  EXPECT_NEAR(fit.law.beta, .4, 1e-3);
  EXPECT_NEAR(fit.law.E, 1.2, 1e-2);
  EXPECT_EQ(fit.samples.size(), 20u);
  const ScalingFit held = fit_scaling_law({points.begin(), points.begin() + 6}, {.alpha = .25, .beta = .4});
  EXPECT_NEAR(held.law.E, 1.2, 1e-2);
}

// Besiroglu et al. 2024, table 1: standard errors 124.6 (A), 1293 (B), .0257 (E), .0154 (alpha), .0206 (beta) from
// 4,000 resamples. An 80 % interval is 2.56 standard errors wide for a normal; 100 resamples know it to about a fifth.
TEST(ScalingLaw, BootstrapIntervalsAreThoseOfTheReplication) {
  const auto points = read_scaling_points(read_facts("chinchilla_points.csv"));
  const ScalingFit fit = fit_scaling_law(points, {.drop_highest = 5, .bootstrap = 100});
  EXPECT_NEAR((fit.alpha.high - fit.alpha.low) / (2.563 * 0.0154), 1, 0.35);
  EXPECT_NEAR((fit.beta.high - fit.beta.low) / (2.563 * 0.0206), 1, 0.35);
  EXPECT_NEAR((fit.E.high - fit.E.low) / (2.563 * 0.0257), 1, 0.35);
  EXPECT_LT(fit.alpha.low, fit.law.alpha);
  EXPECT_GT(fit.alpha.high, fit.law.alpha);
  const ScalingFit again = fit_scaling_law(points, {.drop_highest = 5, .bootstrap = 100});
  EXPECT_EQ(fit.alpha.low, again.alpha.low);
}

// Serving makes smaller models, trained longer, cheaper (Sardana et al. 2024, fig. 1); without serving nothing changes.
TEST(ScalingLaw, LifetimeOptimumShrinksWithServing) {
  const double loss = 2.0;
  const LifetimeOptimal none = lifetime_optimal(kBesiroglu, loss, 0);
  EXPECT_NEAR(none.size.params / none.compute_optimal.params, 1, 1e-4);
  const LifetimeOptimal some = lifetime_optimal(kBesiroglu, loss, 1e13);
  EXPECT_LT(some.size.params, 0.8 * none.size.params);
  EXPECT_GT(some.size.tokens, none.size.tokens);
  EXPECT_NEAR(some.size.loss, loss, 1e-9);
  EXPECT_LT(some.train_cost + some.serve_cost, some.compute_optimal_cost);
  // First-order condition: 3 D(N) + 3 N D'(N) + I = 0 with D' = -D alpha A N^(-alpha-1) / (beta (L - E - A N^-alpha)).
  const double n = some.size.params, d = some.size.tokens;
  const double slope = -d * kBesiroglu.alpha * kBesiroglu.A * std::pow(n, -kBesiroglu.alpha - 1) /
                       (kBesiroglu.beta * (loss - kBesiroglu.E - kBesiroglu.A * std::pow(n, -kBesiroglu.alpha)));
  EXPECT_NEAR((3 * d + 3 * n * slope) / 1e13, -1, 1e-4);
}

// Seven runs of `ingot train` on manual pages (2026-11-24): too small to see E, and most resamples of seven points
// cannot determine five parameters. Such resamples are left out; the law says that it does not know its floor.
TEST(ScalingLaw, FewRealRunsGiveALawWithItsDoubts) {
  const std::vector<ScalingPoint> runs = {{90912, 1228800, 4.07546, "a"},   {231872, 1228800, 3.74658, "b"},
                                          {332608, 1228800, 3.67292, "c"},  {640096, 1228800, 3.50996, "d"},
                                          {1054080, 2048000, 2.87065, "e"}, {90912, 409600, 4.56932, "f"},
                                          {332608, 409600, 4.27811, "g"}};
  const ScalingFit fit = fit_scaling_law(runs, {.bootstrap = 40});
  EXPECT_FALSE(fit.sees_floor);
  EXPECT_GT(fit.samples.size(), 5u);
  for (const auto& law : fit.samples) {
    EXPECT_TRUE(std::isfinite(optimal_at_params(law, 1e9).flop));
    EXPECT_GE(std::min(law.alpha, law.beta), 0.01);
  }
}

TEST(ScalingLaw, ErrorsSayWhatIsMissing) {
  EXPECT_NE(error_of([] {
              fit_scaling_law({{1e6, 1e7, 3, "a"}, {2e6, 1e7, 2.9, "b"}});
            }).find("points are 2, expected >= 6"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              fit_scaling_law(std::vector<ScalingPoint>(9, {1e6, 1e7, 3, "a"}));
            }).find("distinct model sizes are 1"),
            std::string::npos);
  EXPECT_NE(error_of([] { fit_scaling_law({{1e6, 1e7, -3, "a"}}); }).find("loss -3, expected > 0"), std::string::npos);
  EXPECT_NE(error_of([] { published_law("bezirogl"); }).find("facts/scaling_laws.csv"), std::string::npos);
  EXPECT_EQ(published_law("besiroglu").A, 482.01);
}

}  // namespace ingot::cost
