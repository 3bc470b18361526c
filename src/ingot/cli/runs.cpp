#include <algorithm>
#include <cmath>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/text_table.h"
#include "ingot/cli/commands.h"
#include "ingot/engine/run_registry.h"
#include "ingot/formats/metrics_log.h"

namespace ingot::cli {
namespace {

using Curve = std::vector<std::pair<double, double>>;  // step, loss

std::string cell(const Json& record, const char* section, const char* key, const char* format = "{:.4g}") {
  if (!record.contains(section) || !record[section].contains(key) || !record[section][key].is_number()) return "-";
  return fmt::format(fmt::runtime(format), record[section][key].get<double>());
}

Curve loss_curve(const fs::path& folder) {
  Curve curve;
  for (const auto& event : read_metrics(folder))
    if (event.value("event", "") == "train" && event.contains("loss") && event["loss"].is_number())
      curve.emplace_back(event["step"].get<double>(), event["loss"].get<double>());
  return curve;
}

// Two curves on one grid of characters: '*' the first, 'o' the second, '#' both.
std::string plot(const Curve& a, const Curve& b) {
  constexpr int kWidth = 64, kHeight = 14;
  double last = 1, low = INFINITY, high = -INFINITY;
  for (const auto* curve : {&a, &b})
    for (const auto& [step, loss] : *curve)
      if (std::isfinite(loss)) last = std::max(last, step), low = std::min(low, loss), high = std::max(high, loss);
  if (!(low <= high)) return "no losses are logged\n";
  const double range = high > low ? high - low : 1;
  std::vector<std::string> grid(kHeight, std::string(kWidth, ' '));
  const auto draw = [&](const Curve& curve, char mark) {
    for (const auto& [step, loss] : curve) {
      if (!std::isfinite(loss)) continue;
      auto& at = grid[size_t((high - loss) / range * (kHeight - 1) + 0.5)][size_t(step / last * (kWidth - 1) + 0.5)];
      at = at == ' ' || at == mark ? mark : '#';
    }
  };
  draw(a, '*');
  draw(b, 'o');
  std::string text;
  for (int row = 0; row < kHeight; ++row)
    text += fmt::format("{:>10.4g} |{}\n", high - range * row / (kHeight - 1), grid[size_t(row)]);
  return text + fmt::format("{:>10} +{}\n{:>12}0{:>{}.0f} steps\n", "", std::string(kWidth, '-'), "", last, kWidth - 1);
}

int list(bool json) {
  const auto runs = registered_runs();
  if (json) {
    Json all = Json::array();
    for (const auto& run : runs) {
      all.push_back(run.record);
      all.back()["folder"] = run.folder.string();
    }
    fmt::print("{}\n", to_text(all, 2));
    return 0;
  }
  TextTable table({"id", "name", "status", "created", "steps", "loss", "folder"});
  for (const auto& run : runs)
    table.add({run.id, run.record.value("name", ""), run.record.value("status", ""), run.record.value("created", ""),
               cell(run.record, "train", "steps", "{:.0f}"), cell(run.record, "train", "final_loss"),
               run.folder.string()});
  fmt::print("{}", runs.empty() ? "no run yet; see `ingot train --help`\n" : table.to_string());
  return 0;
}

int compare(const std::string& first, const std::string& second, bool json) {
  const auto a = find_run(first), b = find_run(second);
  if (json) {
    fmt::print("{}\n", to_text(Json::array({a.record, b.record}), 2));
    return 0;
  }
  TextTable table({"", "* " + a.record.value("name", ""), "o " + b.record.value("name", "")});
  const auto row = [&](const char* label, const char* section, const char* key) {
    table.add({label, cell(a.record, section, key), cell(b.record, section, key)});
  };
  table.add({"id", a.id, b.id});
  table.add({"status", a.record.value("status", ""), b.record.value("status", "")});
  row("parameters", "model", "parameters");
  row("steps", "train", "steps");
  row("loss at the end", "train", "final_loss");
  row("units a second", "train", "units_per_s");
  row("CPU seconds in steps", "train", "cpu_s");
  row("MFU", "train", "mfu");
  fmt::print("{}\ntraining loss\n{}", table.to_string(), plot(loss_curve(a.folder), loss_curve(b.folder)));
  return 0;
}

}  // namespace

void add_runs(CLI::App& app) {
  struct Options {
    std::string run, other;
    bool json = false;
  };
  auto* command = add_command(app, "runs", "List, show and compare the runs of this machine",
                              "ingot runs\ningot runs show gpt-tiny\ningot runs compare 1f3a 92bc");
  auto o = std::make_shared<Options>();
  command->add_flag("--json", o->json, "print JSON");
  command->require_subcommand(0, 1);
  auto* show = add_command(*command, "show", "The record of one run", "ingot runs show runs/gpt-tiny-1");
  show->add_option("run", o->run, "run folder, id or name")->required();
  on_run(show, [o] {
    const auto run = find_run(o->run);
    fmt::print("{}\n{}\n", run.folder.string(), to_text(run.record, 2));
    return 0;
  });
  auto* both =
      add_command(*command, "compare", "Two runs side by side, with their loss curves", "ingot runs compare A B");
  both->add_option("first", o->run, "run folder, id or name")->required();
  both->add_option("second", o->other, "run folder, id or name")->required();
  both->add_flag("--json", o->json, "print JSON");
  on_run(both, [o] { return compare(o->run, o->other, o->json); });
  on_run(command, [command, o] { return command->get_subcommands().empty() ? list(o->json) : last_result(); });
}

}  // namespace ingot::cli
