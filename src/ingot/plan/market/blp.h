// Estimation of random-coefficient logit demand: Berry, Levinsohn & Pakes 1995, in the form of Nevo 2000 with the
// advice of Conlon & Gortmaker 2020: contraction by SQUAREM to 1e-14, GMM with the analytic gradient.
//   u_ijt = delta_jt + x2_jt (sigma nu_it + pi d_it) + eps_ijt,   delta_jt = x1_jt beta + fixed effect + xi_jt
// and, with a supply side, cost or log cost: p_jt - eta_jt = x3_jt gamma + omega_jt, eta the markups of Bertrand firms.
// Shapes: N products over T markets, K1 linear, K2 nonlinear and K3 cost characteristics, L and LS instruments of
// demand and supply, D demographics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/plan/market/demand.h"

namespace ingot::market {

// One row per product and market. Matrices are row-major.
struct BlpData {
  std::vector<int32_t> market, firm, effect;  // [N]; markets contiguous and counted from 0; effect: absorbed, or empty
  std::vector<double> share, price;           // [N]
  std::vector<double> x1;                     // [N, K1], includes the price in column `price_in_x1`
  std::vector<double> x2;                     // [N, K2]
  std::vector<double> z;                      // [N, L] excluded and exogenous instruments
  int64_t K1 = 0, K2 = 0, L = 0;
  std::vector<double> x3;  // [N, K3] of the cost; K3 = 0: demand alone
  std::vector<double> zs;  // [N, LS] instruments of the cost equation
  int64_t K3 = 0, LS = 0;
  bool log_costs = false;
  int64_t price_in_x1 = 0;
  int64_t price_in_x2 = -1;  // -1: the price has no random coefficient

  std::vector<int32_t> agent_market;  // [I]
  std::vector<double> agent_weight;   // [I] sums to 1 in each market
  std::vector<double> nodes;          // [I, K2]
  std::vector<double> demographics;   // [I, D]
  int64_t D = 0;

  int64_t num_rows() const { return int64_t(share.size()); }
  int64_t num_markets() const { return market.empty() ? 0 : market.back() + 1; }
  // Shares over 1, markets without an outside option, unordered markets, constant instruments, sizes that disagree.
  Problems validate() const;
};

// sigma [K2] and pi [K2, D]; entries that start at 0 stay 0, as in Nevo 2000 and PyBLP. alpha, the coefficient of the
// price, belongs to the search only with a supply side: costs depend on it. A start of 0 is then the logit's.
struct Theta {
  std::vector<double> sigma, pi;
  double alpha = 0;
};

struct BlpConfig {
  double contraction_tolerance = 1e-14;
  int max_contractions = 2000;
  double gradient_tolerance =
      1e-5;  // largest |gradient| at the optimum; the share inversion leaves about 3e-6 of noise
  int max_iterations = 500;
  int steps = 1;  // 2: a second search with efficient weights (Hansen 1982), as PyBLP's method "2s"
};

struct BlpEstimate {
  bool converged = false;
  std::string why;
  double objective = 0;  // xi' Z W Z' xi, W = (Z'Z)^-1 in the first step, as PyBLP prints it
  double max_gradient = 0;
  int evaluations = 0, contractions = 0;
  Theta theta;
  std::vector<double> beta;       // [K1]; beta[price_in_x1] < 0 is the mean price coefficient
  std::vector<double> beta_se;    // [K1] robust
  Theta theta_se;                 // robust; 0 where fixed at 0
  std::vector<double> delta, xi;  // [N]
  // With a supply side:
  std::vector<double> gamma, gamma_se;  // [K3]
  std::vector<double> cost, omega;      // [N]
};

// Plain logit by 2SLS (`two_step`: efficient weights, as PyBLP's "2s").
BlpEstimate estimate_logit(const BlpData& data, bool two_step = false);
// One evaluation at theta, without search.
BlpEstimate evaluate_blp(const BlpData& data, const Theta& theta, const BlpConfig& config = {});
// Search from `start` by BFGS. `data.z` may be replaced by optimal_instruments() for a second round.
BlpEstimate estimate_blp(const BlpData& data, const Theta& start, const BlpConfig& config = {});
// Chamberlain 1987 in the approximation of BLP 1999: the expected Jacobian of xi at xi = 0, with prices replaced by
// their projection on the instruments. [N, K1 + free parameters]
std::vector<double> optimal_instruments(const BlpData& data, const BlpEstimate& at, int64_t* num_columns);

// The estimated demand of one market, ready for equilibrium.h. `rows` gets the rows of its products.
Demand market_demand(const BlpData& data, const BlpEstimate& at, int32_t market, std::vector<int64_t>* rows = nullptr);

}  // namespace ingot::market
