#include "ingot/cli/cost.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>

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

void PlanFlags::add_to(CLI::App& command, const std::string& file_help, std::span<const PlanFlag> flags) {
  values.resize(flags.size());
  command.add_option("plan", file, file_help)->check(CLI::ExistingFile);
  command.add_option("--set", sets, "a key of the plan, as in prices.pue=1.1");
  for (size_t i = 0; i < flags.size(); ++i) command.add_option(flags[i].flag, values[i], flags[i].help);
}

Document PlanFlags::document(std::span<const PlanFlag> flags) const {
  Document document;
  if (!file.empty())
    document = read_toml(file);
  else
    document.origin = "the command line";
  for (size_t i = 0; i < flags.size(); ++i)
    if (!values[i].empty()) document.set(std::string(flags[i].key) + "=" + values[i]);
  for (const auto& assignment : sets) document.set(assignment);
  return document;
}

namespace {

std::string show(const cost::Line& line, double value) {
  if (line.unit == "$") return std::fabs(value) < 1 ? fmt::format("${:.6f}", value) : money(value);
  if (line.unit == "$/chip-hour") return fmt::format("{:.2f}", value);
  if (line.unit == "$/M tokens") return fmt::format("{:.4f}", value);
  if (line.unit == "$/chip" || line.key == "chip_hours") return grouped(std::llround(value));
  const bool count = line.key.ends_with("parameters") || line.key == "tokens" || line.key == "tokens_per_s";
  return count ? si(value) : fmt::format("{:.4g}", value);
}

}  // namespace

TextTable figures_table(const std::vector<cost::Line>& lines) {
  const bool ranges =
      std::any_of(lines.begin(), lines.end(), [](const cost::Line& line) { return line.range.has_value(); });
  std::vector<std::string> header{"", "value", "unit", "p10", "p50", "p90", "basis", "source"};
  if (!ranges) header.erase(header.begin() + 3, header.begin() + 6);
  TextTable table(header);
  for (const auto& line : lines) {
    const auto cell = [&](double cost::Quantiles::*q) {
      return line.range ? show(line, (*line.range).*q) : std::string();
    };
    std::string source = line.figure.source;
    if (source.size() > 60) source = source.substr(0, 57) + "...";
    std::vector<std::string> row{line.label, show(line, line.figure.value), line.unit == "$" ? "" : line.unit};
    if (ranges)
      row.insert(row.end(), {cell(&cost::Quantiles::p10), cell(&cost::Quantiles::p50), cell(&cost::Quantiles::p90)});
    row.insert(row.end(), {std::string(to_string(line.figure.basis)), source});
    table.add(std::move(row));
  }
  return table;
}

Json figures_json(const std::vector<cost::Line>& lines) {
  Json figures = Json::object();
  for (const auto& line : lines) {
    Json range;
    if (line.range) range = {{"p10", line.range->p10}, {"p50", line.range->p50}, {"p90", line.range->p90}};
    figures[line.key] = {{"value", line.figure.value},
                         {"unit", line.unit},
                         {"range", range},
                         {"basis", to_string(line.figure.basis)},
                         {"source", line.figure.source}};
  }
  return figures;
}

namespace {

// One row an object, a column for each number or text in it, full precision: {"tokens": {"low": 1}} -> tokens_low.
// Absent when `rows` is no list of objects, or one of them holds a list.
std::optional<TextTable> flat(const Json& rows) {
  if (!rows.is_array() || rows.empty()) return {};
  std::vector<std::string> header;
  std::vector<std::map<std::string, std::string>> lines;
  bool lists = false;
  const std::function<void(const Json&, const std::string&)> walk = [&](const Json& value, const std::string& name) {
    lists = lists || value.is_array();
    if (value.is_object()) {
      for (const auto& [key, inner] : value.items()) walk(inner, name.empty() ? key : name + "_" + key);
      return;
    }
    if (std::find(header.begin(), header.end(), name) == header.end()) header.push_back(name);
    lines.back()[name] = value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump();
  };
  for (const auto& row : rows) {
    if (!row.is_object()) return {};
    lines.emplace_back();
    walk(row, "");
  }
  if (lists) return {};
  TextTable table(header);
  for (auto& line : lines) {
    std::vector<std::string> cells;
    for (const auto& name : header) cells.push_back(line[name]);
    table.add(std::move(cells));
  }
  return table;
}

// What a program wants of a result: its list, or its figures with their key in front.
Json rows_of(const Json& json) {
  if (!json.is_object()) return json;
  if (json.contains("rows")) return json["rows"];
  Json rows = Json::array();
  if (json.contains("figures"))
    for (const auto& [key, figure] : json["figures"].items()) {
      rows.push_back({{"figure", key}});
      rows.back().update(figure);
      if (auto& range = rows.back()["range"]; range.is_null())  // the same columns for every figure
        range = {{"p10", nullptr}, {"p50", nullptr}, {"p90", nullptr}};
    }
  return rows;
}

}  // namespace

void print_result(const CostFlags& flags, const TextTable& table, const Json& json,
                  const std::vector<std::string>& notes) {
  if (flags.json) return fmt::print("{}\n", to_text(json, 2));
  if (flags.csv) return fmt::print("{}", flat(rows_of(json)).value_or(table).to_csv());
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
                                  "ingot cost train --model llama-65b --tokens 1.4e12 --chip A100-80GB --chips 2048\n"
                                  "ingot cost serve --model llama-2-70b --chip H100\n"
                                  "ingot cost scale-up --runs runs/ --chip H100 --chips 64");
  command->require_subcommand(1);
  add_cost_catalogue(*command);
  add_cost_train(*command);
  add_cost_serve(*command);
  add_cost_scaling(*command);
}

}  // namespace ingot::cli
