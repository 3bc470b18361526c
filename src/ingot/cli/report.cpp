// ingot report: a report document as one offline HTML page.
#include "ingot/plan/report/report.h"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"

namespace ingot::cli {
namespace {
struct Options {
  std::string document, out, lang = "en";
};
}  // namespace

void add_report(CLI::App& app) {
  auto* command = add_command(app, "report", "Turn a report document (JSON) into one offline HTML page",
                              "ingot report runs/demo/report.json\n"
                              "ingot report plan.json --lang zh --out plan.html");
  auto options = std::make_shared<Options>();
  command->add_option("document", options->document, "report document, as docs/report.md describes it")->required();
  command->add_option("--out", options->out, "page to write (default: the document's name with .html)");
  command->add_option("--lang", options->lang, "language in which the page opens: en or zh");
  on_run(command, [options] {
    const auto document = read_json(options->document);
    const std::filesystem::path out = options->out.empty()
                                          ? std::filesystem::path(options->document).replace_extension(".html")
                                          : std::filesystem::path(options->out);
    write_report(out, document, options->lang);
    fmt::print("{}\n", out.string());
    return 0;
  });
}

}  // namespace ingot::cli
