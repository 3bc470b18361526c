// The parts of `ingot cost`, one file each, and how they print.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ingot/base/json.h"
#include "ingot/base/text_table.h"
#include "ingot/base/toml.h"
#include "ingot/plan/cost/training.h"

namespace CLI {
class App;
}  // namespace CLI

namespace ingot::cli {

void add_cost_catalogue(CLI::App& cost);  // hardware, prices, runs, api-prices
void add_cost_scaling(CLI::App& cost);    // scaling, scale-up, actual
void add_cost_serve(CLI::App& cost);      // serve, fleet
void add_cost_train(CLI::App& cost);      // train, models

// Flags that every `ingot cost` command has.
struct CostFlags {
  bool json = false, csv = false;
  std::string facts, as_of;

  void add_to(CLI::App& command);
  cost::FactsFolder facts_folder() const;
  std::string day() const;  // --as-of, else today
};

// Flags are short names for keys of a plan file; both end in one document, which the library checks once.
struct PlanFlag {
  const char *flag, *key, *help;
};
struct PlanFlags {
  std::string file;
  std::vector<std::string> sets, values;

  void add_to(CLI::App& command, const std::string& file_help, std::span<const PlanFlag> flags);
  Document document(std::span<const PlanFlag> flags) const;
};

// The figures of a result: value, unit, range, basis and source. Sources are cut to 60 characters in text.
TextTable figures_table(const std::vector<cost::Line>& lines);
Json figures_json(const std::vector<cost::Line>& lines);

// Prints `table`, or `json`, or as CSV the rows or figures of `json` in full precision, as the flags say. `notes`
// follow the text table only.
void print_result(const CostFlags& flags, const TextTable& table, const Json& json,
                  const std::vector<std::string>& notes = {});

// "2025-03-03 (old)" when the date is over 12 months before `day`.
std::string dated(const std::string& date, const std::string& day);
// Up to `digits` significant digits without trailing zeros, or "" when absent.
std::string number(std::optional<double> value, int digits = 4);
std::string money(double usd);  // "$1,234.56", "$1,234,567"

}  // namespace ingot::cli
