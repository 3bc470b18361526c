#include "ingot/cli/cost.h"

#include <cmath>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/cli/commands.h"

namespace ingot::cli {

void CostFlags::add_to(CLI::App& command) {
  command.add_flag("--json", json, "print one JSON document");
  command.add_flag("--csv", csv, "print CSV")->excludes("--json");
  command.add_option("--facts", facts, "folder to read the facts from, instead of the copy inside the program");
  command.add_option("--as-of", as_of, "day on which the age of facts is counted, YYYY-MM-DD (default: today)");
}

cost::FactsFolder CostFlags::facts_folder() const {
  return facts.empty() ? cost::FactsFolder() : cost::FactsFolder(facts);
}

std::string CostFlags::day() const { return as_of.empty() ? today() : as_of; }

void print_result(const CostFlags& flags, const TextTable& table, const Json& json,
                  const std::vector<std::string>& notes) {
  if (flags.json) return fmt::print("{}\n", to_text(json, 2));
  if (flags.csv) return fmt::print("{}", table.to_csv());
  fmt::print("{}", table.to_string());
  for (const auto& note : notes) fmt::print("{}\n", note);
}

std::string dated(const std::string& date, const std::string& day) {
  return date.empty() || !cost::is_stale(date, day) ? date : date + " (old)";
}

std::string number(std::optional<double> value, int digits) {
  return value ? fmt::format("{:.{}g}", *value, digits) : "";
}

std::string money(double usd) {
  const bool cents = std::fabs(usd) < 10000;
  const auto minor = std::llround(std::fabs(usd) * (cents ? 100 : 1));
  const std::string sign = usd < 0 && minor ? "-$" : "$";
  return cents ? fmt::format("{}{}.{:02}", sign, grouped(minor / 100), minor % 100) : sign + grouped(minor);
}

void add_cost(CLI::App& app) {
  CLI::App* command = add_command(app, "cost", "what a model costs to train and to serve",
                                  "ingot cost hardware h100\n"
                                  "ingot cost runs llama --min-params 7e9");
  command->require_subcommand(1);
  add_cost_catalogue(*command);
  add_cost_train(*command);
}

}  // namespace ingot::cli
