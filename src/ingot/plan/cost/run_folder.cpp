#include "ingot/plan/cost/run_folder.h"

#include <algorithm>
#include <set>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/json.h"
#include "ingot/base/quantile.h"

namespace ingot::cost {
namespace {

// The number at the first of these dotted paths that exists.
std::optional<double> find_number(const Json& root, const std::string& origin,
                                  std::initializer_list<const char*> paths) {
  for (const std::string path : paths) {
    const Json* at = &root;
    for (size_t begin = 0; at && begin <= path.size();) {
      const size_t end = std::min(path.find('.', begin), path.size());
      const auto found = at->is_object() ? at->find(path.substr(begin, end - begin)) : at->end();
      at = at->is_object() && found != at->end() ? &*found : nullptr;
      begin = end + 1;
    }
    if (!at || at->is_null()) continue;
    require("run", at->is_number(), origin, ": ", path, " is ", at->dump(), ", expected a number");
    return at->get<double>();
  }
  return {};
}

std::string find_text(const Json& root, const char* section, const char* key) {
  const Json* at = &root;
  if (*section) {
    const auto found = root.find(section);
    if (found == root.end()) return "";
    at = &*found;
  }
  const auto found = at->is_object() ? at->find(key) : at->end();
  return at->is_object() && found != at->end() && found->is_string() ? found->get<std::string>() : "";
}

// Seconds a token: overhead + FLOP / rate, by least squares on the relative error, because small models are bound by
// their overhead. Absent without three sizes, or where the fit is not physical.
std::optional<double> seconds_per_token(const std::vector<RunSummary>& runs, double flops_per_token) {
  double s11 = 0, s12 = 0, s22 = 0, y1 = 0, y2 = 0;
  std::set<double> sizes;
  for (const auto& run : runs) {
    const double f = *run.flops_per_token, t = f / *run.flops_per_second();
    sizes.insert(f);
    s11 += 1 / (t * t), s12 += f / (t * t), s22 += f * f / (t * t), y1 += 1 / t, y2 += f / t;
  }
  if (sizes.size() < 3) return {};
  const double determinant = s11 * s22 - s12 * s12;
  const double overhead = (y1 * s22 - y2 * s12) / determinant, per_flop = (s11 * y2 - s12 * y1) / determinant;
  if (!(overhead >= 0) || !(per_flop > 0)) return {};
  return overhead + per_flop * flops_per_token;
}

// CPU (else wall) seconds of a run from the others on its machine, and how they were found.
std::optional<std::pair<double, std::string>> forecast_seconds(const RunSummary& run,
                                                               const std::vector<RunSummary>& others) {
  std::vector<RunSummary> timed;
  std::vector<double> rates;
  for (const auto& other : others)
    if (const auto rate = other.flops_per_second();
        rate && other.machine == run.machine && bool(other.cpu_s) == bool(run.cpu_s))
      timed.push_back(other), rates.push_back(*rate);
  if (timed.empty() || !run.tokens || !run.flops_per_token) return {};
  const auto n = std::to_string(timed.size());
  if (const auto t = seconds_per_token(timed, *run.flops_per_token))
    return std::pair(*run.tokens * *t, "overhead and FLOP/s fitted to " + n + " other runs on this machine");
  return std::pair(*run.tokens * *run.flops_per_token / median(rates),
                   "median FLOP/s of " + n + " other runs on this machine");
}

}  // namespace

std::optional<double> RunSummary::flops_per_second() const {
  const auto seconds = cpu_s ? cpu_s : wall_s;
  if (!tokens || !flops_per_token || !seconds || *seconds <= 0) return {};
  return *tokens * *flops_per_token / *seconds;
}

RunSummary read_run(const fs::path& path) {
  const fs::path file = fs::is_directory(path) ? path / "run.json" : path;
  if (!fs::exists(file))
    fail(ErrorKind::NotFound, "run", file.string(), " does not exist, expected the record that `ingot train` writes");
  const Json root = read_json(file);
  RunSummary run;
  run.path = file.string();
  require("run", root.is_object(), run.path, " is no JSON object, expected a run record");
  run.name = file.parent_path().filename().string();
  run.status = find_text(root, "", "status");
  for (const char* key : {"gpu", "cpu", "name"})
    if (run.machine.empty()) run.machine = find_text(root, "machine", key);
  if (const auto threads = find_number(root, run.path, {"threads"});
      threads && find_text(root, "machine", "gpu").empty())
    run.machine +=
        detail::join_parts(", ", *threads, *threads == 1 ? " thread" : " threads");  // CPU time depends on them
  const auto number = [&](std::initializer_list<const char*> paths) { return find_number(root, run.path, paths); };
  run.params = number({"model.params", "model.parameters"});
  const bool counts_tokens = find_text(root, "train", "unit") == "token";  // the trainer counts in the task's own unit
  run.tokens = number({"train.tokens"});
  if (!run.tokens && counts_tokens) run.tokens = number({"train.units"});
  run.steps = number({"train.steps", "train.step"});
  run.tokens_per_s = number({"train.tokens_per_s"});
  run.wall_s = number({"train.wall_s"});
  run.cpu_s = number({"train.cpu_s"});
  run.mfu = number({"train.mfu"});
  run.flops_per_token = number({"train.flops_per_token", "model.flops_per_token"});
  if (!run.flops_per_token && counts_tokens) run.flops_per_token = number({"model.flops_per_unit"});
  run.peak_memory_bytes = number({"train.peak_memory_bytes"});
  run.loss = number(
      {"eval.validation.loss", "eval.val_loss", "eval.loss", "train.val_loss", "train.final_loss", "train.loss"});
  run.forecast_wall_s = number({"forecast.wall_s"});
  run.forecast_cpu_s = number({"forecast.cpu_s"});
  run.forecast_loss = number({"forecast.loss"});
  if (run.mfu)
    require("run", *run.mfu > 0 && *run.mfu <= 1, run.path, ": train.mfu is ", *run.mfu,
            ", expected a share in (0, 1]");
  return run;
}

std::vector<RunSummary> read_runs(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const fs::path path : paths) {
    if (!fs::is_directory(path) || fs::exists(path / "run.json")) {
      files.push_back(path);
      continue;
    }
    const size_t before = files.size();
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.is_directory() && fs::exists(entry.path() / "run.json")) files.push_back(entry.path());
    if (files.size() == before)
      fail(ErrorKind::NotFound, "run", path.string(),
           " holds no run.json, expected a run folder or a folder of run folders");
  }
  std::sort(files.begin(), files.end());
  std::vector<RunSummary> runs;
  for (const auto& file : files) runs.push_back(read_run(file));
  return runs;
}

