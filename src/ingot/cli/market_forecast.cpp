// ingot market forecast: how large the market gets, at what prices, and who has which part of it.
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "ingot/cli/commands.h"
#include "ingot/cli/market_race.h"
#include "ingot/plan/market/race_view.h"

namespace ingot::cli {

void add_market_forecast(CLI::App& market) {
  auto* command = add_command(market, "forecast", "market size, prices and firm shares by month",
                              "ingot market forecast\n"
                              "ingot market forecast examples/race.toml --paths 200 --html forecast.html\n"
                              "ingot market forecast --set forecast.usage_growth=0.05 --set race.months=60 --csv");
  auto o = std::make_shared<RaceFlags>();
  o->add_to(*command);
  on_run(command, [o] {
    const auto in = o->read();
    require("forecast", in.industry.has_value(), o->file, " has no market, expected [[products]] (or market.products)");
    market::MovingMarket market(*in.industry, in.race, in.forecast);
    market::simulate_race(in.race, market.race_market());
    std::optional<market::ForecastFan> fan;
    if (o->paths > 1) fan = market::fan_forecast(*in.industry, in.race, in.forecast, o->paths, o->seed);
    const auto view = market::forecast_view(*in.industry, in.race, market.months(), fan ? &*fan : nullptr,
                                            market.notes(), o->rows(in.race.months));
    o->print(view, {{"en", in.industry->name + ": forecast"}, {"zh", in.industry->name + "：预测"}});
    return view.json.at("converged") == true ? 0 : 1;
  });
}

}  // namespace ingot::cli
