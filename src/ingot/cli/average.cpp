#include "ingot/engine/average.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ingot/cli/commands.h"
#include "ingot/engine/run_registry.h"

namespace ingot::cli {

void add_average(CLI::App& app) {
  struct Options {
    std::string run;
    int64_t last = 5;
    bool json = false;
  };
  auto* command = add_command(app, "average", "Average the weights of a run's last checkpoints",
                              "ingot average runs/de-en --last 5\n"
                              "ingot eval runs/de-en --split test --checkpoint average");
  auto o = std::make_shared<Options>();
  command->add_option("run", o->run, "run folder, id or name")->required();
  command->add_option("--last", o->last, "checkpoints, the newest ones (default 5)");
  command->add_flag("--json", o->json, "print JSON");
  on_run(command, [o] {
    const auto result = average_checkpoints(find_run(o->run).folder, o->last);
    if (o->json)
      fmt::print("{}\n", to_text(result, 2));
    else
      fmt::print("mean of steps {}: {}\nname it with --checkpoint average\n",
                 fmt::join(result["steps"].get<std::vector<int64_t>>(), ", "), result["checkpoint"].get<std::string>());
    return 0;
  });
}

}  // namespace ingot::cli
