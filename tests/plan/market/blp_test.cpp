// Nevo's (2000) fake cereal data as PyBLP ships it; expected figures: an independent numpy estimation that agrees with
// every digit that the PyBLP 1.2.0 documentation prints.
#include "ingot/plan/market/blp.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "ingot/base/csv.h"
#include "ingot/base/env.h"
#include "ingot/base/rng.h"
#include "ingot/plan/market/equilibrium.h"

namespace ingot::market {
namespace {

int32_t code_of(std::map<std::string, int32_t>& codes, const std::string& name) {
  return codes.emplace(name, int32_t(codes.size())).first->second;
}

std::optional<BlpData> nevo(std::map<std::string, int32_t>* names = nullptr) {
  const auto mirror = data_mirror();
  if (!mirror || !std::filesystem::exists(*mirror / "fixture-pyblp/nevo_products.csv")) return std::nullopt;
  const auto products = read_csv(*mirror / "fixture-pyblp/nevo_products.csv");
  const auto agents = read_csv(*mirror / "fixture-pyblp/nevo_agents.csv");
  BlpData d;
  d.K1 = 1, d.K2 = 4, d.L = 20, d.D = 4;
  d.price_in_x2 = 1;
  std::map<std::string, int32_t> markets, firms, effects;
  for (size_t i = 0; i < products.rows.size(); ++i) {
    d.market.push_back(code_of(markets, products.text(i, "market_ids")));
    d.firm.push_back(int32_t(products.number(i, "firm_ids")) - 1);
    d.effect.push_back(code_of(effects, products.text(i, "product_ids")));
    d.share.push_back(products.number(i, "shares"));
    d.price.push_back(products.number(i, "prices"));
    d.x1.push_back(d.price.back());
    d.x2.insert(d.x2.end(), {1, d.price.back(), products.number(i, "sugar"), products.number(i, "mushy")});
    for (int k = 0; k < 20; ++k) d.z.push_back(products.number(i, "demand_instruments" + std::to_string(k)));
  }
  for (size_t i = 0; i < agents.rows.size(); ++i) {
    d.agent_market.push_back(code_of(markets, agents.text(i, "market_ids")));
    d.agent_weight.push_back(agents.number(i, "weights"));
    for (int k = 0; k < 4; ++k) d.nodes.push_back(agents.number(i, "nodes" + std::to_string(k)));
    for (const char* name : {"income", "income_squared", "age", "child"})
      d.demographics.push_back(agents.number(i, name));
  }
  if (names) *names = markets;
  return d;
}

// Nevo 2000, table 1 start values: sigma, pi rows (1, price, sugar, mushy) x (income, income^2, age, child).
const Theta kNevoStart{{0.3302, 2.4526, 0.0163, 0.2441},
                       {5.4819, 0, 0.2037, 0, 15.8935, -1.2, 0, 2.6342, -0.2506, 0, 0.0511, 0, 1.2650, 0, -0.8091, 0}};

TEST(Blp, PlainLogitOfNevo) {
  const auto data = nevo();
  if (!data) GTEST_SKIP() << "needs INGOT_DATA/fixture-pyblp";
  const auto one = estimate_logit(*data);
  EXPECT_NEAR(one.beta[0], -30.0977551827, 1e-8);
  EXPECT_NEAR(one.objective, 189.9431776833, 1e-7);
  const auto two = estimate_logit(*data, true);
  EXPECT_NEAR(two.beta[0], -30.0471028940, 1e-8);
}

TEST(Blp, ObjectiveAtTheStartValues) {
  const auto data = nevo();
  if (!data) GTEST_SKIP() << "needs INGOT_DATA/fixture-pyblp";
  const auto e = evaluate_blp(*data, kNevoStart);
  EXPECT_NEAR(e.objective, 29.353343126201, 1e-9);
  EXPECT_NEAR(e.beta[0], -28.1885443630, 1e-8);
}

TEST(Blp, NevoOptimumElasticitiesCostsAndMerger) {
  std::map<std::string, int32_t> names;
  const auto data = nevo(&names);
  if (!data) GTEST_SKIP() << "needs INGOT_DATA/fixture-pyblp";
  const auto e = estimate_blp(*data, kNevoStart);
  EXPECT_TRUE(e.converged) << e.why;
  EXPECT_NEAR(e.objective, 4.561514164804, 1e-10);
  EXPECT_NEAR(e.beta[0], -62.72989630, 1e-5);
  const double sigma[] = {0.55809357, 3.31248892, -0.00578355, 0.09341447};
  for (int k = 0; k < 4; ++k)
    EXPECT_NEAR(std::fabs(e.theta.sigma[size_t(k)]), std::fabs(sigma[k]), 1e-5);  // sign is free
  const double pi[] = {2.291972,  0, 1.284432, 0, 588.325118, -30.192014, 0,         11.054628,
                       -0.384954, 0, 0.052234, 0, 0.748372,   0,          -1.353393, 0};
  for (int k = 0; k < 16; ++k) EXPECT_NEAR(e.theta.pi[size_t(k)], pi[k], 2e-6 * std::max(1.0, std::fabs(pi[k]))) << k;

  std::vector<double> own, costs, lerner;
  std::map<int32_t, double> mean_of_market;  // C01Q1, C03Q1, ... in the order of the file
  for (int32_t t = 0; t < int32_t(data->num_markets()); ++t) {
    std::vector<int64_t> rows;
    const auto demand = market_demand(*data, e, t, &rows);
    std::vector<double> price;
    Supply supply;
    for (const int64_t row : rows)
      price.push_back(data->price[size_t(row)]), supply.firm.push_back(data->firm[size_t(row)]);
    const auto elasticity = elasticities(demand, price);
    const size_t J = price.size();
    for (size_t j = 0; j < J; ++j) own.push_back(elasticity[j * J + j]), mean_of_market[t] += own.back() / double(J);
    const auto cost = implied_costs(demand, supply, price);
    for (size_t j = 0; j < J; ++j) costs.push_back(cost[j]), lerner.push_back((price[j] - cost[j]) / price[j]);
    if (t == 0) {
      EXPECT_NEAR(hhi(shares(demand, price).product, supply.firm) * std::pow(1 - shares(demand, price).outside, 2),
                  710.793622, 1e-4);  // of the whole market
      supply.cost = cost;
      for (auto& f : supply.firm) f = f == 1 ? 0 : f;  // firm 2 into firm 1
      const auto merged = solve_prices(demand, supply);
      EXPECT_EQ(merged.status, Status::Converged) << merged.why;
      const double want[] = {0.085376077561, 0.127054526812, 0.147482246188,
                             0.145308739792, 0.171441778199, 0.152690977178};
      for (size_t j = 0; j < 6; ++j) EXPECT_NEAR(merged.price[j], want[j], 2e-9);
    }
  }
  const std::map<std::string, double> by_market = {
      {"C01Q1", -4.211365}, {"C01Q2", -3.964986}, {"C03Q1", -3.396154}, {"C03Q2", -3.339621}, {"C04Q1", -3.153724}};
  for (const auto& [name, mean] : by_market) EXPECT_NEAR(mean_of_market[names.at(name)], mean, 1e-5) << name;
  const auto median = [](std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return 0.5 * (v[(v.size() - 1) / 2] + v[v.size() / 2]);
  };
  double mean = 0;
  for (const double x : own) mean += x / double(own.size());
  EXPECT_NEAR(mean, -3.618105, 1e-5);
  EXPECT_NEAR(median(own), -3.605699, 1e-5);
  EXPECT_NEAR(median(costs), 0.08123544, 1e-7);
  EXPECT_NEAR(median(lerner), 0.33707910, 1e-6);
}

// Known parameters, simulated markets: the estimator finds them within a few standard errors.
TEST(Blp, RecoversSimulatedParameters) {
  Rng rng(11);
  const auto normal = [&] {
    return std::sqrt(-2 * std::log(1 - rng.uniform())) * std::cos(6.283185307179586 * rng.uniform());
  };
  BlpData d;
  d.K1 = 3, d.K2 = 1, d.L = 6, d.D = 0;
  d.price_in_x1 = 1;
  const int T = 60, J = 12, I = 60;
  for (int t = 0; t < T; ++t) {
    std::vector<double> nodes(I);
    for (double& n : nodes)
      n = normal(), d.agent_market.push_back(t), d.agent_weight.push_back(1.0 / I), d.nodes.push_back(n);
    std::vector<double> x(J), p(J), delta(J), w(J);
    for (int j = 0; j < J; ++j) {
      x[size_t(j)] = rng.uniform();
      w[size_t(j)] = rng.uniform();
      const double xi = 0.3 * normal();
      p[size_t(j)] = 1 + x[size_t(j)] + w[size_t(j)] + 0.5 * xi;  // price follows quality: it needs an instrument
      delta[size_t(j)] = 1 - 2 * p[size_t(j)] + 2 * x[size_t(j)] + xi;
    }
    std::vector<double> share(J, 0);
    for (const double n : nodes) {
      double total = 1;
      std::vector<double> e(J);
      for (int j = 0; j < J; ++j) total += e[size_t(j)] = std::exp(delta[size_t(j)] + 1.5 * n * x[size_t(j)]);
      for (int j = 0; j < J; ++j) share[size_t(j)] += e[size_t(j)] / total / I;
    }
    double sum_x = 0, sum_w = 0;
    for (int j = 0; j < J; ++j) sum_x += x[size_t(j)], sum_w += w[size_t(j)];
    for (int j = 0; j < J; ++j) {
      const double a = x[size_t(j)], b = w[size_t(j)];
      d.market.push_back(t), d.firm.push_back(j), d.share.push_back(share[size_t(j)]), d.price.push_back(p[size_t(j)]);
      d.x1.insert(d.x1.end(), {1, p[size_t(j)], a});
      d.x2.push_back(a);
      d.z.insert(d.z.end(), {1, a, b, a * a, sum_x - a, (sum_x - a) * a});
    }
  }
  const auto first = estimate_blp(d, {{0.5}, {}});
  ASSERT_TRUE(first.converged) << first.why;
  // A second round with optimal instruments is at least as precise.
  auto better = d;
  better.z = optimal_instruments(d, first, &better.L);
  for (int64_t i = 0; i < d.num_rows(); ++i)  // the fitted price is an instrument; it replaces the price itself
    ASSERT_TRUE(std::isfinite(better.z[size_t(i * better.L + 1)]));
  const auto second = estimate_blp(better, first.theta);
  ASSERT_TRUE(second.converged) << second.why;
  const double truth[] = {1, -2, 2};
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(second.beta[size_t(k)], truth[k], 4 * second.beta_se[size_t(k)]) << k;
  EXPECT_NEAR(std::fabs(second.theta.sigma[0]), 1.5, 4 * second.theta_se.sigma[0]);
  EXPECT_LE(second.theta_se.sigma[0], 1.1 * first.theta_se.sigma[0]);
}

TEST(Blp, WrongDataNamesValueAndRule) {
  BlpData d;
  d.K1 = 1, d.K2 = 0, d.L = 1;
  d.market = {0, 0}, d.firm = {0, 1}, d.share = {0.6, 0.5}, d.price = {1, 2}, d.x1 = {1, 2}, d.z = {1, 3};
  try {
    estimate_logit(d);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("shares sum to 1.1, expected below 1"), std::string::npos) << e.what();
  }
  d.share = {0.3, 0.2}, d.price = {1, 1}, d.x1 = {0, 0}, d.z = {0, 0};
  try {
    estimate_logit(d);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("does not vary"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace ingot::market
