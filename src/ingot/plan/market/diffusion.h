// Market size over time (Bass 1969) and quantity competition (Cournot 1838), both in closed form.
#pragma once

#include <vector>

#include "ingot/base/error.h"

namespace ingot::market {

// dF/dt = (p + q F)(1 - F). F(t) = (1 - e^-(p+q)t) / (1 + q/p e^-(p+q)t).
struct Bass {
  double p = 0.03;                       // innovation, per period
  double q = 0.38;                       // imitation, per period
  double potential = 1;                  // m
  double adopted_share(double t) const;  // F(t)
  double rate(double t) const;           // m dF/dt
  double peak_time() const;              // log(q / p) / (p + q); 0 when q <= p
  // F after one more period from any F, with p and q of that period (they may depend on price and quality).
  static double advance(double share, double p, double q, double periods = 1);
  Problems validate() const;
};

// Linear inverse demand P = intercept - slope Q, constant marginal costs. Firms that cannot cover cost produce 0.
struct Cournot {
  double price = 0;
  std::vector<double> quantity, profit;
};
Cournot solve_cournot(double intercept, double slope, const std::vector<double>& cost);

}  // namespace ingot::market
