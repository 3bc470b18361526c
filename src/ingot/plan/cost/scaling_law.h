// Loss as a function of parameters N and tokens D: L = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022, arXiv
// 2203.15556, eq. 2), fitted as in their appendix D.2, with the intervals of Besiroglu et al. 2024, arXiv 2404.10102.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/cost/facts.h"

namespace ingot::cost {

struct ScalingPoint {
  double params = 0, tokens = 0, loss = 0;  // loss in nats a token
  std::string source;
};

struct ScalingLaw {
  double A = 0, B = 0, E = 0, alpha = 0, beta = 0;
  double loss(double params, double tokens) const;
};

struct Interval {
  double low = 0, high = 0;
};

struct FitOptions {
  double huber_delta = 1e-3;
  int drop_highest = 0;  // leave out the points with the k highest losses (the replication drops 5 of 245)
  int bootstrap = 0;     // resamples; the replication uses 4,000
  double confidence = 0.8;
  uint64_t seed = 0;
  std::optional<double> alpha, beta;  // held fixed: for a handful of runs
};

struct ScalingFit {
  ScalingLaw law;
  double objective = 0;      // sum of Huber losses of log residuals
  double gradient_norm = 0;  // in centred logs
  double rms_log_error = 0;
  int num_points = 0, num_starts = 0, num_distinct_optima = 0;
  bool sees_floor = true;  // E is above 0; else the runs are too small to tell it, and the law promises too much
  double max_params = 0, max_tokens = 0, max_flop = 0;  // of the points: beyond them the law extrapolates
  std::vector<ScalingLaw> samples;                      // bootstrap refits
  Interval A, B, E, alpha, beta;                        // of `samples`
};

// Throws InvalidArgument when the points cannot determine the free parameters.
ScalingFit fit_scaling_law(const std::vector<ScalingPoint>& points, const FitOptions& options = {});

// Objective of given parameters on the points: what published fits score.
double huber_objective(const std::vector<ScalingPoint>& points, const ScalingLaw& law, double delta = 1e-3);
// Without the k points of highest loss.
std::vector<ScalingPoint> drop_highest(std::vector<ScalingPoint> points, int k);

// CSV with columns params, loss (or loss_nats) and tokens or training_flop (then D = C / 6N).
std::vector<ScalingPoint> read_scaling_points(const CsvTable& table);
// The named fit of facts/scaling_laws.csv ("hoffmann", "besiroglu", ... by part of the name).
ScalingLaw published_law(const std::string& name, const FactsFolder& folder = {});

// Quantile interval of `confidence` over values; Requires at least one value.
Interval interval_of(std::vector<double> values, double confidence);

// Kaplan et al. 2020, arXiv 2001.08361.
namespace kaplan {
double optimal_params(double pf_days);      // N = 1.3e9 C^0.73, fig. 14
double loss_at_compute(double pf_days);     // (3.1e8 / C)^0.050, eq. 1.3
double loss(double params, double tokens);  // eq. 1.5 with the constants of eq. 1.1 and 1.2
}  // namespace kaplan

}  // namespace ingot::cost
