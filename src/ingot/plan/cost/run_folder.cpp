#include "ingot/plan/cost/run_folder.h"

#include <algorithm>

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
    std::vector<double> rates;
    std::vector<RunSummary> others;
    for (const auto& other : runs) {
      if (other.path == run.path || !other.finished()) continue;
      others.push_back(other);
      if (const auto rate = other.flops_per_second();
          rate && other.machine == run.machine && bool(other.cpu_s) == bool(run.cpu_s))
        rates.push_back(*rate);
    }
    const bool stored = run.forecast_cpu_s || run.forecast_wall_s;
    add("CPU time", "s", run.forecast_cpu_s, run.cpu_s, "forecast in the record");
    add("wall time", "s", run.forecast_wall_s, run.wall_s, "forecast in the record");
    if (!stored && !rates.empty() && run.tokens && run.flops_per_token)
      add(run.cpu_s ? "CPU time" : "wall time", "s", *run.tokens * *run.flops_per_token / median(rates),
          run.cpu_s ? run.cpu_s : run.wall_s,
          "median FLOP/s of " + std::to_string(rates.size()) + " other runs on this machine");
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
