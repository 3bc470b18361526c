// Hyper-parameter search over a recipe: random search (Bergstra & Bengio 2012), or successive halving (Jamieson &
// Talwalkar 2016, algorithm 1), whose survivors resume where their last rung stopped. Torch-free header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/toml.h"

namespace ingot {

// One key of the recipe and what it may be: choices, or a range, drawn evenly in the value or in its logarithm.
struct SweepAxis {
  std::string key;                   // "optimizer.lr"
  std::vector<std::string> choices;  // empty: the range
  double low = 0, high = 0;
  bool logarithmic = false, whole = false;
  std::string draw(double uniform) const;  // the value as TOML, for uniform in [0, 1)
};

// "optimizer.lr=log:1e-4..1e-2", "model.dropout=0..0.5", "model.n_layer=2,4,6"; a range with whole ends stays whole.
// Throws InvalidArgument.
SweepAxis parse_axis(std::string_view text);

struct SweepOptions {
  std::vector<SweepAxis> axes;
  int64_t trials = 16;
  int64_t halving = 0;  // keep one of so many trials at each rung; 0: random search, every trial to its end
  uint64_t seed = 0;
  std::filesystem::path folder;  // sweep.json and trial-N/; a sweep that lies there already goes on
  bool quiet = false;
  bool use_home_folder = true;  // as in TrainOptions
};

struct SweepTrial {
  int64_t number = 0;
  std::vector<std::string> values;  // one an axis
  int64_t rung = 0;                 // comparisons that it has reached
  int64_t steps = 0;
  std::optional<double> best;  // of the objective on the validation split
  int64_t best_step = 0;
  double cpu_s = 0;
  std::string status = "waiting";  // "stopped at a rung", "finished", "stopped_early", "failed: why"
};

struct SweepResult {
  std::string metric;
  bool lower_is_better = true;
  int64_t total_steps = 0;
  std::vector<SweepTrial> trials;  // the best first: those that came further, then by the metric
  bool interrupted = false;
};

// Throws InvalidArgument on unknown keys, and what the first trial threw when all of them fail.
SweepResult sweep(const Document& recipe, const SweepOptions& options);

}  // namespace ingot
