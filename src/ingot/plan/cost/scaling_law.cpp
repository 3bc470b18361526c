#include "ingot/plan/cost/scaling_law.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <set>

#include "ingot/base/ascii.h"
#include "ingot/base/error.h"
#include "ingot/base/rng.h"
#include "ingot/plan/cost/minimize.h"

namespace ingot::cost {
namespace {

// Points in centred logs: with n - mean(n) the pairs (a, alpha) and (b, beta) are nearly uncorrelated, which BFGS
// likes.
struct LogPoints {
  std::vector<double> n, d, l;
  double n_mean = 0, d_mean = 0;

  explicit LogPoints(const std::vector<ScalingPoint>& points) {
    for (const auto& p : points)
      n.push_back(std::log(p.params)), d.push_back(std::log(p.tokens)), l.push_back(std::log(p.loss));
    for (size_t i = 0; i < n.size(); ++i) n_mean += n[i] / double(n.size()), d_mean += d[i] / double(n.size());
    for (size_t i = 0; i < n.size(); ++i) n[i] -= n_mean, d[i] -= d_mean;
  }
};

// Parameters of the search: a, b, e, alpha, beta with L = exp(a - alpha n) + exp(b - beta d) + exp(e), n and d centred.
using Vector = std::vector<double>;

ScalingLaw to_law(const Vector& x, const LogPoints& points) {
  return {std::exp(x[0] + x[3] * points.n_mean), std::exp(x[1] + x[4] * points.d_mean), std::exp(x[2]), x[3], x[4]};
}

Vector from_law(const ScalingLaw& law, const LogPoints& points) {
  return {std::log(law.A) - law.alpha * points.n_mean, std::log(law.B) - law.beta * points.d_mean, std::log(law.E),
          law.alpha, law.beta};
}

// Sum of Huber losses of log-sum-exp(a - alpha n, b - beta d, e) - log L, and its gradient. `pick` lists the points
// (a bootstrap resample), fixed exponents get no gradient.
double objective(const LogPoints& points, const std::vector<uint32_t>& pick, const FitOptions& options, const Vector& x,
                 Vector& gradient) {
  double sum = 0, g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0;
  const double delta = options.huber_delta, E = std::exp(x[2]);
  for (const uint32_t i : pick) {
    const double tn = std::exp(x[0] - x[3] * points.n[i]), td = std::exp(x[1] - x[4] * points.d[i]);
    const double total = tn + td + E, r = std::log(total) - points.l[i];
    const bool inside = std::fabs(r) <= delta;
    sum += inside ? r * r / 2 : delta * (std::fabs(r) - delta / 2);
    const double weight = (inside ? r : std::copysign(delta, r)) / total;
    g0 += weight * tn, g1 += weight * td, g2 += weight * E;
    g3 -= weight * tn * points.n[i], g4 -= weight * td * points.d[i];
  }
  gradient = {g0, g1, g2, options.alpha ? 0 : g3, options.beta ? 0 : g4};
  return std::isfinite(sum) ? sum : INFINITY;
}

Minimum descend(const LogPoints& points, const std::vector<uint32_t>& pick, const FitOptions& options,
                const Vector& start) {
  return minimize_bfgs([&](const Vector& x, Vector& gradient) { return objective(points, pick, options, x, gradient); },
                       start);
}

// Of few runs, some resamples hold too few distinct ones to fit.
bool determines(const std::vector<ScalingPoint>& points, const std::vector<uint32_t>& pick, const FitOptions& options) {
  std::set<double> sizes, lengths;
  for (const auto i : pick) sizes.insert(points[i].params), lengths.insert(points[i].tokens);
  return sizes.size() >= (options.alpha ? 2 : 3) && lengths.size() >= (options.beta ? 2 : 3) &&
         std::set(pick.begin(), pick.end()).size() >= size_t(3 + !options.alpha + !options.beta);
}

// Outside these the optimal size of a budget overflows, and no published law is near.
bool has_optimum(const ScalingLaw& law) {
  const auto good = [](double exponent) { return exponent >= 0.01 && exponent <= 5; };
  return good(law.alpha) && good(law.beta) && std::isfinite(law.A) && std::isfinite(law.B) && law.A > 0 && law.B > 0;
}

void check_points(const std::vector<ScalingPoint>& points, const FitOptions& options) {
  Problems problems;
  std::set<double> sizes, lengths;
  for (const auto& p : points) {
    if (!(p.params > 0 && p.tokens > 0 && p.loss > 0))
      problems.push_back(detail::join_parts("point ", p.source, " has params ", p.params, ", tokens ", p.tokens,
                                            ", loss ", p.loss, ", expected > 0"));
    sizes.insert(p.params), lengths.insert(p.tokens);
  }
  const size_t free = 3 + !options.alpha + !options.beta;
  if (points.size() < free + 1)
    problems.push_back(detail::join_parts("points are ", points.size(), ", expected >= ", free + 1, " to fit ", free,
                                          " parameters; add runs, or hold the exponents with --fix-exponents"));
  if (sizes.size() < (options.alpha ? 2u : 3u))
    problems.push_back(
        detail::join_parts("distinct model sizes are ", sizes.size(), ", expected >= ", options.alpha ? 2 : 3));
  if (lengths.size() < (options.beta ? 2u : 3u))
    problems.push_back(
        detail::join_parts("distinct token counts are ", lengths.size(), ", expected >= ", options.beta ? 2 : 3));
  if (!(options.huber_delta > 0))
    problems.push_back(detail::join_parts("huber_delta is ", options.huber_delta, ", expected > 0"));
  if (!(options.confidence > 0 && options.confidence < 1))
    problems.push_back(detail::join_parts("confidence is ", options.confidence, ", expected a share in (0, 1)"));
  throw_if_any("scaling", problems);
}

}  // namespace

double ScalingLaw::loss(double params, double tokens) const {
  return E + A / std::pow(params, alpha) + B / std::pow(tokens, beta);
}

std::vector<ScalingPoint> drop_highest(std::vector<ScalingPoint> points, int k) {
  if (k <= 0) return points;
  require("scaling", size_t(k) < points.size(), "drop_highest is ", k, ", expected < ", points.size(), " points");
  std::vector<double> losses;
  for (const auto& p : points) losses.push_back(p.loss);
  std::nth_element(losses.begin(), losses.begin() + (k - 1), losses.end(), std::greater<>());
  const double limit = losses[size_t(k - 1)];
  std::erase_if(points, [&](const ScalingPoint& p) { return p.loss >= limit; });
  return points;
}

double huber_objective(const std::vector<ScalingPoint>& points, const ScalingLaw& law, double delta) {
  double sum = 0;
  for (const auto& p : points) {
    const double r = std::fabs(std::log(law.loss(p.params, p.tokens)) - std::log(p.loss));
    sum += r <= delta ? r * r / 2 : delta * (r - delta / 2);
  }
  return sum;
}

Interval interval_of(std::vector<double> values, double confidence) {
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double q) {  // linear between order statistics
    const double at = q * double(values.size() - 1);
    const size_t i = size_t(at);
    return i + 1 < values.size() ? values[i] + (at - double(i)) * (values[i + 1] - values[i]) : values[i];
  };
  return {quantile((1 - confidence) / 2), quantile((1 + confidence) / 2)};
}

