// ingot market: demand, prices and rivals. The parent of its subcommands.
#include "ingot/cli/market.h"

#include <filesystem>

#include <CLI/CLI.hpp>

#include "ingot/cli/commands.h"

namespace ingot::cli {

void MarketFlags::add_to(CLI::App& command) {
  command.add_option("file", file, "market TOML (default: the LLM API market of the catalogue)");
  command.add_option("--set", set, "change one value, as in --set demand.elasticity=-2")->take_all();
  OutputFlags::add_to(command);
}

Document MarketFlags::document() const {
  if (!file.empty()) return read_toml(file, set);
  Document document;
  document.root = write_config(market::default_market());
  document.origin = "the catalogue";
  for (const auto& assignment : set) document.set(assignment);
  return document;
}

market::MarketConfig MarketFlags::config() const {
  auto config = read_config<market::MarketConfig>(document(), "");
  if (file.empty()) config.notes = market::default_market().notes;
  return config;
}

market::Industry MarketFlags::industry() const {
  return market::build_industry(config(), std::filesystem::path(file).parent_path());
}

void add_market(CLI::App& app) {
  CLI::App* command = add_command(app, "market", "demand, price equilibrium and rivals",
                                  "ingot market equilibrium\n"
                                  "ingot market equilibrium examples/market.toml --html market.html");
  command->require_subcommand(1);
  add_market_equilibrium(*command);
  add_market_estimate(*command);
  add_market_forecast(*command);
  add_market_ladder(*command);
  add_market_race(*command);
  add_market_scenario(*command);
}

}  // namespace ingot::cli
