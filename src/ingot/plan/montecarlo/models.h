// Three small models with known answers, which test and time the engine: normal moments, a Brownian runway (ruin), and
// a cash process with ten normal drivers a month. The venture model is in plan/finance.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "ingot/plan/montecarlo/isa.h"

namespace ingot::mc {

struct Moments {  // sums of powers, each over `count` draws
  double count = 0;
  std::array<double, 4> power{};
  void merge(const Moments& o);
};
Moments normal_moments(uint32_t seed, uint64_t paths, uint32_t months, int threads, Isa isa = best_isa());

// Cash starts at `cash`, each month adds drift + sigma z; ruined when it falls below 0 at a month's end.
struct RuinCount {
  std::vector<uint64_t> by_month;  // ruined in this month
  uint64_t paths = 0;
  void merge(const RuinCount& o);
  double probability(size_t month) const;  // by the end of month 1, 2, ...
};
RuinCount brownian_ruin(uint32_t seed, uint64_t paths, uint32_t months, float cash, float drift, float sigma,
                        int threads, Isa isa = best_isa());
// The same on Sobol' points, scramble number `scramble`.
RuinCount brownian_ruin_sobol(uint32_t seed, uint32_t scramble, uint64_t paths, uint32_t months, float cash,
                              float drift, float sigma, int threads, Isa isa = best_isa());

// shared/bench model: customers, churn, acquisition cost, marketing, price, margin, head count, salaries, a cost shock
// and a bridge raise, each with its own normal; float32.
struct CashSummary {
  double cash_sum = 0;
  uint64_t ruined = 0, paths = 0;
  std::vector<uint64_t> histogram;  // of the final cash, 2048 bins over [-5e7, 1.5e8]
  void merge(const CashSummary& o);
  double quantile(double q) const;
};
CashSummary cash_process(uint32_t seed, uint64_t paths, uint32_t months, int threads, Isa isa = best_isa());

// The sixteen normals of paths [first, first + 16), one month and block of four: for tests of bit equality.
std::array<float, 64> normals_of(uint32_t seed, uint32_t stream, uint64_t first, uint32_t month, uint32_t block,
                                 Isa isa);
std::array<uint32_t, 64> words_of(uint32_t seed, uint32_t stream, uint64_t first, uint32_t month, uint32_t block,
                                  Isa isa);

}  // namespace ingot::mc
