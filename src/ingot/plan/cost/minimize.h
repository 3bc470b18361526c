// BFGS for a handful of parameters with an analytic gradient (Nocedal & Wright 2006, alg. 6.1), with the bisecting
// weak-Wolfe line search of Lewis & Overton 2013, which also copes with the kinks of a Huber loss.
#pragma once

#include <functional>
#include <vector>

namespace ingot::cost {

// Returns f(x) and writes its gradient.
using Objective = std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;

struct Minimum {
  std::vector<double> x;
  double value = 0;
  double gradient_norm = 0;
  int iterations = 0;
};

// Stops at `gradient_tolerance`, when f no longer falls, or after `max_iterations`.
Minimum minimize_bfgs(const Objective& objective, std::vector<double> start, int max_iterations = 1000,
                      double gradient_tolerance = 1e-12);

// Golden-section search for the minimum of a unimodal f on [low, high].
double minimize_golden(const std::function<double(double)>& f, double low, double high, double tolerance = 1e-12);

}  // namespace ingot::cost
