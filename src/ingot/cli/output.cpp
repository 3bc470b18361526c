#include "ingot/cli/output.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/plan/report/report.h"

namespace ingot::cli {

void OutputFlags::add_to(CLI::App& command) {
  command.add_flag("--json", json, "print one JSON document");
  command.add_flag("--csv", csv, "print the first table as CSV")->excludes("--json");
  command.add_option("--html", html, "also write one offline page with charts");
  command.add_option("--lang", lang, "language of the page: en or zh");
}

void OutputFlags::print(const report::View& view, const Json& title) const {
  if (!html.empty()) {
    write_report(html, {{"title", title}, {"sections", view.sections}}, lang);
    fmt::print(stderr, "page: {}\n", html);
  }
  if (json) return fmt::print("{}\n", to_text(view.json, 2));
  if (csv) return fmt::print("{}", view.tables.empty() ? "" : view.tables.front().second.to_csv());
  for (const auto& [name, table] : view.tables) {
    if (!name.empty()) fmt::print("\n{}\n", name);
    fmt::print("{}", table.to_string());
  }
  for (const auto& [name, plot] : view.plots) fmt::print("\n{}\n{}", name, plot);
  if (!view.notes.empty()) fmt::print("\n");
  for (const auto& note : view.notes) fmt::print("{}\n", note);
}

}  // namespace ingot::cli
