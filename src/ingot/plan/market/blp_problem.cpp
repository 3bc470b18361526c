#include "ingot/plan/market/blp_problem.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ingot::market::blp {
namespace {

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

}  // namespace

Matrix map_of(const std::vector<double>& values, int64_t rows, int64_t columns) {
  return Eigen::Map<const Matrix>(values.data(), rows, columns);
}

void absorb(const std::vector<int32_t>& effect, MatrixXd& m) {
  if (effect.empty()) return;
  const int32_t count = *std::max_element(effect.begin(), effect.end()) + 1;
  MatrixXd sum = MatrixXd::Zero(count, m.cols());
  VectorXd n = VectorXd::Zero(count);
  for (Index i = 0; i < m.rows(); ++i) sum.row(effect[size_t(i)]) += m.row(i), n(effect[size_t(i)]) += 1;
  for (Index i = 0; i < m.rows(); ++i) m.row(i) -= sum.row(effect[size_t(i)]) / n(effect[size_t(i)]);
}

std::vector<Span> spans(const std::vector<int32_t>& market, int64_t markets) {
  std::vector<Span> out(static_cast<size_t>(markets));
  for (size_t i = 0; i < market.size(); ++i) {
    auto& span = out[size_t(market[i])];
    if (span.count++ == 0) span.begin = int64_t(i);
  }
  return out;
}

double Free::draw(const BlpData& data, int64_t agent) const {
  return kind == Pi ? data.demographics[size_t(agent * data.D + d)] : data.nodes[size_t(agent * data.K2 + k)];
}

std::vector<Free> free_parameters(const BlpData& data, const Theta& theta) {
  std::vector<Free> free;
  for (int64_t k = 0; k < data.K2; ++k)
    if (theta.sigma[size_t(k)] != 0) free.push_back({Free::Sigma, k, 0});
  for (int64_t k = 0; k < data.K2; ++k)
    for (int64_t d = 0; d < data.D; ++d)
      if (theta.pi[size_t(k * data.D + d)] != 0) free.push_back({Free::Pi, k, d});
  if (data.K3 > 0) free.push_back({Free::Alpha});
  return free;
}

double& parameter(const BlpData& data, Theta& theta, const Free& f) {
  return f.kind == Free::Alpha ? theta.alpha
         : f.kind == Free::Pi  ? theta.pi[size_t(f.k * data.D + f.d)]
                               : theta.sigma[size_t(f.k)];
}

Problem::Problem(const BlpData& d) : data(d) {
  const int64_t N = d.num_rows();
  products = spans(d.market, d.num_markets());
  agents = d.agent_market.empty() ? std::vector<Span>(products.size()) : spans(d.agent_market, d.num_markets());
  X1 = map_of(d.x1, N, d.K1);
  Z = map_of(d.z, N, d.L);
  X3 = map_of(d.x3, N, d.K3);
  ZS = map_of(d.zs, N, d.LS);
  absorb(d.effect, X1);
  absorb(d.effect, Z);
  price = X1.col(d.price_in_x1);
  if (searches_alpha()) {
    const Index after = X1.cols() - 1 - d.price_in_x1;
    X1.middleCols(d.price_in_x1, after) = X1.rightCols(after).eval();
    X1.conservativeResize(Eigen::NoChange, X1.cols() - 1);
  }
  ZX = MatrixXd::Zero(d.L + d.LS, X1.cols() + d.K3);
  ZX.topLeftCorner(d.L, X1.cols()) = Z.transpose() * X1;
  ZX.bottomRightCorner(d.LS, d.K3) = ZS.transpose() * X3;
  MatrixXd w = MatrixXd::Zero(d.L + d.LS, d.L + d.LS);
  w.topLeftCorner(d.L, d.L) = (Z.transpose() * Z).ldlt().solve(MatrixXd::Identity(d.L, d.L));
  if (supply()) w.bottomRightCorner(d.LS, d.LS) = (ZS.transpose() * ZS).ldlt().solve(MatrixXd::Identity(d.LS, d.LS));
  set_weights(std::move(w));
}

void Problem::set_weights(MatrixXd w) {
  weights = std::move(w);
  projector = (ZX.transpose() * weights * ZX).ldlt().solve(ZX.transpose() * weights);
}

VectorXd Problem::moments(const VectorXd& xi, const VectorXd& omega) const {
  VectorXd g(Z.cols() + ZS.cols());
  g.head(Z.cols()) = Z.transpose() * xi;
  if (supply()) g.tail(ZS.cols()) = ZS.transpose() * omega;
  return g;
}

