// ingot market equilibrium: prices that no firm wants to change, with shares, margins and shadow prices of capacity.
#include <memory>

#include <CLI/CLI.hpp>

#include "ingot/cli/commands.h"
#include "ingot/cli/market.h"
#include "ingot/plan/market/market_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::cli {

void add_market_equilibrium(CLI::App& market) {
  auto* command = add_command(market, "equilibrium", "Bertrand-Nash prices, shares, margins, HHI, consumer surplus",
                              "ingot market equilibrium\n"
                              "ingot market equilibrium examples/market.toml --json\n"
                              "ingot market equilibrium --set demand.elasticity=-2 --html market.html");
  auto flags = std::make_shared<MarketFlags>();
  flags->add_to(*command);
  on_run(command, [flags] {
    const auto industry = flags->industry();
    const auto equilibrium = market::solve_prices(industry.demand(), industry.supply());
    flags->print(market::equilibrium_view(industry, equilibrium),
                 report::both(industry.name + ": price equilibrium", industry.name + "：价格均衡"));
    return equilibrium.status == market::Status::Converged ? 0 : 1;
  });
}

}  // namespace ingot::cli
