// Discrete-choice demand: plain, nested and mixed (random-coefficient) logit in one form.
//   u_ij = value_ij - alpha_i p_j + zeta_ig(rho_g) + (1 - rho_g) eps_ij,   u_i0 = eps_i0   (outside option)
// McFadden 1974 (logit), Cardell 1997 and Berry 1994 (nested), Berry, Levinsohn & Pakes 1995 (mixed).
// Shapes: R consumer types, J products, G nests. Prices and costs share one unit; shares are of the market size.
#pragma once

#include <cstdint>
#include <vector>

#include "ingot/base/error.h"

namespace ingot::market {

// Consumer types are draws (or segments) with weights that sum to 1. One type without nests is the plain logit.
struct Demand {
  int64_t num_products = 0;
  std::vector<double> weight;  // [R]
  std::vector<double> alpha;   // [R] marginal utility of money, > 0 on average (estimates leave a few types below 0)
  std::vector<double> value;   // [R, J] utility of each product before price
  std::vector<int32_t> nest;   // [J] nest of each product, or empty when there are none
  std::vector<double> rho;     // [G] correlation within each nest, in [0, 1)

  int64_t num_types() const { return int64_t(weight.size()); }
  bool plain() const { return weight.size() == 1 && nest.empty(); }
  Problems validate() const;

  static Demand logit(std::vector<double> value, double alpha);
  static Demand nested_logit(std::vector<double> value, double alpha, std::vector<int32_t> nest,
                             std::vector<double> rho);
};

// Choice probabilities at prices p and what their derivatives are made of.
struct Shares {
  std::vector<double> product;    // [J]
  std::vector<double> by_type;    // [R, J]
  std::vector<double> nest_type;  // [R, G] share of each nest; empty without nests
  double outside = 1;
};
Shares shares(const Demand& demand, const std::vector<double>& prices);

// ds_j/dp_k = -Lambda_jj 1{j = k} + Gamma_jk, the split of Morrow & Skerlos 2011, eq. 7.
struct ShareDerivatives {
  std::vector<double> lambda;  // [J]
  std::vector<double> gamma;   // [J, J], symmetric; pairs of different firms stay 0 when `firm` is given
};
// `firm` [J]: only pairs of the same firm are filled, which is all that pricing needs. Empty: all pairs.
ShareDerivatives share_derivatives(const Demand& demand, const Shares& at, const std::vector<int32_t>& firm = {});

// [J, J] elasticities: row j, column k = d log s_j / d log p_k.
std::vector<double> elasticities(const Demand& demand, const std::vector<double>& prices);

}  // namespace ingot::market
