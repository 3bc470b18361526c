// The stochastic venture model as the kernels see it: plain numbers, one function table an instruction set.
#pragma once

#include <cstdint>

#include "ingot/plan/montecarlo/isa.h"
#include "ingot/plan/montecarlo/kernels.h"

namespace ingot::finance {

constexpr int kStages = 8, kMaxMonths = 120, kMaxLag = 6;
constexpr int kBins = 704;             // sixteen an octave from 1 to 2^44; bin 0 also holds everything below 1
constexpr int kCounters = kBins + 15;  // bin 0 is the sum of the first 16 counters

struct VentureNumbers {
  int months = 0, payment_lag = 1, fan_every = 3;
  float cash = 0, credit = 0;
  int credit_expires = 0;
  float fixed[kMaxMonths], compute[kMaxMonths], revenue[kMaxMonths],
      other[kMaxMonths];  // other: debt, known closings, tax
  // Processes, a month.
  float growth_drift, growth_sigma, cost_sigma, gpu_drift, gpu_revert, gpu_sigma, gpu_up, gpu_down, gpu_jump,
      gpu_jump_sigma;
  float market_revert, market_sigma, price_sigma, price_elasticity;
  // Financing policy and terms, by stage.
  float trigger, runway, max_dilution, cut_trigger, cut;
  int first_stage, last_stage;
  float pre_money[kStages], hazard[kStages], lag[kStages], pool[kStages], step[kStages];
  float debt_share, debt_service, covenant, warrant, bridge_discount;
  float founder, common, preference;  // at the start
};

struct VentureSums {  // of one chunk; every field adds
  uint64_t paths;
  double cash_end, raised, founder_value, founder_value2, founder_share, rounds, common_value;
  uint64_t ruined_in[kMaxMonths], closed_in[kMaxMonths];
  uint32_t fan[kMaxMonths / 3 + 1][kCounters];  // cash of the living at every fan_every-th month; the ruined count as 0
  uint32_t need[kCounters], value[kCounters], share[kCounters], raised_bins[kCounters];  // share is scaled by 2^20
};

struct VentureKernel {
  void (*run)(const VentureNumbers& numbers, uint32_t seed, uint32_t stream, const mc::SobolTables* sobol,
              uint64_t first, uint64_t count, VentureSums& sums);
};
const VentureKernel& venture_kernel(mc::Isa isa);

// Value in the middle of a bin.
double bin_value(int bin);

}  // namespace ingot::finance

namespace ingot::mc {
namespace portable {
extern const finance::VentureKernel kVenture;
}
namespace avx2 {
extern const finance::VentureKernel kVenture;
}
namespace avx512 {
extern const finance::VentureKernel kVenture;
}
}  // namespace ingot::mc
