#include "ingot/plan/market/blp.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ingot/plan/market/blp_problem.h"

namespace ingot::market {

using namespace blp;

Problems BlpData::validate() const {
  Problems problems;
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  const auto sized = [&](const char* name, size_t got, int64_t want) {
    if (int64_t(got) != want) complain(name, ": ", got, " values, expected ", want);
  };
  const int64_t N = num_rows(), I = int64_t(agent_weight.size());
  if (N == 0) complain("products: got none, expected at least one row");
  sized("market", market.size(), N);
  sized("firm", firm.size(), N);
  sized("price", price.size(), N);
  sized("x1", x1.size(), N * K1);
  sized("x2", x2.size(), N * K2);
  sized("z", z.size(), N * L);
  sized("x3", x3.size(), N * K3);
  sized("zs", zs.size(), N * LS);
  if (!effect.empty()) sized("effect", effect.size(), N);
  sized("nodes", nodes.size(), I * K2);
  sized("demographics", demographics.size(), I * D);
  sized("agent_market", agent_market.size(), I);
  if (L < K1) complain("instruments: ", L, ", expected at least the ", K1, " linear characteristics");
  if (LS < K3) complain("supply instruments: ", LS, ", expected at least the ", K3, " cost characteristics");
  if (!problems.empty()) return problems;

  int32_t last = -1;
  double inside = 0;
  const auto close = [&] {
    if (last >= 0 && inside >= 1)
      complain("market ", last, ": shares sum to ", inside, ", expected below 1; it needs an outside option");
  };
  for (int64_t i = 0; i < N; ++i) {
    if (market[size_t(i)] != last) {
      if (market[size_t(i)] != last + 1) complain("row ", i, ": market ", market[size_t(i)], " is out of order");
      close();
      last = market[size_t(i)];
      inside = 0;
    }
    const double s = share[size_t(i)];
    if (!(s > 0 && s < 1)) complain("row ", i, ": share is ", s, ", expected in (0, 1)");
    if (!std::isfinite(price[size_t(i)])) complain("row ", i, ": price is ", price[size_t(i)]);
    inside += s;
  }
  close();
  std::map<int32_t, double> total;
  for (int64_t i = 0; i < I; ++i) total[agent_market[size_t(i)]] += agent_weight[size_t(i)];
  for (const auto& [m, sum] : total)
    if (std::fabs(sum - 1) > 1e-6) complain("agents of market ", m, ": weights sum to ", sum, ", expected 1");
  if ((K2 > 0 || K3 > 0) && int64_t(total.size()) != num_markets())
    complain("agents cover ", total.size(), " markets of ", num_markets());
  if (!problems.empty()) return problems;

  MatrixXd Z = map_of(z, N, L);
  absorb(effect, Z);
  for (Index c = 0; c < Z.cols(); ++c)
    if (Z.col(c).norm() <= 1e-10 * std::sqrt(double(N)))
      complain("instrument ", c, " does not vary", effect.empty() ? "" : " within the absorbed effects");
  const MatrixXd supply = map_of(zs, N, LS);
  for (Index c = 0; c < supply.cols(); ++c)
    if (supply.col(c).norm() <= 1e-10 * std::sqrt(double(N))) complain("supply instrument ", c, " does not vary");
  MatrixXd X = map_of(x1, N, K1);
  absorb(effect, X);
  VectorXd within = X.col(price_in_x1);
  within.array() -= within.mean();
  if (within.norm() <= 1e-10 * (1 + std::fabs(price[0])) * std::sqrt(double(N)))
    complain("price does not vary; nothing can be learnt from it");
  return problems;
}

BlpEstimate estimate_logit(const BlpData& data, bool two_step) {
  throw_if_any("market", data.validate());
  BlpData demand = data;  // of demand alone
  demand.K3 = demand.LS = 0, demand.x3.clear(), demand.zs.clear();
  Problem p(demand);
  BlpEstimate e;
  e.delta = logit_delta(p);
  e.theta = {std::vector<double>(size_t(data.K2), 0), std::vector<double>(size_t(data.K2 * data.D), 0)};
  concentrate(p, e);
  if (two_step) {
    p.set_efficient_weights(e);
    concentrate(p, e);
  }
  e.converged = true;
  Evaluation none;
  none.jacobian.resize(data.num_rows(), 0);
  standard_errors(p, none, e);
  return e;
}

BlpEstimate evaluate_blp(const BlpData& data, const Theta& theta, const BlpConfig& config) {
  throw_if_any("market", data.validate());
  const Problem p(data);
  auto at = evaluate(p, theta, logit_delta(p), config);
  at.estimate.converged = at.good;
  at.estimate.evaluations = 1;
  if (at.good) standard_errors(p, at, at.estimate);
  return at.estimate;
}

namespace {

// BFGS from `start` at the problem's weights.
BlpEstimate search(const Problem& p, const Theta& start, const std::vector<double>& warm, const BlpConfig& config) {
  const BlpData& data = p.data;
  const auto free = free_parameters(data, start);
  const Index P = Index(free.size());
  Theta theta = start;
  Evaluation at = evaluate(p, theta, warm, config);
  require("market", at.good, "the objective is not finite at the start values: ", at.estimate.why);
  int evaluations = 1, contractions = at.estimate.contractions;

  // BFGS on scaled parameters: Nevo's differ by five orders of magnitude.
  VectorXd scale(P);
  for (Index f = 0; f < P; ++f) scale(f) = std::max(1e-2, std::fabs(parameter(data, theta, free[size_t(f)])));
  MatrixXd inverse = MatrixXd::Identity(P, P);
  bool fresh = true;
  for (int iteration = 0; iteration < config.max_iterations; ++iteration) {
    if (at.estimate.max_gradient <= config.gradient_tolerance) break;
    const VectorXd gradient = at.gradient.cwiseProduct(scale);
    if (fresh) inverse = MatrixXd::Identity(P, P) / std::max(1.0, gradient.norm());
    VectorXd direction = -(inverse * gradient);
    if (direction.dot(gradient) >= 0) direction = -gradient / gradient.norm(), inverse.setIdentity(), fresh = true;
    double length = 1;
    Evaluation next;
    bool accepted = false;
    for (int trial = 0; trial < 40 && !accepted; ++trial, length /= 2) {
      Theta moved = theta;
      for (Index f = 0; f < P; ++f) {
        double& value = parameter(data, moved, free[size_t(f)]);
        value += length * direction(f) * scale(f);
        if (value == 0) value = 1e-300;  // exactly 0 would mean "not a parameter"
      }
      next = evaluate(p, moved, at.estimate.delta, config);
      ++evaluations;
      contractions += next.estimate.contractions;
      accepted = next.good && next.estimate.objective <= at.estimate.objective +
                                                             1e-4 * length * direction.dot(gradient) +
                                                             1e-15 * std::fabs(at.estimate.objective);
    }
    if (!accepted) {
      if (fresh) break;  // no descent along the gradient itself: the objective's own precision is reached
      fresh = true;
      continue;
    }
    const VectorXd step = 2 * length * direction;  // the loop halves once more after acceptance
    const VectorXd change = next.gradient.cwiseProduct(scale) - gradient;
    const double curvature = step.dot(change);
    if (curvature > 1e-12 * step.norm() * change.norm()) {
      if (fresh) inverse = MatrixXd::Identity(P, P) * (curvature / change.squaredNorm());
      const VectorXd product = inverse * change;
      inverse += (1 + change.dot(product) / curvature) * (step * step.transpose()) / curvature -
                 (product * step.transpose() + step * product.transpose()) / curvature;
      fresh = false;
    }
    theta = next.estimate.theta;
    at = std::move(next);
  }
  BlpEstimate e = at.estimate;
  e.evaluations = evaluations;
  e.contractions = contractions;
  e.converged = e.max_gradient <= config.gradient_tolerance;
  if (!e.converged)
    e.why = ingot::detail::join_parts("largest gradient ", e.max_gradient, " after ", evaluations,
                                      " evaluations, expected <= ", config.gradient_tolerance);
  standard_errors(p, at, e);
  return e;
}

}  // namespace

BlpEstimate estimate_blp(const BlpData& data, const Theta& start, const BlpConfig& config) {
  throw_if_any("market", data.validate());
  require("market", int64_t(start.sigma.size()) == data.K2 && int64_t(start.pi.size()) == data.K2 * data.D,
          "start: sigma has ", start.sigma.size(), " and pi ", start.pi.size(), " values, expected ", data.K2, " and ",
          data.K2 * data.D);
  Theta from = start;
  if (data.K3 > 0 && from.alpha == 0) {  // the logit's, else a markup of the price itself
    const double logit = estimate_logit(data).beta[size_t(data.price_in_x1)];
    double mean = 0;
    for (const double p : data.price) mean += p / double(data.price.size());
    from.alpha = logit < 0 ? logit : -1 / mean;
  }
  const int64_t unknown = data.K1 + data.K3 + int64_t(free_parameters(data, from).size()) - (data.K3 > 0);
  require("market", data.L + data.LS >= unknown, "instruments: ", data.L + data.LS, ", expected at least the ", unknown,
          " parameters; add demand_instruments", data.K3 > 0 ? " or supply_instruments" : "",
          " columns or drop random coefficients");
  Problem p(data);
  BlpEstimate e = search(p, from, logit_delta(p), config);
  if (config.steps == 2) {
    p.set_efficient_weights(e);
    const BlpEstimate first = e;
    e = search(p, first.theta, first.delta, config);
    e.evaluations += first.evaluations, e.contractions += first.contractions;
  }
  return e;
}

std::vector<double> optimal_instruments(const BlpData& data, const BlpEstimate& at, int64_t* num_columns) {
  const Problem p(data);
  const Index N = data.num_rows();
  // Prices are endogenous: replace them by their projection on the instruments and effects.
  MatrixXd price = Eigen::Map<const VectorXd>(data.price.data(), N);
  MatrixXd within = price;
  absorb(data.effect, within);
  const VectorXd fitted =
      price.col(0) - within.col(0) + p.Z * (p.Z.transpose() * p.Z).ldlt().solve(p.Z.transpose() * within.col(0));
  std::vector<double> x1 = data.x1, x2 = data.x2;
  for (Index i = 0; i < N; ++i) {
    x1[size_t(i * data.K1 + data.price_in_x1)] = fitted(i);
    if (data.price_in_x2 >= 0) x2[size_t(i * data.K2 + data.price_in_x2)] = fitted(i);
  }
  // delta at xi = 0: the estimated one less xi, moved by the change in price.
  const auto free = free_parameters(data, at.theta);
  MatrixXd jacobian(N, Index(free.size()));
  Matrix s;
  for (size_t t = 0; t < p.products.size(); ++t) {
    const Span product = p.products[t], agent = p.agents[t];
    VectorXd delta(product.count);
    for (int64_t j = 0; j < product.count; ++j) {
      const size_t row = size_t(product.begin + j);
      delta(j) =
          at.delta[row] - at.xi[row] + at.beta[size_t(data.price_in_x1)] * (fitted(Index(row)) - data.price[row]);
    }
    const Matrix mu = deviations(data, at.theta, x2, product, agent);
    const VectorXd weight = Eigen::Map<const VectorXd>(data.agent_weight.data() + agent.begin, agent.count);
    probabilities(mu, delta, s);
    delta_jacobian(data, free, x2, product, agent, s, weight, jacobian);
  }
  *num_columns = data.K1 + int64_t(free.size());
  Matrix out(N, *num_columns);
  out << map_of(x1, N, data.K1), jacobian;
  return {out.data(), out.data() + out.size()};
}

Demand market_demand(const BlpData& d, const BlpEstimate& at, int32_t market, std::vector<int64_t>* rows) {
  const Span product = spans(d.market, d.num_markets())[size_t(market)];
  if (d.K2 == 0) {  // plain logit: one consumer type
    std::vector<double> value;
    const double alpha = -at.beta[size_t(d.price_in_x1)];
    for (int64_t j = 0; j < product.count; ++j) {
      const size_t row = size_t(product.begin + j);
      value.push_back(at.delta[row] + alpha * d.price[row]);
      if (rows) rows->push_back(int64_t(row));
    }
    return Demand::logit(std::move(value), alpha);
  }
  const Span agent = spans(d.agent_market, d.num_markets())[size_t(market)];
  const Matrix mu = deviations(d, at.theta, d.x2, product, agent);
  Demand out;
  out.num_products = product.count;
  for (int64_t i = 0; i < agent.count; ++i) {
    const double alpha = price_sensitivity(d, at.theta, at.beta[size_t(d.price_in_x1)], agent.begin + i);
    out.weight.push_back(d.agent_weight[size_t(agent.begin + i)]);
    out.alpha.push_back(alpha);
    for (int64_t j = 0; j < product.count; ++j) {
      const size_t row = size_t(product.begin + j);
      out.value.push_back(at.delta[row] + mu(i, j) + alpha * d.price[row]);
    }
  }
  if (rows)
    for (int64_t j = 0; j < product.count; ++j) rows->push_back(product.begin + j);
  return out;
}

}  // namespace ingot::market
