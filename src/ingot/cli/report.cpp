// ingot report: a training run, or any report document, as one offline HTML page.
#include "ingot/plan/report/report.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/run_report.h"

namespace ingot::cli {
namespace {
struct ReportFlags {
  std::string document, out, lang = "en";
};
}  // namespace

void add_report(CLI::App& app) {
  auto* command =
      add_command(app, "report", "Show a training run, or a report document (JSON), as one offline HTML page",
                  "ingot report runs/gpt-tiny-1\n"
                  "ingot report plan.json --lang zh --out plan.html");
  auto options = std::make_shared<ReportFlags>();
  command->add_option("document", options->document, "run folder, or report document as docs/report.md describes it")
      ->required();
  command->add_option("--out", options->out,
                      "page to write (default: report.html in the run folder, the document's name with .html)");
  command->add_option("--lang", options->lang, "language in which the page opens: en or zh");
  on_run(command, [options] {
    const std::filesystem::path path = options->document;
    const bool is_run = std::filesystem::exists(path / "run.json");
    if (!is_run && std::filesystem::is_directory(path))
      fail(ErrorKind::NotFound, "report", path.string(),
           " is no run folder: it has no run.json; `ingot runs` lists them");
    std::filesystem::path out = options->out;
    if (out.empty()) out = is_run ? path / "report.html" : std::filesystem::path(path).replace_extension(".html");
    write_report(out, is_run ? run_report(path) : read_json(path), options->lang);
    fmt::print("{}\n", out.string());
    return 0;
  });
}

}  // namespace ingot::cli
