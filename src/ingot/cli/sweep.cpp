#include "ingot/engine/sweep.h"

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/openmp_wait.h"
#include "ingot/cli/output.h"
#include "ingot/plan/report/report.h"
#include "ingot/plan/report/view.h"

namespace ingot::cli {
namespace {

using report::both, report::chart, report::section;

struct SweepFlags {
  std::string recipe;
  std::vector<std::string> overrides, axes;
  SweepOptions options;
  std::string folder;
  OutputFlags output;
};

std::string score(const SweepTrial& t) { return t.best ? fmt::format("{:.4f}", *t.best) : "-"; }

// (value of an axis, metric) of the trials that have both.
std::vector<std::pair<double, double>> points_of(const SweepResult& r, size_t axis) {
  std::vector<std::pair<double, double>> points;
  for (const auto& t : r.trials) {
    char* end = nullptr;
    const double x = std::strtod(t.values[axis].c_str(), &end);
    if (t.best && end && *end == 0) points.emplace_back(x, *t.best);
  }
  std::sort(points.begin(), points.end());
  return points;
}

report::View sweep_view(const SweepResult& r, const SweepOptions& o, const std::string& recipe) {
  report::View view;
  std::vector<std::string> header = {"trial"};
  std::vector<std::pair<Json, std::string>> columns = {{both("trial", "试验"), ""}};
  for (const auto& axis : o.axes) header.push_back(axis.key), columns.emplace_back(axis.key, "");
  for (const auto& name : {r.metric, std::string("steps"), std::string("cpu_s"), std::string("status")})
    header.push_back(name);
  columns.emplace_back(r.metric, "");
  columns.emplace_back(both("steps", "步数"), "int");
  columns.emplace_back(both("CPU seconds", "CPU 秒"), "");
  columns.emplace_back(both("status", "状态"), "");
  TextTable table(header);
  Json rows = Json::array(), list = Json::array(), charts = Json::array();
  double cpu_s = 0;
  for (const auto& t : r.trials) {
    std::vector<std::string> row = {std::to_string(t.number)};
    Json cells = Json::array({std::to_string(t.number)}), values = Json::object();
    for (size_t a = 0; a < o.axes.size(); ++a) {
      row.push_back(t.values[a]), cells.push_back(t.values[a]);
      values[o.axes[a].key] = t.values[a];
    }
    const auto seconds = fmt::format("{:.1f}", t.cpu_s);
    for (const auto& text : {score(t), std::to_string(t.steps), seconds, t.status}) row.push_back(text);
    for (const Json& cell : {Json(score(t)), Json(t.steps), Json(seconds), Json(t.status)}) cells.push_back(cell);
    table.add(row), rows.push_back(cells);
    list.push_back({{"trial", t.number},
                    {"values", values},
                    {r.metric, t.best ? Json(*t.best) : Json()},
                    {"best_step", t.best_step},
                    {"steps", t.steps},
                    {"cpu_s", t.cpu_s},
                    {"status", t.status}});
    cpu_s += t.cpu_s;
  }
  view.tables.emplace_back("", table);
  for (size_t a = 0; a < o.axes.size(); ++a) {
    const auto points = points_of(r, a);
    if (points.size() < 2) continue;
    Json data = Json::array();
    for (const auto& [x, y] : points) data.push_back({x, y});
    charts.push_back(chart("scatter", both(r.metric + " by " + o.axes[a].key, o.axes[a].key + " 与 " + r.metric),
                           {{"x", {{"title", o.axes[a].key}, {"scale", o.axes[a].logarithmic ? "log" : "linear"}}},
                            {"y", {{"title", r.metric}}},
                            {"series", Json::array({{{"name", both("trials", "试验")}, {"data", data}}})}}));
  }
  charts.push_back(report::report_table(both("Trials, the best first", "试验（按优劣排序）"), columns, rows));
  view.json = {{"metric", r.metric},           {"lower_is_better", r.lower_is_better},
               {"total_steps", r.total_steps}, {"cpu_s", cpu_s},
               {"interrupted", r.interrupted}, {"trials", list},
               {"folder", o.folder.string()}};
  const auto& best = r.trials.front();
  if (best.best) {
    std::string command = "ingot train " + recipe;
    for (size_t a = 0; a < o.axes.size(); ++a) command += " --set " + o.axes[a].key + "=" + best.values[a];
    view.notes.push_back(fmt::format("best: trial {}, {} {:.4f} at step {}, in {}", best.number, r.metric, *best.best,
                                     best.best_step, (o.folder / fmt::format("trial-{}", best.number)).string()));
    view.notes.push_back("again: " + command);
    view.json["command"] = command;
  }
  view.notes.push_back(fmt::format("{} trials, {:.0f} CPU seconds", r.trials.size(), cpu_s));
  if (r.interrupted) view.notes.push_back("interrupted; the same command goes on from here");
  view.sections.push_back(section("sweep", both("What the search found", "搜索结果"), Json(), charts));
  return view;
}

int run_sweep(const SweepFlags& o) {
  restart_with_short_spin();
  auto options = o.options;
  for (const auto& text : o.axes) options.axes.push_back(parse_axis(text));
  options.folder =
      o.folder.empty() ? fs::path("runs") / ("sweep-" + fs::path(o.recipe).stem().string()) : fs::path(o.folder);
  const auto result = sweep(read_toml(o.recipe, o.overrides), options);
  auto output = o.output;
  if (output.html.empty()) output.html = (options.folder / "sweep.html").string();
  output.print(sweep_view(result, options, o.recipe), both("Sweep of " + fs::path(o.recipe).stem().string(),
                                                           fs::path(o.recipe).stem().string() + " 超参数搜索"));
  return result.interrupted ? 130 : 0;
}

}  // namespace

void add_sweep(CLI::App& app) {
  auto* command =
      add_command(app, "sweep", "Search hyper-parameters: random, or successive halving",
                  "ingot sweep recipes/gpt/tiny.toml --try optimizer.lr=log:1e-4..1e-2 --trials 8\n"
                  "ingot sweep recipes/gpt/tiny.toml --try optimizer.lr=log:1e-4..1e-2 --try model.n_layer=1,2,4 "
                  "--halving 3 --trials 27\n"
                  "ingot sweep recipes/gpt/tiny.toml --try model.n_embd=32..128 --html sweep.html --lang zh");
  auto o = std::make_shared<SweepFlags>();
  command->add_option("recipe", o->recipe, "TOML recipe")->required();
  command->add_option("--try", o->axes, "KEY=LOW..HIGH, KEY=log:LOW..HIGH or KEY=A,B,C of the recipe; once a key")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--set", o->overrides, "change a key of the recipe for all trials: section.key=value")
      ->allow_extra_args(false);
  command->add_option("--trials", o->options.trials, "how many")->check(CLI::Range(1, 100'000))->capture_default_str();
  command
      ->add_option("--halving", o->options.halving,
                   "keep one trial of so many at each rung, as in 3; 0: train every trial to its end")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command->add_option("--seed", o->options.seed, "of the values that are drawn")->capture_default_str();
  command->add_option("--folder", o->folder,
                      "trials, sweep.json, sweep.html; a sweep there goes on (default runs/sweep-NAME)");
  command->add_flag("--quiet", o->options.quiet, "no line a trial");
  o->output.add_to(*command);
  on_run(command, [o] { return run_sweep(*o); });
}

}  // namespace ingot::cli
