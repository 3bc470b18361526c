#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/base/version.h"
#include "ingot/cli/commands.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Ingot: from the first training token to the term sheet.\n"
      "Build, serve, cost, fund and compete with a large-model company, in one program.",
      "ingot"};
  app.set_version_flag("--version", std::string("ingot ") + ingot::version());
  app.require_subcommand(0, 1);
  app.footer("Start with: ingot demo\nHelp on a command: ingot COMMAND --help");
  ingot::cli::add_commands(app);
  const auto report = [](int code, const char* text) {
    fmt::print(stderr, "ingot: {}\n", text);
    return code;
  };
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) {
      fmt::print("{}", app.help());
      return argc > 1 ? 2 : 0;
    }
    return ingot::cli::last_result();
  } catch (const CLI::Success& e) {
    return app.exit(e);  // --help, --version
  } catch (const CLI::ParseError& e) {
    // CLI11's own exit codes are 100 and up; ours are those of ErrorKind.
    std::string text = e.what();
    const CLI::App* deepest = &app;
    while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
    std::string name = deepest->get_name();
    for (auto* parent = deepest->get_parent(); parent && parent != &app; parent = parent->get_parent())
      name = parent->get_name() + " " + name;
    if (deepest != &app) name = "ingot " + name;
    if (deepest == &app && argc > 1 && argv[1][0] != '-') {
      std::vector<std::string> names;
      for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
      text = std::string("unknown command '") + argv[1] + "'" + ingot::suggest(argv[1], names);
    }
    return report(2, (text + "; see `" + name + " --help`").c_str());
  } catch (const ingot::Error& e) {
    return report(ingot::exit_code(e.kind()), e.what());
  } catch (const std::bad_alloc&) {
    return report(70, "[memory] out of memory; use a smaller batch, model or corpus");
  } catch (const std::exception& e) {
    std::string line = e.what();  // c10::Error carries a stack trace behind its first line
    line.resize(std::min(line.find('\n'), line.size()));
    return report(70, ("[internal] " + line).c_str());
  }
}
