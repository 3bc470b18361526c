#include "ingot/plan/cost/minimize.h"

#include <cmath>
#include <numeric>

namespace ingot::cost {
namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

Minimum minimize_bfgs(const Objective& objective, std::vector<double> x, int max_iterations,
                      double gradient_tolerance) {
  const size_t n = x.size();
  std::vector<double> g(n), step(n), x_new(n), g_new(n), s(n), y(n), Hy(n);
  std::vector<double> H(n * n);  // inverse Hessian
  const auto reset = [&] {
    std::fill(H.begin(), H.end(), 0.0);
    for (size_t i = 0; i < n; ++i) H[i * n + i] = 1;
  };
  reset();
  bool fresh = true;  // H is the identity: scale it after the first step
  double f = objective(x, g);
  int iteration = 0, idle = 0;  // idle: iterations in a row that changed f by rounding only
  for (; iteration < max_iterations && std::sqrt(dot(g, g)) > gradient_tolerance; ++iteration) {
    for (size_t i = 0; i < n; ++i) {
      step[i] = 0;
      for (size_t j = 0; j < n; ++j) step[i] -= H[i * n + j] * g[j];
    }
    double slope = dot(step, g);
    if (!(slope < 0)) {  // H lost positive definiteness to rounding
      reset(), fresh = true;
      for (size_t i = 0; i < n; ++i) step[i] = -g[i];
      slope = dot(step, g);
    }
    // Weak Wolfe: sufficient decrease 1e-4, curvature 0.9.
    double low = 0, high = INFINITY, t = fresh ? std::min(1.0, 1 / std::sqrt(-slope)) : 1, f_new = f;
    bool found = false;
    for (int k = 0; k < 40; ++k) {
      for (size_t i = 0; i < n; ++i) x_new[i] = x[i] + t * step[i];
      f_new = objective(x_new, g_new);
      if (!(f_new <= f + 1e-4 * t * slope)) {
        high = t;
      } else if (dot(g_new, step) < 0.9 * slope) {
        low = t;
        found = true;
      } else {
        found = true;
        break;
      }
      t = std::isinf(high) ? 2 * low : (low + high) / 2;
    }
    if (!found || !(f_new <= f)) {
      if (fresh) break;
      reset(), fresh = true;
      continue;
    }
    for (size_t i = 0; i < n; ++i) s[i] = x_new[i] - x[i], y[i] = g_new[i] - g[i];
    const double sy = dot(s, y);
    if (sy > 0) {
      if (fresh) {
        const double scale = sy / dot(y, y);
        for (double& value : H) value *= scale;
        fresh = false;
      }
      for (size_t i = 0; i < n; ++i) Hy[i] = dot({H.begin() + long(i * n), H.begin() + long(i * n + n)}, y);
      const double yHy = dot(y, Hy);
      for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < n; ++j)
          H[i * n + j] += (1 + yHy / sy) * s[i] * s[j] / sy - (Hy[i] * s[j] + s[i] * Hy[j]) / sy;
    }
    idle = f - f_new <= 4e-16 * std::fabs(f) ? idle + 1 : 0;
    x = x_new, g = g_new, f = f_new;
    if (idle == 3) break;
  }
  return {x, f, std::sqrt(dot(g, g)), iteration};
}

double minimize_golden(const std::function<double(double)>& f, double low, double high, double tolerance) {
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double a = high - ratio * (high - low), b = low + ratio * (high - low), fa = f(a), fb = f(b);
  while (high - low > tolerance * (1 + std::fabs(low) + std::fabs(high))) {
    if (fa < fb) {
      high = b, b = a, fb = fa;
      a = high - ratio * (high - low), fa = f(a);
    } else {
      low = a, a = b, fa = fb;
      b = low + ratio * (high - low), fb = f(b);
    }
  }
  return (low + high) / 2;
}

}  // namespace ingot::cost
