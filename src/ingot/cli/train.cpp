#include "ingot/engine/train.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/text_table.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/openmp_wait.h"

namespace ingot::cli {
namespace {

struct TrainingFlags {
  std::string recipe, run_folder;
  std::vector<std::string> overrides, allow;
  bool resume = false, dry_run = false, quiet = false, json = false, allow_non_finite = false;
  double usd_per_hour = -1;
};

void print_dry_run(const Json& plan) {
  const auto& predicted = plan["predicted"];
  const auto& memory = plan["memory_bytes"];
  fmt::print("{}\n", to_toml(plan["recipe"]));
  TextTable table({"what", "value"});
  table.add({"parameters", grouped(plan["model"]["parameters"].get<int64_t>())});
  if (const auto& model = plan["model"]; model.contains("trained_parameters"))
    table.add({"of which train", grouped(model["trained_parameters"].get<int64_t>())});
  table.add({"steps", grouped(plan["steps"].get<int64_t>())});
  table.add({plan["unit"].get<std::string>() + "s", si(plan["units"].get<double>())});
  table.add({"FLOPs", si(plan["flops"].get<double>())});
  for (const auto& [name, bytes] : memory.items()) table.add({"memory: " + name, human_bytes(bytes.get<double>())});
  table.add({plan["unit"].get<std::string>() + "s a second", si(predicted["units_per_s"].get<double>())});
  table.add({"MFU", fmt::format("{:.1f} %", 100 * predicted["mfu"].get<double>())});
  table.add({"time", format_duration(predicted["seconds"].get<double>())});
  table.add({"cost", predicted.contains("usd") ? fmt::format("${:.4f}", predicted["usd"].get<double>())
                                               : "unknown; give --usd-per-hour"});
  fmt::print("{}\npredicted from {}; evaluation and saving come on top\n", table.to_string(),
             predicted["method"].get<std::string>());
}

int run_train(const TrainingFlags& o) {
  restart_with_short_spin();
  std::string recipe = o.recipe;
  if (recipe.empty()) {
    require("train", o.resume && !o.run_folder.empty(),
            "no recipe is given, expected one; without it: ingot train --resume --run-folder RUN");
    recipe = (fs::path(o.run_folder) / "recipe.toml").string();
  }
  auto overrides = o.overrides;
  if (o.usd_per_hour >= 0) overrides.push_back(fmt::format("train.usd_per_hour={}", o.usd_per_hour));
  const auto document = read_toml(recipe, overrides);
  if (o.dry_run) {
    const Json plan = dry_run(document);
    o.json ? fmt::print("{}\n", to_text(plan, 2)) : print_dry_run(plan);
    return 0;
  }
  const auto result = train(document, {.run_folder = o.run_folder,
                                       .resume = o.resume,
                                       .quiet = o.quiet,
                                       .allow_config_change = o.allow,
                                       .allow_non_finite = o.allow_non_finite});
  if (o.json) {
    fmt::print("{}\n", to_text(result.record, 2));
  } else if (!o.quiet) {
    fmt::print("{} at step {}: {}\n", result.status, result.step, result.run_folder.string());
    if (result.status == "interrupted")
      fmt::print("continue with: ingot train --resume --run-folder {}\n", result.run_folder.string());
  }
  return result.signal ? 128 + result.signal : 0;
}

}  // namespace

void add_train(CLI::App& app) {
  auto* command = add_command(app, "train", "Train a model by a TOML recipe, or continue a run",
                              "ingot train recipes/gpt/tiny.toml\n"
                              "ingot train recipes/gpt/tiny.toml --set train.steps=500 --set optimizer.lr=3e-4\n"
                              "ingot train recipes/gpt/tiny.toml --dry-run --usd-per-hour 0.10\n"
                              "ingot train --resume --run-folder runs/gpt-tiny-1");
  auto o = std::make_shared<TrainingFlags>();
  command->add_option("recipe", o->recipe, "TOML recipe; with --resume that of the run when left out");
  command->add_option("--run-folder", o->run_folder, "where the run goes (default runs/NAME-N)");
  command->add_option("--set", o->overrides, "change a key of the recipe: section.key=value")->allow_extra_args(false);
  command->add_flag("--resume", o->resume, "continue from the newest whole checkpoint of --run-folder");
  command->add_option("--allow-config-change", o->allow, "with --resume: a key or section that may differ, or all")
      ->allow_extra_args(false);
  command->add_flag("--allow-nonfinite", o->allow_non_finite, "with --resume: load weights that hold NaN or infinity");
  command->add_flag("--dry-run", o->dry_run, "print recipe, parameters, memory, FLOPs, time and cost; train nothing");
  command->add_option("--usd-per-hour", o->usd_per_hour, "price of this machine (train.usd_per_hour)");
  command->add_flag("--quiet", o->quiet, "no progress");
  command->add_flag("--json", o->json, "print the run record, or the dry run, as JSON");
  on_run(command, [o] { return run_train(*o); });
}

}  // namespace ingot::cli
