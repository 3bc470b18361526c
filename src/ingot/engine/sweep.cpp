#include "ingot/engine/sweep.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <exception>

#include <fmt/format.h>

#include "ingot/base/config.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/base/rng.h"
#include "ingot/engine/train_config.h"
#include "ingot/engine/trainer.h"
#include "ingot/models/registry.h"

namespace ingot {
namespace {

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

bool is_whole(std::string_view text) { return text.find_first_of(".eE") == std::string_view::npos; }

// The steps at which trials are compared, the last one the whole run: T / eta^r, largest r first.
std::vector<int64_t> rungs(int64_t total, int64_t trials, int64_t eta) {
  std::vector<int64_t> steps = {total};
  if (eta < 2) return steps;
  for (int64_t left = trials / eta; left > 0 && steps.front() / eta > 0; left /= eta)
    steps.insert(steps.begin(), steps.front() / eta);
  return steps;
}

class Sweep {
 public:
  Sweep(const Document& recipe, const SweepOptions& options, const MakeTask& make)
      : recipe_(recipe), options_(options), make_(make) {}

  SweepResult run() {
    auto config = read_train_config(recipe_);
    {
      Json of_task = Json::object();
      Document recorded = recipe_;
      recorded.resolved = &of_task;
      const auto task = make_(recorded, {Purpose::Train, config.train.batch_size, config.train.seed, ""});
      read_optimizers(recipe_, task->players(), config);
      check_keys(resolved_recipe(recipe_, of_task, config));
      result_.metric = task->objective().metric;
      result_.lower_is_better = task->objective().lower_is_better;
      result_.total_steps = total_steps(config.train, task->batches_per_epoch());
    }
    const auto steps = rungs(result_.total_steps, options_.trials, options_.halving);
    const FileLock lock((fs::create_directories(options_.folder), options_.folder / "lock"));
    settings_ = {{"recipe", recipe_.root},
                 {"axes", Json::array()},
                 {"trials", options_.trials},
                 {"halving", options_.halving},
                 {"seed", options_.seed}};
    for (const auto& axis : options_.axes)
      settings_["axes"].push_back({{"key", axis.key},
                                   {"choices", axis.choices},
                                   {"low", axis.low},
                                   {"high", axis.high},
                                   {"log", axis.logarithmic}});
    if (fs::exists(options_.folder / "sweep.json"))
      require("sweep", read_json(options_.folder / "sweep.json").at("settings") == settings_, options_.folder.string(),
              " holds a sweep with other settings, expected the same ones to go on; choose "
              "another --folder");
    for (int64_t i = 0; i < options_.trials; ++i) {
      SweepTrial trial{.number = i + 1, .values = {}};
      Rng rng(options_.seed, uint64_t(i));
      for (const auto& axis : options_.axes) trial.values.push_back(axis.draw(rng.uniform()));
      result_.trials.push_back(std::move(trial));
    }
    auto alive = int64_t(result_.trials.size());
    for (size_t rung = 0; rung < steps.size() && !result_.interrupted; ++rung) {
      for (int64_t i = 0; i < alive && !result_.interrupted; ++i) {
        auto& trial = result_.trials[size_t(i)];
        if (rung > 0 && !trial.best) continue;  // it has failed
        trial.rung = int64_t(rung);
        train(trial, rung + 1 == steps.size() ? std::nullopt : std::optional(steps[rung]), steps.front());
      }
      sort();
      write();
      if (rung + 1 < steps.size()) alive = std::max<int64_t>(1, alive / options_.halving);
    }
    const bool any = std::any_of(result_.trials.begin(), result_.trials.end(), [](auto& t) { return t.best; });
    if (!any && failure_) std::rethrow_exception(failure_);
    return std::move(result_);
  }

 private:
  void check_keys(const Json& resolved) const {
    std::vector<std::string> keys;
    for (const auto& [section, table] : resolved.items())
      for (const auto& [key, value] : table.items()) keys.push_back(section + "." + key);
    Problems problems;
    for (const auto& axis : options_.axes)
      if (std::find(keys.begin(), keys.end(), axis.key) == keys.end() && axis.key.find('.') == axis.key.rfind('.'))
        problems.push_back("--try " + axis.key + ": unknown key" + suggest(axis.key, keys));
    throw_if_any("sweep", problems);
  }

  void train(SweepTrial& trial, std::optional<int64_t> until, int64_t first_rung) {
    Document recipe = recipe_;
    for (size_t a = 0; a < options_.axes.size(); ++a) recipe.set(options_.axes[a].key + "=" + trial.values[a]);
    recipe.set(fmt::format("train.name=\"sweep-trial-{}\"", trial.number));
    if (options_.halving) recipe.set(fmt::format("train.eval_every={}", first_rung));
    TrainOptions train{.run_folder = options_.folder / fmt::format("trial-{}", trial.number)};
    train.resume = train.quiet = true;
    train.use_home_folder = options_.use_home_folder;
    if (until) train.stop_at_step = *until + 1;  // after the evaluation at that step
    try {
      const auto done = done_already(train.run_folder, until);
      const Json record = done ? *done : run_trial(recipe, train);
      trial.status = until && record["status"] == "interrupted" ? "stopped at a rung" : record["status"];
      trial.steps = record["train"]["steps"], trial.cpu_s = record["train"]["cpu_s"];
      if (record["eval"].contains("best"))
        trial.best = record["eval"]["best"]["value"], trial.best_step = record["eval"]["best"]["step"];
    } catch (const Error& e) {
      if (!failure_) failure_ = std::current_exception();
      std::string why = e.what();
      trial.status = "failed: " + why.substr(0, why.find('\n'));
      trial.best.reset();
    }
    if (!options_.quiet) {
      std::string line = fmt::format("trial {}/{}", trial.number, options_.trials);
      for (size_t a = 0; a < options_.axes.size(); ++a)
        line += fmt::format("  {}={}", options_.axes[a].key, trial.values[a]);
      log_info(line + (trial.best ? fmt::format("  {} {:.4f} at step {}", result_.metric, *trial.best, trial.best_step)
                                  : "  " + trial.status));
    }
    write();
  }

