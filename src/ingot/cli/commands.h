// Every subcommand is one file that adds itself to the CLI11 app; commands.cpp is the one list of them.
// A command parses flags, calls the library, prints to stdout. Errors are exceptions; main() prints them.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace ingot::cli {

// Adds all subcommands of this build.
void add_commands(CLI::App& app);
// Those that need LibTorch; a build without it has none of them.
void add_torch_commands(CLI::App& app);

// Makes `parent`'s subcommand `name`. `examples` is shown at the end of --help, one command a line.
CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary,
                      const std::string& examples);

// Runs `action` after a successful parse; its result is the exit code of the program.
void on_run(CLI::App* command, std::function<int()> action);
int last_result();

}  // namespace ingot::cli
