// What a training run costs: FLOPs, memory, time, energy and dollars, each with its basis and a range.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/cost/goodput.h"
#include "ingot/plan/cost/money.h"
#include "ingot/plan/cost/run_folder.h"
#include "ingot/plan/cost/step_time.h"
#include "ingot/plan/cost/uncertainty.h"

namespace ingot::cost {

// [train]. At most one of mfu, tokens_per_s_per_chip, tflops_per_chip and run; none: the step time is predicted.
struct TrainTarget {
  double tokens = 0;
  double batch_tokens = 4e6;                    // rounded to a power of two of sequences
  std::optional<int64_t> global_batch;          // sequences, exactly
  std::optional<double> params, active_params;  // instead of [model]: FLOPs are then 6ND
  std::optional<double> flop;                   // instead of both: a published total
  std::optional<double> mfu, tokens_per_s_per_chip, tflops_per_chip;
  std::string run;              // a run folder whose measured utilisation is used
  double extra_chip_hours = 0;  // context extension, post-training

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("tokens", self.tokens, "tokens seen in training");
    v("batch_tokens", self.batch_tokens, "tokens a step, rounded to a power of two of sequences");
    v("global_batch", self.global_batch, "sequences a step, instead of batch_tokens");
    v("params", self.params, "parameters, when the architecture is unknown");
    v("active_params", self.active_params, "parameters that a token visits; absent: all");
    v("flop", self.flop, "FLOP of the whole run, when it is published");
    v("mfu", self.mfu, "model FLOPs utilisation, instead of predicting it");
    v("tokens_per_s_per_chip", self.tokens_per_s_per_chip, "throughput, instead of predicting it");
    v("tflops_per_chip", self.tflops_per_chip, "achieved model TFLOP/s a chip, instead of predicting it");
    v("run", self.run, "run folder whose measured utilisation is used");
    v("extra_chip_hours", self.extra_chip_hours, "chip-hours besides the run: context extension, post-training");
  }
  Problems validate() const;
};

// [cluster].
struct Cluster {
  std::string chip;
  int64_t chips = 0;
  LayoutLimits limits;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("chip", self.chip, "a chip of `ingot cost hardware`");
    v("chips", self.chips, "how many");
    LayoutLimits::visit(self.limits, v);
  }
  Problems validate() const;
};

struct TrainPlan {
  std::optional<Architecture> model;
  TrainTarget target;
  Cluster cluster;
  Efficiency efficiency;
  Failures failures;
  Prices prices;
  Uncertainty uncertainty;
};
// Sections model, train, cluster, efficiency, failures, prices, uncertainty; one error lists every problem of a
// section.
TrainPlan read_train_plan(const Document& document, const FactsFolder& folder = {});

// One printed figure.
struct Line {
  std::string key, label, unit;
  Figure figure;
  std::optional<Quantiles> range;
};

struct TrainingCost {
  std::optional<ParameterCount> parameters;
  std::optional<Layout> layout;
  std::optional<Memory> memory;  // a chip
  std::optional<StepTime> step;  // when predicted
  Goodput goodput;
  double flop = 0;  // exact matmul sum where the architecture is known
  double flop_6nd = 0;
  double tokens_per_s = 0, mfu = 0, hfu = 0;
  Basis throughput_basis = Basis::Predicted;
  double wall_s = 0, chip_hours = 0, power_w = 0;
  Energy energy;
  double rental_usd_per_hour = 0, purchase_usd = 0;
  double usd_rental = 0, usd_amortised = 0, usd_capex = 0, usd_energy = 0;
  double usd_research = 0;  // all of R&D at rental prices
  Quantiles wall_s_range, chip_hours_range, mwh_range, tonnes_co2_range;
  Quantiles usd_rental_range, usd_amortised_range, usd_capex_range, usd_energy_range, usd_research_range;
  std::vector<Line> lines;  // everything above that is printed, in reading order
  std::vector<std::string> warnings;
};

// `day` counts the age of prices. Throws NotFound for an unknown chip or a missing price, InvalidArgument for a model
// that does not fit.
TrainingCost training_cost(const TrainPlan& plan, const HardwareCatalogue& catalogue, const std::string& day);

}  // namespace ingot::cost
