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

// Generalised Bass model (Bass, Krishnan & Jain 1994, eq. 6): f / (1 - F) = (p + q F) x(t), where
//   x = 1 + price_effect (dPrice / Price) + quality_effect (dQuality)
// is the current effort. F stays a Bass curve in cumulative effort, so a period of effort x is Bass::advance over x
// periods. The potential may follow price: m(t) = m (Price(t) / Price(0))^potential_elasticity.
struct GeneralizedBass {
  Bass base;
  double price_effect = -1;   // of a relative price change within the period, <= 0
  double quality_effect = 0;  // of one unit of quality gained within the period, >= 0
  double potential_elasticity = 0;
  double effort(double relative_price_change, double quality_change) const;  // x, at least 0: nobody un-adopts
  double advance(double share, double relative_price_change, double quality_change, double periods = 1) const;
  double potential(double relative_price) const;  // of Price(t) / Price(0)
  Problems validate() const;
};

// Linear inverse demand P = intercept - slope Q, constant marginal costs. Firms that cannot cover cost produce 0.
struct Cournot {
  double price = 0;
  std::vector<double> quantity, profit;
};
Cournot solve_cournot(double intercept, double slope, const std::vector<double>& cost);

}  // namespace ingot::market
