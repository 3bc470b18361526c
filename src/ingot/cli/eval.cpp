#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/text_table.h"
#include "ingot/cli/commands.h"
#include "ingot/engine/run_registry.h"
#include "ingot/engine/train.h"

namespace ingot::cli {

void add_eval(CLI::App& app) {
  struct Options {
    std::string run, split = "validation", checkpoint = "best";
    bool json = false;
  };
  auto* command = add_command(app, "eval", "Evaluate a trained run on a split of its data",
                              "ingot eval runs/gpt-tiny-1\n"
                              "ingot eval gpt-tiny --split test --checkpoint latest --json");
  auto o = std::make_shared<Options>();
  command->add_option("run", o->run, "run folder, id or name")->required();
  command->add_option("--split", o->split, "validation or test");
  command->add_option("--checkpoint", o->checkpoint, "best, latest or a step");
  command->add_flag("--json", o->json, "print JSON");
  on_run(command, [o] {
    const Json result = evaluate_run(find_run(o->run).folder, o->split, o->checkpoint);
    if (o->json) {
      fmt::print("{}\n", to_text(result, 2));
      return 0;
    }
    TextTable table({"metric", "value"});
    for (const auto& [name, value] : result["metrics"].items())
      table.add({name, value.is_number_float() ? fmt::format("{:.4f}", value.get<double>()) : value.dump()});
    fmt::print("{} {} on {}\n{}", result["run"].get<std::string>(), result["checkpoint"].get<std::string>(), o->split,
               table.to_string());
    return 0;
  });
}

}  // namespace ingot::cli
