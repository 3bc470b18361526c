// From small runs to a large model: a scaling law says how many tokens a size needs, a chip of the catalogue what they
// cost.
#pragma once

#include <string>
#include <vector>

#include "ingot/plan/cost/optimal_size.h"
#include "ingot/plan/cost/training.h"

namespace ingot::cost {

struct ScaleUpOptions {
  std::vector<double> factors{10, 100, 1000};  // times the largest run's parameters
  std::string chip = "H100";
  int64_t chips = 64;
  std::optional<double> tokens_per_param;  // absent: compute-optimal by the law
  std::optional<double> mfu;               // absent: predicted for a model of that size on that cluster
  Failures failures;
  Prices prices;
  Efficiency efficiency;
  double confidence = 0.8;
  uint64_t seed = 0;

  Problems validate() const;
};

// A value and its interval over bootstrap laws, throughput and price.
struct Ranged {
  double value = 0, low = 0, high = 0;
};

struct ScaleUpRow {
  double factor = 0, params = 0;
  Ranged tokens, flop, loss, chip_hours, months, usd_rental;
  double mfu = 0;
  Basis mfu_basis = Basis::Predicted;
  double extrapolation = 0;  // FLOP of this row / FLOP of the largest run behind the law
};

struct ScaleUp {
  double base_params = 0;
  double usd_per_chip_hour = 0;
  std::string price_source;
  Basis price_basis = Basis::Catalogued;
  std::vector<ScaleUpRow> rows;
  std::vector<std::string> warnings;
};

// `fit` should hold bootstrap samples; without them the intervals cover throughput and price only, and a warning says
// so.
ScaleUp scale_up(const ScalingFit& fit, const HardwareCatalogue& catalogue, const ScaleUpOptions& options,
                 const std::string& day);

// A decoder of about `params` parameters with width = 128 layers, the aspect ratio at which loss is flat (Kaplan et al.
// 2020, fig. 5), heads of 64 to 128 and a vocabulary of 32,000.
Architecture typical_architecture(double params);

}  // namespace ingot::cost