ScalingFit fit_scaling_law(const std::vector<ScalingPoint>& all, const FitOptions& options) {
  const auto kept = drop_highest(all, options.drop_highest);
  check_points(kept, options);
  const LogPoints points(kept);
  std::vector<uint32_t> everyone(kept.size());
  for (size_t i = 0; i < kept.size(); ++i) everyone[i] = uint32_t(i);

  // 1. The grid of Hoffmann et al. (D.2), 4,500 starts; descend from the best of them, because a bad local minimum with
  // alpha or beta near 0 exists.
  std::vector<std::pair<double, Vector>> starts;
  Vector gradient;
  for (double a = 0; a <= 25; a += 5)
    for (double b = 0; b <= 25; b += 5)
      for (double e = -1; e <= 1; e += 0.5)
        for (double alpha = 0; alpha <= 2; alpha += 0.5)
          for (double beta = 0; beta <= 2; beta += 0.5) {
            const double al = options.alpha.value_or(alpha), be = options.beta.value_or(beta);
            Vector x{a - al * points.n_mean, b - be * points.d_mean, e, al, be};
            const double value = objective(points, everyone, options, x, gradient);
            if (std::isfinite(value)) starts.emplace_back(value, std::move(x));
          }
  // Plus one start at a typical exponent with equal shares of the excess loss, for losses far from language models'.
  double least = INFINITY, mean = 0;
  for (const double l : points.l) least = std::min(least, std::exp(l)), mean += std::exp(l) / double(kept.size());
  const double share = std::log(std::max(1e-9, (mean - 0.7 * least) / 2));
  starts.emplace_back(
      0, Vector{share, share, std::log(0.7 * least), options.alpha.value_or(0.35), options.beta.value_or(0.35)});
  const size_t descents = std::min<size_t>(starts.size(), 48);
  std::partial_sort(starts.begin(), starts.begin() + long(descents), starts.end(),
                    [](const auto& x, const auto& y) { return x.first < y.first; });
  Minimum best{.value = INFINITY};
  std::vector<double> optima;
  for (size_t i = 0; i < descents; ++i) {
    const Minimum found = descend(points, everyone, options, starts[i].second);
    optima.push_back(found.value);
    if (found.value < best.value) best = found;
  }
  require("scaling", std::isfinite(best.value),
          "the fit does not converge on these points, expected losses that fall with size");
  std::sort(optima.begin(), optima.end());
  int distinct = 1;
  for (size_t i = 1; i < optima.size(); ++i) distinct += optima[i] - optima[i - 1] > 1e-6 * optima[i];

  ScalingFit fit;
  fit.law = to_law(best.x, points);
  require("scaling", has_optimum(fit.law), "the exponents are alpha ", fit.law.alpha, " and beta ", fit.law.beta,
          ", expected 0.01 to 5 both: these points do not determine them; add runs of other sizes and lengths, or hold "
          "them with --fix-exponents");
  fit.sees_floor = fit.law.E > 1e-3 * least;
  fit.objective = best.value;
  fit.gradient_norm = best.gradient_norm;
  fit.num_points = int(kept.size());
  fit.num_starts = int(descents);
  fit.num_distinct_optima = distinct;
  for (const auto& p : kept) {
    const double r = std::log(fit.law.loss(p.params, p.tokens) / p.loss);
    fit.rms_log_error += r * r / double(kept.size());
    fit.max_params = std::max(fit.max_params, p.params);
    fit.max_tokens = std::max(fit.max_tokens, p.tokens);
    fit.max_flop = std::max(fit.max_flop, 6 * p.params * p.tokens);
  }
  fit.rms_log_error = std::sqrt(fit.rms_log_error);

  // 2. Bootstrap: refit resamples from the optimum.
  const Vector x_best = from_law(fit.law, points);
  for (int k = 0; k < 20 * options.bootstrap && int(fit.samples.size()) < options.bootstrap; ++k) {
    Rng rng(options.seed, uint64_t(k));
    std::vector<uint32_t> pick(kept.size());
    for (auto& i : pick) i = uint32_t(rng.below(kept.size()));
    if (!determines(kept, pick, options)) continue;
    const Minimum found = descend(points, pick, options, x_best);
    const ScalingLaw law = to_law(found.x, points);
    if (std::isfinite(found.value) && has_optimum(law)) fit.samples.push_back(law);
  }
  if (!fit.samples.empty()) {
    const auto interval = [&](double ScalingLaw::*field) {
      std::vector<double> values;
      for (const auto& law : fit.samples) values.push_back(law.*field);
      return interval_of(std::move(values), options.confidence);
    };
    fit.A = interval(&ScalingLaw::A), fit.B = interval(&ScalingLaw::B), fit.E = interval(&ScalingLaw::E);
    fit.alpha = interval(&ScalingLaw::alpha), fit.beta = interval(&ScalingLaw::beta);
  }
  return fit;
}

