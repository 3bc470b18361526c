// Bertrand prices of the whole market, started from last month's solution. One consumer type without nests: one scalar
// equation in D = 1 + sum_j exp(v_j - alpha p_j), where every product of a firm carries the markup x_f / alpha,
// x = 1 / (1 - S_f) (Nocke & Schutz 2018). Else p <- c + zeta(p) (Morrow & Skerlos 2011), O(types x products) a step.
// market::solve_prices solves the same from scratch and checks deviations; the tests compare both.
#pragma once

#include "ingot/plan/venture/numbers.h"

namespace ingot::venture {

struct MarketMonth {  // in and out of one solve; [types, products] row-major in `value`
  int products = 0;
  bool sold[kMaxProducts], given[kMaxProducts];  // given: its price is set from outside
  int owner[kMaxProducts];
  double value[kMaxTypes][kMaxProducts];  // utility before price
  double cost[kMaxProducts], price[kMaxProducts], share[kMaxProducts];
};

class PriceSolver {
 public:
  explicit PriceSolver(const Numbers& numbers) : n_(&numbers) { start(); }
  void start();
  // Fills price and share. False when the iteration did not converge; the prices are then the last iterate.
  bool solve(MarketMonth& market);
  // Choice probabilities at market.price.
  void shares(MarketMonth& market) const;

 private:
  bool solve_plain(MarketMonth& market);
  bool solve_zeta(MarketMonth& market);

  const Numbers* n_;
  double log_total_, markup_[kMaxFirms], margin_[kMaxProducts];
  bool warm_;
};

}  // namespace ingot::venture
