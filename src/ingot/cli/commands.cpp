#include "ingot/cli/commands.h"

#include <CLI/CLI.hpp>

#include "ingot/base/lines.h"

namespace ingot::cli {
namespace {
int result = 0;
}

// Each in its own file, sorted by name.
void add_captable(CLI::App& app);
void add_cost(CLI::App& app);
void add_data(CLI::App& app);
void add_investors(CLI::App& app);
void add_market(CLI::App& app);
void add_plan(CLI::App& app);
void add_report(CLI::App& app);
void add_round(CLI::App& app);
void add_runway(CLI::App& app);
void add_tokenizer(CLI::App& app);
void add_value(CLI::App& app);
void add_waterfall(CLI::App& app);

// One line a command, in the order of --help.
void add_commands(CLI::App& app) {
  add_captable(app);
  add_cost(app);
  add_data(app);
  add_investors(app);
  add_market(app);
  add_plan(app);
  add_report(app);
  add_round(app);
  add_runway(app);
  add_tokenizer(app);
  add_torch_commands(app);
  add_value(app);
  add_waterfall(app);
}

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary,
                      const std::string& examples) {
  CLI::App* command = parent.add_subcommand(name, summary);
  if (!examples.empty()) {
    std::string text = "Examples:\n";
    LineReader lines(examples);
    for (std::string_view line; lines.next(line);) text += "  " + std::string(line) + "\n";
    command->footer(text);
  }
  return command;
}

void on_run(CLI::App* command, std::function<int()> action) {
  command->final_callback([action = std::move(action)] { result = action(); });
}

int last_result() { return result; }

}  // namespace ingot::cli
