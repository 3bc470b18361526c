#include "ingot/plan/market/estimate.h"

#include <cmath>

#include <gtest/gtest.h>

#include "ingot/base/file.h"
#include "ingot/base/rng.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot::market {
namespace {

// Plain logit data in which price follows quality: without instruments the coefficient is biased towards 0.
std::string simulated(double alpha) {
  Rng rng(5);
  const auto normal = [&] {
    return std::sqrt(-2 * std::log(1 - rng.uniform())) * std::cos(6.283185307179586 * rng.uniform());
  };
  std::string csv = "market_ids,firm_ids,product_ids,shares,prices,quality,demand_instruments0\n";
  for (int t = 0; t < 80; ++t) {
    double p[6], u[6], q[6], w[6], total = 1;
    for (int j = 0; j < 6; ++j) {
      const double xi = 0.5 * normal();
      q[j] = rng.uniform(), w[j] = rng.uniform();
      p[j] = 1 + w[j] + q[j] + 0.8 * xi;
      u[j] = 1 + 2 * q[j] - alpha * p[j] + xi;
      total += std::exp(u[j]);
    }
    for (int j = 0; j < 6; ++j)
      csv += std::to_string(t) + "," + std::to_string(j % 3) + ",p" + std::to_string(j) + "," +
             std::to_string(std::exp(u[j]) / total) + "," + std::to_string(p[j]) + "," + std::to_string(q[j]) + "," +
             std::to_string(w[j]) + "\n";
  }
  return csv;
}

struct Folder {
  TempFolder folder;
  const std::filesystem::path& path = folder.path();
  void write(const std::string& text) { write_file_atomic(path / "data.csv", text); }
};

TEST(Estimate, FindsTheLogitFromCsv) {
  Folder folder;
  folder.write(simulated(2));
  EstimateConfig c;
  c.products = "data.csv", c.linear = {"1", "prices", "quality"}, c.steps = 2;
  const auto input = read_estimate_input(c, folder.path);
  EXPECT_EQ(input.data.L, 3);  // one excluded instrument, the constant and quality themselves
  const auto r = estimate_market(input, c);
  const double truth[] = {1, -2, 2};
  for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(r.estimate.beta[k], truth[k], 4 * r.estimate.beta_se[k]) << k;
  // Own elasticity of a plain logit: -alpha p (1 - s).
  for (size_t i = 0; i < 20; ++i)
    EXPECT_NEAR(r.own_elasticity[i], r.estimate.beta[1] * input.data.price[i] * (1 - input.data.share[i]), 1e-10);
}

// The mixed logit with Gauss-Hermite nodes on data without heterogeneity finds little of it, and the same mean.
TEST(Estimate, RandomCoefficientWithoutAgents) {
  Folder folder;
  folder.write(simulated(2));
  EstimateConfig c;
  c.products = "data.csv", c.linear = {"1", "prices", "quality"}, c.random = {"quality"};
  c.instruments = Instruments::Optimal;
  EXPECT_NE(error_of([&] { estimate_market(read_estimate_input(c, folder.path), c); }),
            "");  // 3 instruments, 4 unknowns
}

EstimateConfig with_supply(CostForm form) {
  EstimateConfig c;
  c.products = "market_data.csv", c.linear = {"1", "prices", "quality"}, c.random = {"quality"};
  c.costs = {"1", "quality", "input"}, c.cost_form = form;
  return c;
}
const std::filesystem::path kExamples = std::filesystem::path(INGOT_SOURCE_DIR) / "examples";

// Objective of demand and supply moments at sigma 0.5, alpha -1.8, and its optimum: PyBLP 1.2.0 on the same file and
// nodes (one step, 2SLS weights).
TEST(Estimate, SupplySideAgreesWithPyblp) {
  const struct {
    CostForm form;
    double start, optimum, sigma, alpha;
    double gamma[3];
  } expected[] = {{CostForm::Linear,
                   0.8777399748201798,
                   0.1656161945259969,
                   1.19366307,
                   -1.80659019,
                   {0.31800199, 0.50774910, 0.82242729}},
                  {CostForm::Log,
                   0.9294998483976659,
                   0.24164815060388,
                   1.18726443,
                   -1.80999254,
                   {-0.85272268, 0.60227890, 0.96078877}}};
  for (const auto& x : expected) {
    const auto c = with_supply(x.form);
    const auto in = read_estimate_input(c, kExamples);
    EXPECT_EQ(in.data.LS, 6);  // three excluded instruments, the cost's own columns
    const Theta at{{0.5}, {}, -1.8};
    const auto e = evaluate_blp(in.data, at);
    EXPECT_NEAR(e.objective / x.start, 1, 1e-9);
    // The analytic gradient against central differences.
    double largest = 0;
    for (const bool alpha : {false, true}) {
      Theta up = at, down = at;
      (alpha ? up.alpha : up.sigma[0]) += 1e-5, (alpha ? down.alpha : down.sigma[0]) -= 1e-5;
      largest = std::max(largest,
                         std::fabs(evaluate_blp(in.data, up).objective - evaluate_blp(in.data, down).objective) / 2e-5);
    }
    EXPECT_NEAR(e.max_gradient / largest, 1, 1e-6);
    const auto r = estimate_market(in, c).estimate;
    ASSERT_TRUE(r.converged) << r.why;
    EXPECT_NEAR(r.objective / x.optimum, 1, 1e-8);
    EXPECT_NEAR(std::fabs(r.theta.sigma[0]), x.sigma, 1e-5);
    EXPECT_NEAR(r.beta[1], x.alpha, 1e-5);
    for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(r.gamma[k], x.gamma[k], 1e-5) << k;
  }
}

// The file's prices are Bertrand equilibria: with the supply side the truth is found, and more precisely than without.
TEST(Estimate, SupplySideFindsTheTruth) {
  auto c = with_supply(CostForm::Linear);
  const auto both = estimate_market(read_estimate_input(c, kExamples), c).estimate;
  c.costs.clear();
  const auto demand = estimate_market(read_estimate_input(c, kExamples), c).estimate;
  const double beta[] = {1, -2, 2}, gamma[] = {0.4, 0.5, 0.8};
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(both.beta[k], beta[k], 4 * both.beta_se[k]) << k;
    EXPECT_NEAR(both.gamma[k], gamma[k], 4 * both.gamma_se[k]) << k;
  }
  EXPECT_NEAR(std::fabs(both.theta.sigma[0]), 1, 4 * both.theta_se.sigma[0]);
  EXPECT_LT(both.beta_se[1], demand.beta_se[1]);
}

