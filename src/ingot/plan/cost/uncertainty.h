// Seeded Monte Carlo over the inputs that nobody knows exactly; results are quantiles, not points.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"

namespace ingot::cost {

// Spreads are standard deviations of the logarithm.
struct Uncertainty {
  int64_t draws = 4000;
  uint64_t seed = 0;
  std::optional<double> speed;  // absent: by where the throughput comes from, see training.cpp
  std::optional<double> price;  // absent: from the range of the quotes, at least 0.15
  double mtbf = 0.5;
  double power = 0.10;
  double electricity = 0.15;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("draws", self.draws, "Monte Carlo draws");
    v("seed", self.seed, "seed of the draws");
    v("speed", self.speed, "spread of the throughput (log standard deviation)");
    v("price", self.price, "spread of prices (log standard deviation)");
    v("mtbf", self.mtbf, "spread of the time between failures (log standard deviation)");
    v("power", self.power, "spread of the power draw (log standard deviation)");
    v("electricity", self.electricity, "spread of the electricity price (log standard deviation)");
  }
  Problems validate() const;
};

struct Quantiles {
  double p10 = 0, p50 = 0, p90 = 0;
};
Quantiles quantiles_of(std::vector<double> values);  // Requires at least one value

double normal(Rng& rng);                       // Box-Muller, one of the pair
double lognormal(Rng& rng, double log_sigma);  // median 1
// Share of R&D compute in the final run: Beta(2, 6) stretched to [0.1, 0.3], mean 0.15 (Epoch AI 2025: 10 to 30 %).
// `mean` moves it: the draw is scaled by mean / 0.15 and kept below 1.
double final_run_share(Rng& rng, double mean);

}  // namespace ingot::cost