  Json run_trial(const Document& recipe, const TrainOptions& options) {
    const auto done = train_task(recipe, options, make_);
    result_.interrupted = done.signal != 0;
    return done.record;
  }

  // The record of a trial that an earlier run of this sweep has brought as far.
  static std::optional<Json> done_already(const fs::path& folder, std::optional<int64_t> until) {
    if (!fs::exists(folder / "run.json")) return {};
    const Json record = read_json(folder / "run.json");
    const bool ended = record["status"] == "finished" || record["status"] == "stopped_early";
    if (ended || (until && record["train"]["steps"].get<int64_t>() > *until)) return record;
    return {};
  }

  void sort() {
    std::stable_sort(result_.trials.begin(), result_.trials.end(), [&](const SweepTrial& a, const SweepTrial& b) {
      if (a.best.has_value() != b.best.has_value()) return a.best.has_value();
      if (!a.best) return false;
      if (a.rung != b.rung) return a.rung > b.rung;
      return result_.lower_is_better ? *a.best < *b.best : *a.best > *b.best;
    });
  }

  void write() const {
    Json trials = Json::array();
    for (const auto& t : result_.trials)
      trials.push_back({{"trial", t.number},
                        {"values", t.values},
                        {"steps", t.steps},
                        {result_.metric, t.best ? Json(*t.best) : Json()},
                        {"cpu_s", t.cpu_s},
                        {"status", t.status}});
    write_json(options_.folder / "sweep.json", {{"settings", settings_}, {"trials", trials}});
  }

  const Document& recipe_;
  const SweepOptions& options_;
  const MakeTask& make_;
  SweepResult result_;
  Json settings_;
  std::exception_ptr failure_;
};

}  // namespace

SweepAxis parse_axis(std::string_view text) {
  const auto equals = text.find('=');
  require("sweep", equals != std::string_view::npos && equals > 0 && equals + 1 < text.size(), "--try is '", text,
          "', expected KEY=LOW..HIGH, KEY=log:LOW..HIGH or KEY=A,B,C");
  SweepAxis axis{.key = std::string(text.substr(0, equals)), .choices = {}};
  auto rest = text.substr(equals + 1);
  axis.logarithmic = rest.starts_with("log:");
  if (axis.logarithmic) rest.remove_prefix(4);
  if (const auto dots = rest.find(".."); dots != std::string_view::npos) {
    const auto low_text = rest.substr(0, dots), high_text = rest.substr(dots + 2);
    const auto low = number_of(low_text), high = number_of(high_text);
    require("sweep", low && high && *low < *high && (!axis.logarithmic || *low > 0), "--try ", axis.key, ": range is '",
            rest, "', expected LOW..HIGH with LOW below HIGH", axis.logarithmic ? " and above 0" : "");
    axis.low = *low, axis.high = *high;
    axis.whole = is_whole(low_text) && is_whole(high_text);
    return axis;
  }
  require("sweep", !axis.logarithmic, "--try ", axis.key, ": log: is '", rest, "', expected LOW..HIGH");
  for (size_t begin = 0; begin <= rest.size();) {
    const size_t end = std::min(rest.find(',', begin), rest.size());
    require("sweep", end > begin, "--try ", axis.key, ": choices are '", rest, "', expected none of them empty");
    axis.choices.emplace_back(rest.substr(begin, end - begin));
    begin = end + 1;
  }
  return axis;
}

std::string SweepAxis::draw(double u) const {
  if (!choices.empty()) return choices[size_t(u * double(choices.size()))];
  const double top = whole ? high + 1 : high;  // every whole number equally likely
  const double value =
      logarithmic ? std::exp(std::log(low) + u * (std::log(top) - std::log(low))) : low + u * (top - low);
  return whole ? std::to_string(int64_t(std::floor(value))) : fmt::format("{:.4g}", value);
}

SweepResult sweep_task(const Document& recipe, const SweepOptions& options, const MakeTask& make) {
  require("sweep", !options.axes.empty(), "nothing to try, expected --try KEY=LOW..HIGH at least once");
  require("sweep", options.trials >= 1, "trials is ", options.trials, ", expected 1 or more");
  require("sweep", options.halving == 0 || options.halving >= 2, "halving is ", options.halving,
          ", expected 0 (off) or 2 and more");
  return Sweep(recipe, options, make).run();
}

SweepResult sweep(const Document& recipe, const SweepOptions& options) {
  return sweep_task(recipe, options, make_task);
}

}  // namespace ingot
