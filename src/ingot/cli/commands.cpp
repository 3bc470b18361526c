#include "ingot/cli/commands.h"

#include <CLI/CLI.hpp>

namespace ingot::cli {
namespace {
int result = 0;
}

// Each in its own file, sorted by name.
void add_captable(CLI::App& app);
void add_cost(CLI::App& app);
void add_data(CLI::App& app);
void add_investors(CLI::App& app);
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
    for (size_t begin = 0; begin < examples.size();) {
      const size_t end = std::min(examples.find('\n', begin), examples.size());
      text += "  " + examples.substr(begin, end - begin) + "\n";
      begin = end + 1;
    }
    command->footer(text);
  }
  return command;
}

void on_run(CLI::App* command, std::function<int()> action) {
  command->final_callback([action = std::move(action)] { result = action(); });
}

int last_result() { return result; }

}  // namespace ingot::cli
