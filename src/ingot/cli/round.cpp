// ingot round: one priced round, solved for every instrument at once.
#include "ingot/plan/finance/round.h"

#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/finance.h"
#include "ingot/plan/finance/ledger.h"
#include "ingot/plan/finance/round_events.h"
#include "ingot/plan/finance/terms.h"

namespace ingot::cli {

void add_round(CLI::App& app) {
  auto* command =
      add_command(app, "round", "a priced round: SAFEs, notes, pool, pro rata and anti-dilution in one solve",
                  "ingot round examples/seed.toml\n"
                  "ingot round examples/seed.toml --set round.pre_money=30000000 --json\n"
                  "ingot round company.db --terms series-a.toml --html round.html --lang zh");
  auto flags = std::make_shared<FinanceFlags>();
  auto apply = std::make_shared<bool>(false);
  flags->add_to(*command, "company TOML, ledger (.db) or OCF folder");
  command->add_flag("--apply", *apply,
                    "append the round to the ledger FILE: classes, issuances, conversions, adjustments");
  on_run(command, [flags, apply] {
    const auto table = flags->cap_table();
    const auto terms = read_config<finance::RoundSection>(flags->terms(), "round");
    const auto input = finance::round_of(table, terms);
    const auto result = finance::solve_round(input);
    auto view = finance::round_view(result, terms.series);
    if (*apply) {
      require("round", !flags->file.ends_with(".toml") && !std::filesystem::is_directory(flags->file),
              "--apply: ", flags->file, " is no ledger, expected one; make it with `ingot captable init`");
      require("round", flags->as_of.empty(), "--apply adds to the whole history, expected no --as-of");
      finance::Ledger ledger(flags->file);
      const auto events = finance::round_events(table, input, result);
      ledger.append(events);
      view.notes.push_back(std::to_string(events.size()) + " events appended to " + flags->file);
    }
    flags->print(view, table.issuer + ": " + terms.series);
    return 0;
  });
}

}  // namespace ingot::cli
