// What a training run left behind, as far as plan/ reads it: the run folder's run.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/cost/scaling_law.h"

namespace ingot::cost {

struct RunSummary {
  std::string path;  // of run.json, the source of every figure taken from it
  std::string name, status, machine;
  std::optional<double> params, tokens, steps, tokens_per_s, wall_s, cpu_s, mfu, flops_per_token, peak_memory_bytes;
  std::optional<double> loss;                                            // of the held-out data, in nats a token
  std::optional<double> forecast_wall_s, forecast_cpu_s, forecast_loss;  // what was predicted before the run began

  bool finished() const { return status.empty() || status == "finished" || status == "stopped_early"; }
  // FLOP of the whole run over its CPU (else wall) seconds; absent when the record lacks one of them.
  std::optional<double> flops_per_second() const;
};

// `path` is a run folder or a run.json. Throws NotFound, or InvalidArgument naming the field that is no number.
RunSummary read_run(const std::filesystem::path& path);
// Each path may also be a folder of run folders. Sorted by path. Throws NotFound when there is no run.json at all.
std::vector<RunSummary> read_runs(const std::vector<std::string>& paths);
// Finished runs that know params, tokens and loss.
std::vector<ScalingPoint> scaling_points(const std::vector<RunSummary>& runs);

// Forecast against what happened. A forecast stored in the record counts first; else time is predicted from the other
// runs on the same machine (overhead and FLOP/s through three sizes, else their median FLOP/s), the loss from a law
// fitted to the other runs where they suffice.
struct Hindsight {
  std::string quantity, unit, source;
  double forecast = 0, actual = 0;
  double error() const { return forecast / actual - 1; }
};
struct RunReview {
  RunSummary run;
  std::vector<Hindsight> rows;
};
std::vector<RunReview> review_runs(const std::vector<RunSummary>& runs);

}  // namespace ingot::cost