MatrixXd Problem::moments_of_rows(const BlpEstimate& e) const {
  MatrixXd g(Z.rows(), Z.cols() + ZS.cols());
  g.leftCols(Z.cols()) = Eigen::Map<const VectorXd>(e.xi.data(), Z.rows()).asDiagonal() * Z;
  if (supply()) g.rightCols(ZS.cols()) = Eigen::Map<const VectorXd>(e.omega.data(), Z.rows()).asDiagonal() * ZS;
  return g;
}

void Problem::set_efficient_weights(const BlpEstimate& first) {
  MatrixXd g = moments_of_rows(first);
  g.rowwise() -= g.colwise().mean();
  set_weights((g.transpose() * g).ldlt().solve(MatrixXd::Identity(g.cols(), g.cols())));
}

void concentrate(const Problem& p, BlpEstimate& e) {
  const BlpData& d = p.data;
  const Index N = Index(e.delta.size()), K1 = p.X1.cols();
  MatrixXd within = Eigen::Map<const VectorXd>(e.delta.data(), N);
  absorb(d.effect, within);
  VectorXd left = within.col(0), cost(p.supply() ? N : 0);
  if (p.searches_alpha()) left -= e.theta.alpha * p.price;
  for (Index i = 0; i < cost.size(); ++i) cost(i) = d.log_costs ? std::log(e.cost[size_t(i)]) : e.cost[size_t(i)];
  const VectorXd linear = p.projector * p.moments(left, cost);
  const VectorXd xi = left - p.X1 * linear.head(K1);
  VectorXd omega = cost;
  if (p.supply()) omega -= p.X3 * linear.tail(d.K3);
  const VectorXd moments = p.moments(xi, omega);
  e.objective = moments.dot(p.weights * moments);
  e.beta.assign(linear.data(), linear.data() + K1);
  if (p.searches_alpha()) e.beta.insert(e.beta.begin() + d.price_in_x1, e.theta.alpha);
  e.gamma.assign(linear.data() + K1, linear.data() + linear.size());
  e.xi.assign(xi.data(), xi.data() + xi.size());
  e.omega.assign(omega.data(), omega.data() + omega.size());
}

double taste(const BlpData& d, const Theta& theta, int64_t k, int64_t agent) {
  double t = theta.sigma[size_t(k)] * d.nodes[size_t(agent * d.K2 + k)];
  for (int64_t c = 0; c < d.D; ++c) t += theta.pi[size_t(k * d.D + c)] * d.demographics[size_t(agent * d.D + c)];
  return t;
}

Matrix deviations(const BlpData& d, const Theta& theta, const std::vector<double>& x2, Span product, Span agent) {
  Matrix tastes(agent.count, d.K2);
  for (int64_t i = 0; i < agent.count; ++i)
    for (int64_t k = 0; k < d.K2; ++k) tastes(i, k) = taste(d, theta, k, agent.begin + i);
  const auto x = Eigen::Map<const Matrix>(x2.data() + product.begin * d.K2, product.count, d.K2);
  return tastes * x.transpose();
}

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

void delta_jacobian(const BlpData& d, const std::vector<Free>& free, const std::vector<double>& x2, Span product,
                    Span agent, const Matrix& s, const VectorXd& weight, MatrixXd& jacobian) {
  const Index J = product.count;
  const Matrix weighted = weight.asDiagonal() * s;
  MatrixXd by_delta = -(s.transpose() * weighted);
  by_delta.diagonal() += weighted.colwise().sum().transpose();
  MatrixXd by_theta = MatrixXd::Zero(J, Index(free.size()));
  VectorXd x(J);
  for (size_t f = 0; f < free.size(); ++f) {
    if (free[f].kind == Free::Alpha) continue;  // at given delta it moves no share
    for (Index j = 0; j < J; ++j) x(j) = x2[size_t((product.begin + j) * d.K2 + free[f].k)];
    VectorXd draw(agent.count);
    for (int64_t i = 0; i < agent.count; ++i) draw(i) = free[f].draw(d, agent.begin + i);
    // sum_i w_i s_ij v_ij - sum_i w_i s_ij sum_k s_ik v_ik, with v_ij = x_j draw_i.
    const VectorXd first = x.cwiseProduct(weighted.transpose() * draw);
    const VectorXd second = weighted.transpose() * draw.cwiseProduct(s * x);
    by_theta.col(Index(f)) = first - second;
  }
  jacobian.middleRows(product.begin, J) = -by_delta.partialPivLu().solve(by_theta);
}