std::vector<ScalingPoint> read_scaling_points(const CsvTable& t) {
  const char* loss = t.has_column("loss") ? "loss" : "loss_nats";
  const bool tokens = t.has_column("tokens");
  require("scaling", tokens || t.has_column("training_flop"), t.origin,
          " has neither a column tokens nor training_flop, expected params, loss and one of them");
  std::vector<ScalingPoint> points;
  for (size_t i = 0; i < t.rows.size(); ++i) {
    const double n = t.number(i, "params");
    points.push_back({n, tokens ? t.number(i, "tokens") : t.number(i, "training_flop") / (6 * n), t.number(i, loss),
                      t.origin + ":" + std::to_string(t.lines[i])});
  }
  return points;
}

ScalingLaw published_law(const std::string& name, const FactsFolder& folder) {
  const CsvTable t = read_facts("scaling_laws.csv", folder);
  std::vector<std::string> names;
  for (size_t i = 0; i < t.rows.size(); ++i) {
    names.push_back(t.text(i, "fit"));
    if (!name.empty() && ascii_lower(names.back()).find(ascii_lower(name)) != std::string::npos)
      return {t.number(i, "A"), t.number(i, "B"), t.number(i, "E_nats"), t.number(i, "alpha"), t.number(i, "beta")};
  }
  fail(ErrorKind::NotFound, "scaling", "law is '", name, "', expected part of a name in facts/scaling_laws.csv",
       suggest(name, names));
}

namespace kaplan {
double optimal_params(double pf_days) { return 1.3e9 * std::pow(pf_days, 0.73); }
double loss_at_compute(double pf_days) { return std::pow(3.1e8 / pf_days, 0.050); }
double loss(double params, double tokens) {
  constexpr double kAlphaN = 0.076, kAlphaD = 0.095, kNc = 8.8e13, kDc = 5.4e13;
  return std::pow(std::pow(kNc / params, kAlphaN / kAlphaD) + kDc / tokens, kAlphaD);
}
}  // namespace kaplan

}  // namespace ingot::cost
