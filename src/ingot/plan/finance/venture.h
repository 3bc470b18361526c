// The stochastic cash plan: the operating model under uncertain growth, GPU price, costs, market and closings.
// P(cash-out), runway fan, funding need, dilution and founder proceeds. Doubles and floats: a simulation, not a ledger.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/plan/finance/operating.h"
#include "ingot/plan/finance/venture_kernel.h"

namespace ingot::finance {

struct Uncertainty {  // standard deviations and rates are monthly
  double growth_drift = 0, growth_sigma = 0.06;
  double cost_sigma = 0.04;
  double gpu_drift = 0, gpu_revert = 0.04, gpu_sigma = 0.05, gpu_up = 0.015, gpu_down = 0.02, gpu_jump = 0.25,
         gpu_jump_sigma = 0.10;
  double market_revert = 0.03, market_sigma = 0.06;
  double price_sigma = 0.2, price_elasticity = 0.5;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("growth_drift", self.growth_drift, "drift of log revenue against the plan");
    v("growth_sigma", self.growth_sigma, "standard deviation of log revenue growth");
    v("cost_sigma", self.cost_sigma, "noise of costs");
    v("gpu_drift", self.gpu_drift, "drift of the log GPU price");
    v("gpu_revert", self.gpu_revert, "pull of the log GPU price back to the plan's");
    v("gpu_sigma", self.gpu_sigma, "diffusion of the log GPU price");
    v("gpu_up", self.gpu_up, "chance of an upward jump (shortage)");
    v("gpu_down", self.gpu_down, "chance of a downward jump (glut, new generation)");
    v("gpu_jump", self.gpu_jump, "mean size of a jump, log");
    v("gpu_jump_sigma", self.gpu_jump_sigma, "standard deviation of the size");
    v("market_revert", self.market_revert, "pull of the log funding climate back to normal");
    v("market_sigma", self.market_sigma, "diffusion of the log funding climate");
    v("price_sigma", self.price_sigma, "noise of a round's log valuation");
    v("price_elasticity", self.price_elasticity, "log valuation for log revenue beyond the plan");
  }
  Problems validate() const;
};

struct StageTerms {
  std::string name;
  Amount pre_money;
  double hazard = 0.25;  // of closing, a month, once the lag is over
  double lag = 4;        // months from start to the first possible closing
  Fraction pool = {Rational(5, 100)};
  double step = 1.5;  // spending after the round, a multiple of before
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "seed, Series A ...");
    v("pre_money", self.pre_money, "typical pre-money when revenue is on plan");
    v("hazard", self.hazard, "chance of closing in a month, once the lag is over");
    v("lag", self.lag, "months from the start of a raise to its first possible closing");
    v("pool", self.pool, "of the post-money, for the pool");
    v("step", self.step, "spending after the closing, a multiple of before");
  }
};

enum class Instrument { Equity, Safe, Debt };

struct FinancingPolicy {
  double trigger = 9, runway = 18;
  Fraction max_dilution = {Rational(1, 4)};
  Instrument instrument = Instrument::Equity;
  double cut_trigger = 3;
  Fraction cut = {Rational(3, 10)};
  std::vector<StageTerms> stages;
  std::optional<Fraction> founder_share, common_share;  // absent: from the cap table
  std::optional<Amount> preference;
  // Search bounds of `ingot runway --optimise`.
  Fraction ruin_limit = {Rational(1, 10)};
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("trigger", self.trigger, "start a raise when fewer months of cash are left");
    v("runway", self.runway, "raise this many months of burn");
    v("max_dilution", self.max_dilution, "most that one round may sell");
    v("instrument", self.instrument, "equity, safe or debt (venture debt for a third of the round)");
    v("cut_trigger", self.cut_trigger, "cut costs when fewer months are left");
    v("cut", self.cut, "share of costs that can be cut");
    v("stages", self.stages, "rounds ahead, in order, at most 7");
    v("founder_share", self.founder_share,
      "founders' share of the company; absent: holders of common in the cap table");
    v("common_share", self.common_share, "common stock's share; absent: from the cap table");
    v("preference", self.preference, "liquidation preferences outstanding; absent: from the cap table");
    v("ruin_limit", self.ruin_limit, "largest chance of ruin that a recommended plan may have");
  }
  Problems validate() const;
};

struct Ownership {  // what the simulation starts from
  double founder = 1, common = 1, preference = 0;
};

VentureNumbers venture_numbers(const PlanResult& plan, const OperatingPlan& operating, const Uncertainty& uncertainty,
                               const FinancingPolicy& policy, const Ownership& ownership);

struct Simulation {
  uint32_t seed = 1;
  uint64_t paths = 100'000;
  int threads = 0;
  bool sobol = false;
  uint32_t scramble = 0;
  mc::Isa isa = mc::best_isa();
};

struct RunwayResult {
  int months = 0, fan_every = 3;
  uint64_t paths = 0;
  std::vector<double> ruin;      // P(cash-out by the end of month 1, 2, ...)
  std::vector<double> closings;  // expected closings in each month
  std::vector<int> fan_months;
  std::vector<std::array<double, 5>> fan;  // cash at 5, 25, 50, 75, 95%
  double mean_cash = 0, mean_raised = 0, mean_rounds = 0, mean_founder_share = 0, mean_founder_value = 0,
         sd_founder_value = 0, mean_common_value = 0;
  std::array<double, 5> founder_share{}, founder_value{}, raised{};  // at 5, 25, 50, 75, 95%
  std::vector<uint64_t> need_bins;
  double need(double confidence) const;  // money beyond today's cash with which no raise is needed, at this confidence
  double ruin_error() const;             // standard error of the last ruin probability
  uint64_t ruined = 0;
};

RunwayResult simulate(const VentureNumbers& numbers, const Simulation& simulation,
                      const std::function<void(uint64_t done)>& progress = {});

// Inputs whose uncertainty is studied: a name, its low and high, and how it enters the numbers.
struct Factor {
  std::string name, name_zh;
  double low, high;
  std::function<void(VentureNumbers&, double)> apply;
};
std::vector<Factor> standard_factors();

struct Sensitivity {
  std::string name, name_zh;
  double first = 0, total = 0;  // Sobol' indices of the chance of ruin (Saltelli 2010, Jansen 1999)
  double low = 0, high = 0;     // chance of ruin with the factor at its ends
};
struct SensitivityResult {
  double base = 0;
  std::vector<Sensitivity> factors;  // by total index, largest first
};
SensitivityResult sensitivity(const VentureNumbers& numbers, const Simulation& simulation, uint32_t samples = 256);

// Sobol' indices of any function of `d` uniforms, for models of one's own and for tests: first[i], total[i].
std::pair<std::vector<double>, std::vector<double>> sobol_indices(
    size_t d, uint32_t samples, uint32_t seed, const std::function<double(const std::vector<double>&)>& f);

}  // namespace ingot::finance

namespace ingot {
template <>
struct EnumNames<finance::Instrument> {
  static constexpr std::pair<const char*, finance::Instrument> kValues[] = {{"equity", finance::Instrument::Equity},
                                                                            {"safe", finance::Instrument::Safe},
                                                                            {"debt", finance::Instrument::Debt}};
};
}  // namespace ingot
