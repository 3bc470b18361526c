// ingot investors: whom to ask first and why, and the unique-advantage scorecard.
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/finance.h"
#include "ingot/plan/finance/plan_view.h"

namespace ingot::cli {

void add_investors(CLI::App& app) {
  auto* command = add_command(app, "investors", "a CSV of investors ranked for this round, with reasons and conflicts",
                              "ingot investors examples/seed.toml\n"
                              "ingot investors examples/seed.toml --set investors.file=my-list.csv --csv");
  auto flags = std::make_shared<FinanceFlags>();
  flags->add_to(*command, "company TOML");
  on_run(command, [flags] {
    const auto document = flags->terms();
    const auto search = read_config<finance::InvestorSearch>(document, "investors");
    require("investors", !search.file.empty(),
            "investors.file is missing, expected a CSV of investors in the [investors] section");
    auto path = std::filesystem::path(search.file);
    if (path.is_relative() && !std::filesystem::exists(path))
      path = std::filesystem::path(document.origin).parent_path() / path;
    const auto matches = finance::rank_investors(finance::read_investors(path), search);
    std::optional<finance::AdvantageResult> advantage;
    if (document.root.contains("advantage"))
      advantage = finance::score_advantage(read_config<finance::Advantage>(document, "advantage"));
    flags->print(finance::investors_view(matches, advantage ? &*advantage : nullptr),
                 report::both("Investors", "投资人"));
    return 0;
  });
}

}  // namespace ingot::cli
