#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/text_table.h"
#include "ingot/cli/commands.h"
#include "ingot/engine/run_registry.h"
#include "ingot/engine/train.h"
#include "ingot/serve/options.h"

namespace ingot::cli {
namespace {

std::string scalar_text(const Json& value) {
  if (value.is_number_float()) return fmt::format("{:.4f}", value.get<double>());
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

// Scalars and nested tables as rows "reliability.error"; a list of tables is a table of its own below.
void print_metrics(const std::string& prefix, const Json& metrics, TextTable& scalars, std::string& tables) {
  for (const auto& [key, value] : metrics.items()) {
    const auto name = prefix + key;
    if (value.is_object()) {
      print_metrics(name + ".", value, scalars, tables);
    } else if (value.is_array() && !value.empty() && value.front().is_object()) {
      std::vector<std::string> columns;
      for (const auto& [column, cell] : value.front().items()) columns.push_back(column);
      TextTable table(columns);
      for (const auto& row : value) {
        std::vector<std::string> cells;
        for (const auto& column : columns) cells.push_back(scalar_text(row.value(column, Json())));
        table.add(cells);
      }
      tables += "\n" + name + "\n" + table.to_string();
    } else if (value.is_array() && value.size() > 12) {
      scalars.add({name, fmt::format("{} values: see --json", value.size())});
    } else {
      scalars.add({name, scalar_text(value)});
    }
  }
}

}  // namespace

void add_eval(CLI::App& app) {
  struct Options {
    std::string run, split = "validation", checkpoint = "best", questions;
    int64_t shots = 0, limit = 0;
    bool json = false;
  };
  auto* command =
      add_command(app, "eval", "Evaluate a trained run on a split of its data, or a language model on multiple choice",
                  "ingot eval runs/gpt-tiny-1\n"
                  "ingot eval gpt-tiny --split test --checkpoint latest --json\n"
                  "ingot eval gpt2-124m-1 --options questions.jsonl --shots 5");
  auto o = std::make_shared<Options>();
  command->add_option("run", o->run, "run folder, id or name")->required();
  command->add_option("--split", o->split, "validation or test");
  command->add_option("--checkpoint", o->checkpoint, "best, latest, average or a step");
  auto* questions = command->add_option(
      "--options", o->questions,
      R"(JSONL of {"context", "options", "answer"}: which option the language model finds likeliest)");
  command->add_option("--shots", o->shots, "first questions of the file, shown solved before each other one")
      ->needs(questions)
      ->check(CLI::NonNegativeNumber);
  command->add_option("--limit", o->limit, "at most so many questions; 0: all")->needs(questions);
  command->add_flag("--json", o->json, "print JSON");
  on_run(command, [o] {
    Json result;
    if (o->questions.empty()) {
      result = evaluate_run(find_run(o->run).folder, o->split, o->checkpoint);
    } else {
      const auto folder = std::filesystem::exists(o->run) ? std::filesystem::path(o->run) : find_run(o->run).folder;
      auto generator = Generator::load(folder, "cpu", o->checkpoint);
      result = {{"run", folder.string()},
                {"checkpoint", o->checkpoint},
                {"split", o->questions},
                {"metrics", eval_options(generator, o->questions, o->shots, o->limit)}};
    }
    if (o->json) {
      fmt::print("{}\n", to_text(result, 2));
      return 0;
    }
    TextTable table({"metric", "value"});
    std::string tables;
    print_metrics("", result["metrics"], table, tables);
    fmt::print("{} {} on {}\n{}{}", result["run"].get<std::string>(), result["checkpoint"].get<std::string>(),
               result["split"].get<std::string>(), table.to_string(), tables);
    return 0;
  });
}

}  // namespace ingot::cli
