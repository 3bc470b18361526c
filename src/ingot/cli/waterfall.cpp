// ingot waterfall: who gets what at an exit, with its certificate and break-points.
#include <memory>

#include <CLI/CLI.hpp>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/finance.h"
#include "ingot/plan/finance/terms.h"

namespace ingot::cli {
namespace {

struct WaterfallFlags {
  FinanceFlags flags;
  std::vector<std::string> exits;
  int curve = 0;
};

finance::Amount parse_amount(const std::string& text) {
  const auto amount = finance::Amount::from_config(text);
  require("waterfall", amount && amount->value >= finance::Rational(0), "--exit is '", text, "', expected ",
          finance::Amount::kExpected);
  return *amount;
}

}  // namespace

void add_waterfall(CLI::App& app) {
  auto* command = add_command(app, "waterfall", "who gets what at an exit: preferences, participation, options, debt",
                              "ingot waterfall examples/series_b.toml\n"
                              "ingot waterfall examples/series_b.toml --exit 50_000_000 --exit 400_000_000 --json\n"
                              "ingot waterfall examples/series_b.toml --curve 100 --csv > curve.csv");
  auto o = std::make_shared<WaterfallFlags>();
  o->flags.add_to(*command, "company TOML, ledger (.db) or OCF folder");
  command->add_option("--exit", o->exits, "exit value; repeat for more (default: exit.values of the TOML)");
  command->add_option("--curve", o->curve, "payoffs at this many even steps up to the largest exit")
      ->check(CLI::Range(1, 100000));
  on_run(command, [o] {
    const auto table = o->flags.cap_table();
    finance::ExitSection terms;
    if (o->flags.file.ends_with(".toml") || !o->flags.terms_file.empty())
      terms = read_config<finance::ExitSection>(o->flags.terms(), "exit");
    if (!o->exits.empty()) terms.values.clear();
    for (const auto& e : o->exits) terms.values.push_back(parse_amount(e));
    require("waterfall", !terms.values.empty(), "no exit value, expected --exit or values in the [exit] section");
    const auto structure = finance::exit_of(table, terms);
    std::vector<int64_t> exits;
    for (const auto& v : terms.values) exits.push_back(finance::to_money(v, table.currency, "exit.values").minor);
    if (o->curve > 0) {
      const int64_t top = *std::max_element(exits.begin(), exits.end());
      exits.clear();
      for (int i = 0; i <= o->curve; ++i) exits.push_back(int64_t(finance::Int128(top) * i / o->curve));
    }
    std::vector<finance::WaterfallResult> results;
    for (const auto exit : exits) results.push_back(finance::waterfall(structure, exit, terms.kind));
    auto view = finance::waterfall_view(structure, results, table.currency);
    if (o->curve > 0) {
      std::vector<std::string> header = {"exit"};
      for (const auto& c : structure.classes) header.push_back(c.name);
      TextTable curve(header);
      for (const auto& r : results) {
        std::vector<std::string> row = {finance::Money{r.proceeds, table.currency}.major().decimal(2)};
        for (const auto& c : r.classes) row.push_back(finance::Money{c.paid, table.currency}.major().decimal(2));
        curve.add(row);
      }
      view.tables.front().second = curve;
    }
    o->flags.print(view, report::both(table.issuer + ": exit waterfall", table.issuer + "：退出分配瀑布"));
    return 0;
  });
}

}  // namespace ingot::cli
