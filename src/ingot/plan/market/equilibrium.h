// Bertrand-Nash prices of multi-product firms.
//   plain logit: one scalar equation in the aggregate H (Nocke & Schutz 2018): every product of a firm carries the same
//     markup m_f, alpha m_f = 1 / (1 - S_f).
//   nested and mixed: p <- c + zeta(p) (Morrow & Skerlos 2011), then Newton on the residual in markups, never the
//   literal
//     first-order conditions, which vanish as prices run to infinity and have spurious roots there.
// Capacity: firm f sells at most K_f; its shadow price lambda_f >= 0 is added to cost, lambda_f (K_f - q_f) = 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/plan/market/demand.h"

namespace ingot::market {

struct Supply {
  std::vector<int32_t> firm;  // [J] owner of each product, 0 .. F-1
  std::vector<double> cost;   // [J] marginal cost
  std::vector<double> fixed;  // [J] price set from outside (open-weights fringe), NaN where the firm sets it; or empty
  std::vector<double> capacity;  // [F] as a share of the market, infinity = none; or empty
  int32_t num_firms() const;
  Problems validate(const Demand& demand) const;
};

enum class Status { Converged, NotConverged, NotAnEquilibrium };
const char* to_string(Status status);

struct Equilibrium {
  Status status = Status::NotConverged;
  std::string why;  // what failed, when it did
  int iterations = 0;
  double residual = 0;               // max_j |p_j - c_j - lambda_f - zeta_j(p)| / p_j
  double best_deviation = 0;         // largest relative gain in profit that a firm finds on the deviation grid
  std::vector<double> price, share;  // [J]
  std::vector<double> markup;        // [J] p - c
  std::vector<double> shadow_price;  // [F] lambda; 0 without capacity
  std::vector<double> profit;        // [F] per consumer of the market
  double outside_share = 1, hhi = 0, consumer_surplus = 0;
};

struct SolverConfig {
  double tolerance = 1e-13;
  int max_iterations = 5000;
  bool check_deviations = true;
};

// Throws InvalidArgument for wrong input; a failure to converge is a status with its residual, not an exception and
// never a number presented as truth.
Equilibrium solve_prices(const Demand& demand, const Supply& supply, const SolverConfig& config = {});

// Marginal costs that make the observed prices an equilibrium: c = p - (O.(-ds/dp))^-1 s (BLP 1995, eq. 3.6).
std::vector<double> implied_costs(const Demand& demand, const Supply& supply, const std::vector<double>& prices);

// Herfindahl-Hirschman index of firm shares among the inside products, 0 to 10,000.
double hhi(const std::vector<double>& share, const std::vector<int32_t>& firm);

}  // namespace ingot::market
