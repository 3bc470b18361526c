// What the BLP search evaluates: share inversion, markups, moments and their analytic gradient. Used by blp.cpp alone.
// Shapes: N products, P free parameters, K linear ones (beta without what is searched, then gamma), M moments (demand,
// then supply).
#pragma once

#include <cstdint>
#include <vector>

#include <Eigen/Dense>

#include "ingot/plan/market/blp.h"

namespace ingot::market::blp {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Span {  // rows of one market
  int64_t begin = 0, count = 0;
};
std::vector<Span> spans(const std::vector<int32_t>& market, int64_t markets);
Matrix map_of(const std::vector<double>& values, int64_t rows, int64_t columns);
// Subtracts the mean within each fixed effect from every column.
void absorb(const std::vector<int32_t>& effect, MatrixXd& m);

// A parameter that the search moves. Alpha, the price coefficient, is one of them only with a supply side.
struct Free {
  enum Kind { Sigma, Pi, Alpha } kind;
  int64_t k = 0, d = 0;
  bool of_price(const BlpData& data) const { return kind == Alpha || k == data.price_in_x2; }
  double draw(const BlpData& data, int64_t agent) const;  // the taste that one unit of it adds to column k
};
std::vector<Free> free_parameters(const BlpData& data, const Theta& theta);
double& parameter(const BlpData& data, Theta& theta, const Free& f);

// What does not change during the search.
struct Problem {
  explicit Problem(const BlpData& data);
  bool supply() const { return data.K3 > 0; }
  bool searches_alpha() const { return supply(); }
  void set_weights(MatrixXd w);
  // From the residuals of a first step, centred as PyBLP's default; scaled back to Z'Z units (Hansen 1982).
  void set_efficient_weights(const BlpEstimate& first);
  VectorXd moments(const VectorXd& xi, const VectorXd& omega) const;  // [M]
  MatrixXd moments_of_rows(const BlpEstimate& e) const;               // [N, M]

  const BlpData& data;
  std::vector<Span> products, agents;
  MatrixXd X1, Z, X3, ZS;           // X1 without the price when that is searched
  VectorXd price;                   // within the effects
  MatrixXd ZX, weights, projector;  // [M, K], [M, M], [K, M]
};

struct Evaluation {
  BlpEstimate estimate;
  VectorXd gradient;
  MatrixXd jacobian, cost_jacobian;  // [N, P] of xi within the effects, of (log) cost
  bool good = false;
};

// `warm` is the delta from which the contraction starts.
Evaluation evaluate(const Problem& p, const Theta& theta, const std::vector<double>& warm, const BlpConfig& config);
// Fills what follows from delta and cost: beta, gamma, xi, omega and the objective.
void concentrate(const Problem& p, BlpEstimate& e);
std::vector<double> logit_delta(const Problem& p);
// Heteroscedasticity-robust (Hansen 1982).
void standard_errors(const Problem& p, const Evaluation& at, BlpEstimate& e);

// How far the agent's coefficient of column k of x2 lies from the mean: sigma nu_i + pi d_i.
double taste(const BlpData& d, const Theta& theta, int64_t k, int64_t agent);
// mu_ij of one market: x2_j . (sigma nu_i + pi d_i). [agents, products]
Matrix deviations(const BlpData& d, const Theta& theta, const std::vector<double>& x2, Span product, Span agent);
void probabilities(const Matrix& mu, const VectorXd& delta, Matrix& s);  // [agents, products]
// d delta / d theta of one market, -(ds/ddelta)^-1 ds/dtheta, into its rows of `jacobian` [N, P].
void delta_jacobian(const BlpData& d, const std::vector<Free>& free, const std::vector<double>& x2, Span product,
                    Span agent, const Matrix& s, const VectorXd& weight, MatrixXd& jacobian);

// Markups of one market at the observed prices: (Lambda - O.Gamma) eta = s, the fixed point of zeta (Morrow & Skerlos
// 2011, eq. 12), and d eta / d theta [J, P]. Rows of `delta_by_theta` [N, P] are those of all markets.
struct Markups {
  VectorXd eta;
  MatrixXd by_theta;
};
Markups markups(const BlpData& d, const Theta& theta, const std::vector<Free>& free, Span product, Span agent,
                const Matrix& s, const VectorXd& weight, const MatrixXd& delta_by_theta);
// Price sensitivity of an agent: minus the coefficient of the price, its own taste included.
double price_sensitivity(const BlpData& d, const Theta& theta, double mean_coefficient, int64_t agent);

}  // namespace ingot::market::blp
