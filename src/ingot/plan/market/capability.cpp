#include "ingot/plan/market/capability.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ingot::market {
namespace {

constexpr double kFrontierPointsPerYear =
    15.5;  // Epoch AI, June 2026: facts/market_parameters.csv, trend_points_per_year

}  // namespace

Problems CapabilityConfig::validate() const {
  Problems problems;
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  const auto within = [&](const char* name, double value, double low, double high) {
    if (!(value >= low && value <= high)) complain(name, ": got ", value, ", expected from ", low, " to ", high);
  };
  // Doubling in under a month is growth of more than 4,000 times a year: a slip of the pen, not a forecast.
  within("algorithmic_doubling_months", algorithmic_doubling_months, 1, 1e6);
  within("algorithmic_sigma", algorithmic_sigma, 0, 1);
  within("hardware_doubling_months", hardware_doubling_months, 1, 1e6);
  within("points_per_decade", points_per_decade, 1e-3, 1e4);
  within("reference_capability", reference_capability, -1e6, 1e6);
  within("reference_date", reference_date, 2000, 2100);
  within("reference_flop", reference_flop, 1, 1e40);
  within("flop_per_usd", flop_per_usd, 1, 1e30);
  within("final_run_share", final_run_share, 1e-6, 1);
  within("training_window_months", training_window_months, 1, 120);
  within("distillation_lag_months", distillation_lag_months, 0, kMaxDistillationLag);
  within("distillation_cost", distillation_cost, 1e-6, 1);
  within("spread_points", spread_points, 0, 100);
  within("secret_months", secret_months, 1, 1e4);
  within("release_gain", release_gain, 0, 1e4);
  within("release_months", release_months, 1, 1e4);
  return problems;
}

CapabilityRace::CapabilityRace(const CapabilityConfig& config, double start_date) : config_(config) {
  auto problems = config.validate();
  if (!(start_date >= 2000 && start_date <= 2100))
    problems.push_back(ingot::detail::join_parts("start_date: got ", start_date, ", expected from 2000 to 2100"));
  throw_if_any("capability", problems);
  const double months = 12 * (start_date - config.reference_date);
  start_algorithms_ = std::exp2(months / config.algorithmic_doubling_months);
  start_flop_per_usd_ = config.flop_per_usd * std::exp2(months / config.hardware_doubling_months);
  hardware_growth_ = std::exp2(1 / config.hardware_doubling_months);
  keep_ = 1 - 1 / config.training_window_months;
  gain_ = std::pow(10, config.release_gain / config.points_per_decade);
  // log a_f is an AR(1) whose long-run standard deviation is `spread_points`.
  lead_keep_ = 1 - 1 / config.secret_months;
  lead_sigma_ =
      config.spread_points / config.points_per_decade * std::numbers::ln10 * std::sqrt(1 - lead_keep_ * lead_keep_);
}

double CapabilityRace::points(double effective_flop) const {
  return config_.reference_capability + config_.points_per_decade * std::log10(effective_flop / config_.reference_flop);
}

double CapabilityRace::effective_flop(double points) const {
  return config_.reference_flop * std::pow(10, (points - config_.reference_capability) / config_.points_per_decade);
}

CapabilityState CapabilityRace::start(std::span<const double> capability, double rate_shock) const {
  const size_t F = capability.size();
  require("capability", F >= 1 && F <= size_t(kMaxRaceFirms), "there are ", F, " firms, expected 1 to ", kMaxRaceFirms);
  CapabilityState s;
  s.firms = int(F);
  s.algorithms = start_algorithms_;
  s.algorithm_growth =
      std::exp2(std::exp(config_.algorithmic_sigma * rate_shock) / config_.algorithmic_doubling_months);
  s.flop_per_usd = start_flop_per_usd_;
  double best = 0;
  for (size_t f = 0; f < F; ++f) {
    require("capability", std::isfinite(capability[f]), "capability of firm ", f, " is ", capability[f],
            ", expected a finite number of points");
    const double E = effective_flop(capability[f]);
    require("capability", std::isfinite(E) && E > 0, "capability of firm ", f, " is ", capability[f], ", which takes ",
            E, " FLOP; expected points near the reference ", config_.reference_capability);
    s.trainable[f] = s.released[f] = E;
    s.compute[f] = E / s.algorithms;
    best = std::max(best, E);
  }
  // What was served before month 0: the frontier came from below at its published pace, so that followers do not find
  // the model of today already `lag` months old.
  const int ring = config_.distillation_lag_months + 1;
  for (int back = 0; back < ring; ++back)
    s.frontier[size_t((ring - back) % ring)] =
        best * std::pow(10, -kFrontierPointsPerYear * back / 12 / config_.points_per_decade);
  return s;
}

void CapabilityRace::step(CapabilityState& s, std::span<const double> rnd_usd, std::span<const double> shocks) const {
  ++s.month;
  s.algorithms *= s.algorithm_growth;
  s.flop_per_usd *= hardware_growth_;
  s.released_now = 0;
  const int lag = config_.distillation_lag_months, ring = lag + 1;
  // frontier[m % ring] is what was served at the end of month m; the slot read here is overwritten below.
  const double open = s.frontier[size_t((s.month + ring - lag) % ring)];
  double best = 0;
  for (size_t f = 0; f < size_t(s.firms); ++f) {
    s.compute[f] = keep_ * s.compute[f] + config_.final_run_share * rnd_usd[f] * s.flop_per_usd;
    double own = s.algorithms * s.compute[f];
    if (!shocks.empty()) {
      s.lead[f] = lead_keep_ * s.lead[f] + lead_sigma_ * shocks[f];
      own *= std::exp(s.lead[f]);
    }
    s.trainable[f] = own;
    if (s.may_distil >> f & 1) s.trainable[f] = std::max(own, std::min(own / config_.distillation_cost, open));
    ++s.since_release[f];
    if (s.trainable[f] >= gain_ * s.released[f] ||
        (s.trainable[f] > s.released[f] && s.since_release[f] >= config_.release_months)) {
      s.released[f] = s.trainable[f];
      s.since_release[f] = 0;
      s.released_now |= 1u << f;
    }
    best = std::max(best, s.released[f]);
  }
  s.frontier[size_t(s.month % ring)] = best;
}

}  // namespace ingot::market