std::vector<ScalingPoint> scaling_points(const std::vector<RunSummary>& runs) {
  std::vector<ScalingPoint> points;
  for (const auto& run : runs)
    if (run.finished() && run.params && run.tokens && run.loss)
      points.push_back({*run.params, *run.tokens, *run.loss, run.path});
  return points;
}

std::vector<RunReview> review_runs(const std::vector<RunSummary>& runs) {
  std::vector<RunReview> reviews;
  for (const auto& run : runs) {
    if (!run.finished()) continue;
    RunReview review{run, {}};
    const auto add = [&](const char* quantity, const char* unit, std::optional<double> forecast,
                         std::optional<double> actual, const std::string& source) {
      if (forecast && actual && *actual > 0) review.rows.push_back({quantity, unit, source, *forecast, *actual});
    };
    std::vector<RunSummary> others;
    for (const auto& other : runs)
      if (other.path != run.path && other.finished()) others.push_back(other);
    add("CPU time", "s", run.forecast_cpu_s, run.cpu_s, "forecast in the record");
    add("wall time", "s", run.forecast_wall_s, run.wall_s, "forecast in the record");
    if (!run.forecast_cpu_s && !run.forecast_wall_s)
      if (const auto seconds = forecast_seconds(run, others))
        add(run.cpu_s ? "CPU time" : "wall time", "s", seconds->first, run.cpu_s ? run.cpu_s : run.wall_s,
            seconds->second);
    if (run.forecast_loss) {
      add("loss", "nats", run.forecast_loss, run.loss, "forecast in the record");
    } else if (run.params && run.tokens && run.loss) {
      try {
        const ScalingFit fit = fit_scaling_law(scaling_points(others));
        add("loss", "nats", fit.law.loss(*run.params, *run.tokens), run.loss,
            "law fitted to " + std::to_string(fit.num_points) + " other runs");
      } catch (const Error&) {  // too few other runs for a law: no forecast of the loss
      }
    }
    reviews.push_back(std::move(review));
  }
  return reviews;
}

}  // namespace ingot::cost
