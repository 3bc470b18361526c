// The capability race: what R&D money buys, month by month.
//   effective compute  E = A(t) a_f C_f: algorithmic progress (Ho et al. 2024) x the firm's own lead x physical
//   compute; physical compute   C_f <- (1 - 1/W) C_f + share x R&D dollars x FLOP per dollar(t), a window of about W
//   months; distillation       a follower trains on what the frontier released `lag` months ago at a fraction k of the
//   compute:
//                      E_f = max(A a_f C_f, min(A a_f C_f / k, frontier(t - lag)));
//   capability         Q = Q_ref + s log10(E / E_ref): a straight line in log compute, as benchmark aggregates show on
//   an
//                      item-response scale (Owen 2024; Ho et al. 2025, the Epoch Capabilities Index);
//   release            when Q gains `release_gain` on the released model, or anything better after `release_months`.
// Defaults are the rows of facts/capability.csv, each with its date and source. Allocates nothing and takes no
// logarithm in the deterministic step, because a plan runs it 100,000 times.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "ingot/base/error.h"

namespace ingot::market {

constexpr int kMaxRaceFirms = 16, kMaxDistillationLag = 60;

struct CapabilityConfig {
  double algorithmic_doubling_months = 8;
  double algorithmic_sigma = 0.263;  // of the log doubling time, between futures
  double hardware_doubling_months = 24.84;
  double points_per_decade = 13.5;  // s
  double reference_capability = 158;
  double reference_date = 2026.31;  // A = 1 and flop_per_usd hold here
  double reference_flop = 1.5e27;   // E_ref
  double flop_per_usd = 6.06e17;
  double final_run_share = 0.1;
  double training_window_months = 12;
  int distillation_lag_months = 4;
  double distillation_cost = 0.1;  // k; 1 turns the spill-over off
  double spread_points = 3;        // long-run standard deviation of a firm's own lead
  double secret_months = 12;       // mean life of that lead
  double release_gain = 2;         // points
  double release_months = 6;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("algorithmic_doubling_months", self.algorithmic_doubling_months, "algorithmic efficiency doubles in");
    v("algorithmic_sigma", self.algorithmic_sigma, "standard deviation of the log doubling time, between futures");
    v("hardware_doubling_months", self.hardware_doubling_months, "FLOP per dollar double in");
    v("points_per_decade", self.points_per_decade, "capability points for ten times the effective compute");
    v("reference_capability", self.reference_capability, "points of the model that defines the scale");
    v("reference_date", self.reference_date, "when it came out, a year with decimals");
    v("reference_flop", self.reference_flop, "FLOP of its training run");
    v("flop_per_usd", self.flop_per_usd, "useful training FLOP of one dollar at that date");
    v("final_run_share", self.final_run_share, "share of R&D compute that goes into the released model");
    v("training_window_months", self.training_window_months, "months of compute that one model takes up");
    v("distillation_lag_months", self.distillation_lag_months, "months behind a release until followers can match it");
    v("distillation_cost", self.distillation_cost, "a follower's compute for that, as a share; 1: no spill-over");
    v("spread_points", self.spread_points, "standard deviation of a firm's own lead, in points");
    v("secret_months", self.secret_months, "mean life of a firm's own lead");
    v("release_gain", self.release_gain, "points over the released model that make a release");
    v("release_months", self.release_months, "longest wait of a firm that has anything better");
  }
  Problems validate() const;
};

struct CapabilityState {
  int firms = 0, month = 0;
  double algorithms = 1;                          // A
  double algorithm_growth = 1;                    // of A, a month, in this future
  double flop_per_usd = 0;                        // now
  uint32_t may_distil = ~0u;                      // bit f: firm f follows the frontier by distillation
  uint32_t released_now = 0;                      // bit f: firm f released in this month
  std::array<double, kMaxRaceFirms> compute{};    // C
  std::array<double, kMaxRaceFirms> lead{};       // log a_f; 0 without shocks
  std::array<double, kMaxRaceFirms> trainable{};  // E of the best model a firm could release
  std::array<double, kMaxRaceFirms> released{};   // E of the model it serves
  std::array<int, kMaxRaceFirms> since_release{};
  std::array<double, kMaxDistillationLag + 1> frontier{};  // best released E, a ring over months
};

class CapabilityRace {
 public:
  // `start_date`: month 0, a year with decimals. Throws InvalidArgument that lists every problem of the config.
  explicit CapabilityRace(const CapabilityConfig& config, double start_date);
  const CapabilityConfig& config() const { return config_; }

  // `capability` [F]: points of each firm's released model at month 0. Its compute is what such a model takes today.
  // `rate_shock`: a standard normal that speeds up the algorithms of this future (0: the published centre).
  CapabilityState start(std::span<const double> capability, double rate_shock = 0) const;

  // One month. `rnd_usd` [F]: R&D compute bought in it. `shocks` [F]: standard normals of the firms' own luck, or
  // empty. Requires rnd_usd >= 0 and finite: checked by whoever makes the budgets, not here.
  void step(CapabilityState& state, std::span<const double> rnd_usd, std::span<const double> shocks = {}) const;

  double points(double effective_flop) const;  // Q(E)
  double effective_flop(double points) const;  // E(Q)
  double released(const CapabilityState& state, int firm) const { return points(state.released[size_t(firm)]); }

 private:
  CapabilityConfig config_;
  double start_algorithms_, start_flop_per_usd_, hardware_growth_, keep_, gain_, lead_keep_, lead_sigma_;
};

}  // namespace ingot::market