Evaluation evaluate(const Problem& p, const Theta& theta, const std::vector<double>& warm, const BlpConfig& config) {
  const BlpData& d = p.data;
  Evaluation out;
  BlpEstimate& e = out.estimate;
  e.theta = theta;
  e.delta = warm;
  if (p.supply()) e.cost.resize(size_t(d.num_rows()));
  const auto free = free_parameters(d, theta);
  out.jacobian.resize(d.num_rows(), Index(free.size()));
  out.cost_jacobian.resize(p.supply() ? d.num_rows() : 0, Index(free.size()));
  Matrix s;
  for (size_t t = 0; t < p.products.size(); ++t) {
    const Span product = p.products[t], agent = p.agents[t];
    const Matrix mu = deviations(d, theta, d.x2, product, agent);
    const VectorXd weight = Eigen::Map<const VectorXd>(d.agent_weight.data() + agent.begin, agent.count);
    const VectorXd log_share = Eigen::Map<const VectorXd>(d.share.data() + product.begin, product.count).array().log();
    VectorXd delta = Eigen::Map<const VectorXd>(warm.data() + product.begin, product.count);
    const int evaluations = contract(mu, weight, log_share, delta, config);
    e.contractions += std::abs(evaluations);
    if (evaluations < 0 || !delta.allFinite()) {
      e.why = ingot::detail::join_parts("the share inversion of market ", t, " did not converge");
      return out;
    }
    Eigen::Map<VectorXd>(e.delta.data() + product.begin, product.count) = delta;
    probabilities(mu, delta, s);
    delta_jacobian(d, free, d.x2, product, agent, s, weight, out.jacobian);
    if (!p.supply()) continue;
    const Markups m = markups(d, theta, free, product, agent, s, weight, out.jacobian);
    for (Index j = 0; j < product.count; ++j) {
      const auto row = size_t(product.begin + j);
      const double cost = e.cost[row] = d.price[row] - m.eta(j);
      if (d.log_costs && !(cost > 0)) {
        e.why = ingot::detail::join_parts("the cost of row ", row, " is ", cost, ", expected > 0 for log costs");
        return out;
      }
      out.cost_jacobian.row(Index(row)) = -m.by_theta.row(j) / (d.log_costs ? cost : 1);
    }
  }
  if (p.searches_alpha()) out.jacobian.rightCols(1) = -Eigen::Map<const VectorXd>(d.price.data(), d.num_rows());
  concentrate(p, e);
  absorb(d.effect, out.jacobian);
  const VectorXd xi = Eigen::Map<const VectorXd>(e.xi.data(), d.num_rows());
  const VectorXd omega = Eigen::Map<const VectorXd>(e.omega.data(), Index(e.omega.size()));
  const VectorXd pull = p.weights * p.moments(xi, omega);
  // beta and gamma are at their optimum, so their part of the derivative vanishes (envelope theorem).
  out.gradient = 2 * out.jacobian.transpose() * (p.Z * pull.head(d.L));
  if (p.supply()) out.gradient += 2 * out.cost_jacobian.transpose() * (p.ZS * pull.tail(d.LS));
  e.max_gradient = free.empty() ? 0 : out.gradient.cwiseAbs().maxCoeff();
  out.good = std::isfinite(e.objective) && out.gradient.allFinite();
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

void standard_errors(const Problem& p, const Evaluation& at, BlpEstimate& e) {
  const BlpData& d = p.data;
  const Index K1 = p.X1.cols(), K = K1 + d.K3, P = at.jacobian.cols();
  MatrixXd G(d.L + d.LS, K + P);
  G.leftCols(K) = -p.ZX;
  G.topRightCorner(d.L, P) = p.Z.transpose() * at.jacobian;
  if (p.supply()) G.bottomRightCorner(d.LS, P) = p.ZS.transpose() * at.cost_jacobian;
  const MatrixXd g = p.moments_of_rows(e), S = g.transpose() * g;
  const MatrixXd bread = (G.transpose() * p.weights * G).ldlt().solve(MatrixXd::Identity(K + P, K + P));
  const MatrixXd covariance = bread * (G.transpose() * p.weights * S * p.weights * G) * bread;
  const auto error = [&](Index k) { return std::sqrt(std::max(0.0, covariance(k, k))); };
  e.theta_se = {std::vector<double>(e.theta.sigma.size(), 0), std::vector<double>(e.theta.pi.size(), 0)};
  const auto free = free_parameters(d, e.theta);
  for (size_t f = 0; f < free.size() && Index(f) < P; ++f) parameter(d, e.theta_se, free[f]) = error(K + Index(f));
  e.beta_se.clear(), e.gamma_se.clear();
  for (Index k = 0; k < K; ++k) (k < K1 ? e.beta_se : e.gamma_se).push_back(error(k));
  if (p.searches_alpha()) e.beta_se.insert(e.beta_se.begin() + d.price_in_x1, e.theta_se.alpha);
}

}  // namespace ingot::market::blp
