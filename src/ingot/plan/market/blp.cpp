#include "ingot/plan/market/blp.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <Eigen/Dense>

namespace ingot::market {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Matrix map_of(const std::vector<double>& values, int64_t rows, int64_t columns) {
  return Eigen::Map<const Matrix>(values.data(), rows, columns);
}

// Subtracts the mean within each fixed effect from every column.
void absorb(const std::vector<int32_t>& effect, MatrixXd& m) {
  if (effect.empty()) return;
  const int32_t count = *std::max_element(effect.begin(), effect.end()) + 1;
  MatrixXd sum = MatrixXd::Zero(count, m.cols());
  VectorXd n = VectorXd::Zero(count);
  for (Index i = 0; i < m.rows(); ++i) sum.row(effect[size_t(i)]) += m.row(i), n(effect[size_t(i)]) += 1;
  for (Index i = 0; i < m.rows(); ++i) m.row(i) -= sum.row(effect[size_t(i)]) / n(effect[size_t(i)]);
}

struct Span {
  int64_t begin = 0, count = 0;
};

std::vector<Span> spans(const std::vector<int32_t>& market, int64_t markets) {
  std::vector<Span> out(static_cast<size_t>(markets));
  for (size_t i = 0; i < market.size(); ++i) {
    auto& span = out[size_t(market[i])];
    if (span.count++ == 0) span.begin = int64_t(i);
  }
  return out;
}

// What does not change during the search.
struct Problem {
  explicit Problem(const BlpData& d) : data(d) {
    const int64_t N = d.num_rows();
    products = spans(d.market, d.num_markets());
    agents = d.agent_market.empty() ? std::vector<Span>(products.size()) : spans(d.agent_market, d.num_markets());
    X1 = map_of(d.x1, N, d.K1);
    Z = map_of(d.z, N, d.L);
    absorb(d.effect, X1);
    absorb(d.effect, Z);
    weights = (Z.transpose() * Z).ldlt().solve(MatrixXd::Identity(d.L, d.L));
    set_weights();
  }
  void set_weights() {
    ZX = Z.transpose() * X1;
    projector = (ZX.transpose() * weights * ZX).ldlt().solve(ZX.transpose() * weights);
  }

  // From the residuals of a first step, centred as PyBLP's default; scaled back to Z'Z units.
  void set_efficient_weights(const std::vector<double>& residual) {
    MatrixXd g = Eigen::Map<const VectorXd>(residual.data(), Z.rows()).asDiagonal() * Z;
    g.rowwise() -= g.colwise().mean();
    weights = (g.transpose() * g).ldlt().solve(MatrixXd::Identity(Z.cols(), Z.cols()));
    set_weights();
  }