TEST(Estimate, WrongDataNamesPlaceAndRule) {
  Folder folder;
  EstimateConfig c;
  c.products = "data.csv";
  const auto fails = [&](const std::string& csv, const std::string& expected) {
    folder.write(csv);
    const auto error = error_of([&] { estimate_market(read_estimate_input(c, folder.path), c); });
    EXPECT_NE(error.find(expected), std::string::npos) << error << "\nexpected: " << expected;
  };
  const std::string head = "market_ids,firm_ids,shares,prices,demand_instruments0\n";
  fails(head + "t,1,0.6,1,1\nt,2,0.5,2,3\n", "shares sum to 1.1, expected below 1");
  fails(head + "t,1,0.3,1,1\nt,2,0.2,1,1\nu,1,0.3,1,1\n", "does not vary");
  fails(head + "t,1,-0.3,1,1\nt,2,0.2,2,4\n", "share is -0.3, expected in (0, 1)");
  fails(head + "t,1,x,1,1\n", "data.csv:2");
  fails("market_ids,firm_ids,share,prices,demand_instruments0\nt,1,0.1,1,1\n", "did you mean 'share'");
  // Price is high where demand is high and the instrument cannot tell: flagged, not an estimate.
  folder.write(head + "t,1,0.1,1,1\nt,2,0.2,2,2\nu,1,0.1,1,1.1\nu,2,0.25,2,2\nv,1,0.12,1,1\nv,2,0.3,2.2,2.1\n");
  c.linear = {"1", "prices"};
  const auto r = estimate_market(read_estimate_input(c, folder.path), c);
  EXPECT_FALSE(r.estimate.converged);
  EXPECT_NE(r.estimate.why.find("expected < 0"), std::string::npos) << r.estimate.why;
  c.random = {"1"}, c.sigma = {1, 2};
  fails(head, "sigma: 2 values for 1 random columns");
  c.costs = {"prices"}, c.sigma.clear();
  fails(head, "costs: prices is among the columns");
  c.costs = {"1"}, c.instruments = Instruments::Optimal;
  fails(head, "instruments: got optimal, expected given");
  c.costs.clear(), c.linear = {"1"};
  fails(head, "linear: prices is missing");
}

}  // namespace
}  // namespace ingot::market
