// ingot value: five valuation methods side by side, value a class, IRR.
#include <memory>

#include <CLI/CLI.hpp>

#include "ingot/base/file.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/finance.h"
#include "ingot/plan/finance/plan_view.h"

namespace ingot::cli {
namespace {

struct ValueFlags {
  FinanceFlags flags;
  std::string rounds;
};

}  // namespace

void add_value(CLI::App& app) {
  auto* command =
      add_command(app, "value", "what the company is worth: VC method, DCF, OPM, scenarios, comparable rounds",
                  "ingot value examples/series_b.toml\n"
                  "ingot value examples/seed.toml --set valuation.vc.exit_value=600000000 --html value.html");
  auto o = std::make_shared<ValueFlags>();
  o->flags.add_to(*command, "company TOML, ledger (.db) or OCF folder");
  command->add_option("--rounds", o->rounds, "CSV of funding rounds (default: the catalogue inside the program)");
  on_run(command, [o] {
    const auto table = o->flags.cap_table();
    const auto terms = read_config<finance::ValuationSection>(o->flags.terms(), "valuation");
    const auto catalogue = o->rounds.empty() ? finance::catalogued_rounds() : finance::read_funding_rounds(o->rounds);
    o->flags.print(finance::valuation_view(finance::value_company(table, terms, catalogue)),
                   report::both(table.issuer + ": valuation", table.issuer + "：估值"));
    return 0;
  });
}

}  // namespace ingot::cli