  const BlpData& data;
  std::vector<Span> products, agents;
  MatrixXd X1, Z, ZX, weights, projector;
};

// Fills everything that follows from delta: beta, xi and the objective xi' Z W Z' xi.
void concentrate(const Problem& p, BlpEstimate& e) {
  MatrixXd delta = Eigen::Map<const VectorXd>(e.delta.data(), Index(e.delta.size()));
  absorb(p.data.effect, delta);
  const VectorXd beta = p.projector * (p.Z.transpose() * delta.col(0));
  const VectorXd xi = delta.col(0) - p.X1 * beta;
  const VectorXd moments = p.Z.transpose() * xi;
  e.objective = moments.dot(p.weights * moments);
  e.beta.assign(beta.data(), beta.data() + beta.size());
  e.xi.assign(xi.data(), xi.data() + xi.size());
}

struct Free {
  bool in_pi;
  int64_t k, d;
};

std::vector<Free> free_parameters(const BlpData& data, const Theta& theta) {
  std::vector<Free> free;
  for (int64_t k = 0; k < data.K2; ++k)
    if (theta.sigma[size_t(k)] != 0) free.push_back({false, k, 0});
  for (int64_t k = 0; k < data.K2; ++k)
    for (int64_t d = 0; d < data.D; ++d)
      if (theta.pi[size_t(k * data.D + d)] != 0) free.push_back({true, k, d});
  return free;
}

double& parameter(const BlpData& data, Theta& theta, const Free& f) {
  return f.in_pi ? theta.pi[size_t(f.k * data.D + f.d)] : theta.sigma[size_t(f.k)];
}

// mu_ij of one market: x2_j . (sigma nu_i + pi d_i). [agents, products]
Matrix deviations(const BlpData& d, const Theta& theta, const std::vector<double>& x2, Span product, Span agent) {
  Matrix taste(agent.count, d.K2);
  for (int64_t i = 0; i < agent.count; ++i)
    for (int64_t k = 0; k < d.K2; ++k) {
      double t = theta.sigma[size_t(k)] * d.nodes[size_t((agent.begin + i) * d.K2 + k)];
      for (int64_t c = 0; c < d.D; ++c)
        t += theta.pi[size_t(k * d.D + c)] * d.demographics[size_t((agent.begin + i) * d.D + c)];
      taste(i, k) = t;
    }
  const auto x = Eigen::Map<const Matrix>(x2.data() + product.begin * d.K2, product.count, d.K2);
  return taste * x.transpose();
}

// Choice probabilities [agents, products] at delta.
void probabilities(const Matrix& mu, const VectorXd& delta, Matrix& s) {
  s = mu;
  for (Index i = 0; i < s.rows(); ++i) {
    auto row = s.row(i).array();
    row += delta.transpose().array();
    const double top = std::max(0.0, row.maxCoeff());
    row = (row - top).exp();
    row /= std::exp(-top) + row.sum();
  }
}

// delta such that predicted shares equal the observed: Berry's contraction, accelerated by SQUAREM (Varadhan &
// Roland 2008, step length S3). Returns the evaluations of the map; negative when it did not converge.
int contract(const Matrix& mu, const VectorXd& weight, const VectorXd& log_share, VectorXd& delta,
             const BlpConfig& config) {
  Matrix s;
  const auto step = [&](const VectorXd& at) -> VectorXd {
    probabilities(mu, at, s);
    return at + log_share - (weight.transpose() * s).transpose().array().log().matrix();
  };
  int evaluations = 0;
  while (evaluations < config.max_contractions) {
    const VectorXd one = step(delta);
    ++evaluations;
    const VectorXd r = one - delta;
    if (!r.allFinite()) return -evaluations;
    if (r.cwiseAbs().maxCoeff() <= config.contraction_tolerance) {
      delta = one;
      return evaluations;
    }
    const VectorXd two = step(one);
    ++evaluations;
    const VectorXd v = two - one - r;
    if ((two - one).cwiseAbs().maxCoeff() <= config.contraction_tolerance) {
      delta = two;
      return evaluations;
    }
    const double length = -std::max(1.0, r.norm() / std::max(v.norm(), 1e-300));
    const VectorXd leap = delta - 2 * length * r + length * length * v;
    delta = leap.allFinite() ? step(leap) : two;
    ++evaluations;
    if (!delta.allFinite()) delta = two;
  }
  return -evaluations;
}

// d delta / d theta of one market: -(ds/ddelta)^-1 ds/dtheta.
void delta_jacobian(const BlpData& d, const std::vector<Free>& free, const std::vector<double>& x2, Span product,
                    Span agent, const Matrix& s, const VectorXd& weight, MatrixXd& jacobian) {
  const Index J = product.count;
  const Matrix weighted = weight.asDiagonal() * s;
  MatrixXd by_delta = -(s.transpose() * weighted);
  by_delta.diagonal() += weighted.colwise().sum().transpose();
  MatrixXd by_theta(J, Index(free.size()));
  VectorXd x(J);
  for (size_t f = 0; f < free.size(); ++f) {
    for (Index j = 0; j < J; ++j) x(j) = x2[size_t((product.begin + j) * d.K2 + free[f].k)];
    VectorXd draw(agent.count);
    for (int64_t i = 0; i < agent.count; ++i)
      draw(i) = free[f].in_pi ? d.demographics[size_t((agent.begin + i) * d.D + free[f].d)]
                              : d.nodes[size_t((agent.begin + i) * d.K2 + free[f].k)];
    // sum_i w_i s_ij v_ij - sum_i w_i s_ij sum_k s_ik v_ik, with v_ij = x_j draw_i.
    const VectorXd first = x.cwiseProduct(weighted.transpose() * draw);
    const VectorXd second = weighted.transpose() * draw.cwiseProduct(s * x);
    by_theta.col(Index(f)) = first - second;
  }
  jacobian.middleRows(product.begin, J) = -by_delta.partialPivLu().solve(by_theta);
}

struct Evaluation {
  BlpEstimate estimate;
  VectorXd gradient;
  MatrixXd jacobian;  // [N, free] of xi, absorbed
  bool good = false;
};

// `warm` is the delta from which the contraction starts.
Evaluation evaluate(const Problem& p, const Theta& theta, const std::vector<double>& warm, const BlpConfig& config) {
  const BlpData& d = p.data;
  Evaluation out;
  out.estimate.theta = theta;
  out.estimate.delta = warm;
  const auto free = free_parameters(d, theta);
  out.jacobian.resize(d.num_rows(), Index(free.size()));
  Matrix s;
  for (size_t t = 0; t < p.products.size(); ++t) {
    const Span product = p.products[t], agent = p.agents[t];
    const Matrix mu = deviations(d, theta, d.x2, product, agent);
    const VectorXd weight = Eigen::Map<const VectorXd>(d.agent_weight.data() + agent.begin, agent.count);
    const VectorXd log_share = Eigen::Map<const VectorXd>(d.share.data() + product.begin, product.count).array().log();
    VectorXd delta = Eigen::Map<const VectorXd>(warm.data() + product.begin, product.count);
    const int evaluations = contract(mu, weight, log_share, delta, config);
    out.estimate.contractions += std::abs(evaluations);
    if (evaluations < 0 || !delta.allFinite()) {
      out.estimate.why = ingot::detail::join_parts("the share inversion of market ", t, " did not converge");
      return out;
    }
    Eigen::Map<VectorXd>(out.estimate.delta.data() + product.begin, product.count) = delta;
    probabilities(mu, delta, s);
    delta_jacobian(d, free, d.x2, product, agent, s, weight, out.jacobian);
  }
  concentrate(p, out.estimate);
  absorb(d.effect, out.jacobian);
  const VectorXd xi = Eigen::Map<const VectorXd>(out.estimate.xi.data(), d.num_rows());
  // beta is at its optimum, so its part of the derivative vanishes (envelope theorem).
  out.gradient = 2 * out.jacobian.transpose() * (p.Z * (p.weights * (p.Z.transpose() * xi)));
  out.estimate.max_gradient = free.empty() ? 0 : out.gradient.cwiseAbs().maxCoeff();
  out.good = std::isfinite(out.estimate.objective) && out.gradient.allFinite();
  return out;
}

std::vector<double> logit_delta(const Problem& p) {
  std::vector<double> delta(p.data.share.size());
  for (const Span product : p.products) {
    double inside = 0;
    for (int64_t j = 0; j < product.count; ++j) inside += p.data.share[size_t(product.begin + j)];
    for (int64_t j = 0; j < product.count; ++j)
      delta[size_t(product.begin + j)] = std::log(p.data.share[size_t(product.begin + j)]) - std::log(1 - inside);
  }
  return delta;
}

// Heteroscedasticity-robust standard errors of (beta, theta) at the one-step estimate (Hansen 1982).
void standard_errors(const Problem& p, const Evaluation& at, BlpEstimate& e) {
  const Index N = p.X1.rows(), K1 = p.X1.cols(), P = at.jacobian.cols();
  const VectorXd xi = Eigen::Map<const VectorXd>(e.xi.data(), N);
  MatrixXd derivative(N, K1 + P);
  derivative << -p.X1, at.jacobian;
  const MatrixXd G = p.Z.transpose() * derivative;
  const MatrixXd S = p.Z.transpose() * xi.array().square().matrix().asDiagonal() * p.Z;
  const MatrixXd bread = (G.transpose() * p.weights * G).ldlt().solve(MatrixXd::Identity(K1 + P, K1 + P));
  const MatrixXd covariance = bread * (G.transpose() * p.weights * S * p.weights * G) * bread;
  e.beta_se.resize(size_t(K1));
  for (Index k = 0; k < K1; ++k) e.beta_se[size_t(k)] = std::sqrt(std::max(0.0, covariance(k, k)));
  e.theta_se = {std::vector<double>(e.theta.sigma.size(), 0), std::vector<double>(e.theta.pi.size(), 0)};
  const auto free = free_parameters(p.data, e.theta);
  for (size_t f = 0; f < free.size(); ++f)
    parameter(p.data, e.theta_se, free[f]) = std::sqrt(std::max(0.0, covariance(K1 + Index(f), K1 + Index(f))));
}

}  // namespace

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
  if (!effect.empty()) sized("effect", effect.size(), N);
  sized("nodes", nodes.size(), I * K2);
  sized("demographics", demographics.size(), I * D);
  sized("agent_market", agent_market.size(), I);
  if (L < K1) complain("instruments: ", L, ", expected at least the ", K1, " linear characteristics");
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
  if (K2 > 0 && int64_t(total.size()) != num_markets())
    complain("agents cover ", total.size(), " markets of ", num_markets());
  if (!problems.empty()) return problems;

  MatrixXd Z = map_of(z, N, L);
  absorb(effect, Z);
  for (Index c = 0; c < Z.cols(); ++c)
    if (Z.col(c).norm() <= 1e-10 * std::sqrt(double(N)))
      complain("instrument ", c, " does not vary", effect.empty() ? "" : " within the absorbed effects");
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
  Problem p(data);
  BlpEstimate e;
  e.delta = logit_delta(p);
  e.theta = {std::vector<double>(size_t(data.K2), 0), std::vector<double>(size_t(data.K2 * data.D), 0)};
  concentrate(p, e);
  if (two_step) {
    p.set_efficient_weights(e.xi);
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
  const int64_t unknown = data.K1 + int64_t(free_parameters(data, start).size());
  require("market", data.L >= unknown, "instruments: ", data.L, ", expected at least the ", unknown,
          " parameters; add demand_instruments columns or drop random coefficients");
  Problem p(data);
  BlpEstimate e = search(p, start, logit_delta(p), config);
  if (config.steps == 2) {
    p.set_efficient_weights(e.xi);
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
  const double beta_price = at.beta[size_t(d.price_in_x1)];
  for (int64_t i = 0; i < agent.count; ++i) {
    double taste = 0;  // of the price, on top of its mean
    if (const int64_t k = d.price_in_x2; k >= 0) {
      taste = at.theta.sigma[size_t(k)] * d.nodes[size_t((agent.begin + i) * d.K2 + k)];
      for (int64_t c = 0; c < d.D; ++c)
        taste += at.theta.pi[size_t(k * d.D + c)] * d.demographics[size_t((agent.begin + i) * d.D + c)];
    }
    const double alpha = -(beta_price + taste);
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
