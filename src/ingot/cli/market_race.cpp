// ingot market race: who has the best model when, and what it takes.
#include "ingot/cli/market_race.h"

#include <filesystem>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "ingot/base/config.h"
#include "ingot/cli/commands.h"
#include "ingot/plan/market/race_view.h"

namespace ingot::cli {

void RaceFlags::add_to(CLI::App& command) {
  command.add_option("file", file, "TOML with [race], and a market with [[products]] (default: facts/race_firms.csv)");
  command.add_option("--set", set, "change one value, as in --set race.months=60")->take_all();
  command.add_option("--paths", paths, "random futures for the bands; 0: the certain path alone")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  command.add_option("--seed", seed, "same seed, same futures")->capture_default_str();
  command.add_option("--every", every, "months between the rows of the table (default: a tenth of the race, CSV: 1)")
      ->check(CLI::Range(1, 600));
  OutputFlags::add_to(command);
}

RaceFlags::Input RaceFlags::read() const {
  Document document;
  Input in;
  const bool given = !file.empty();
  if (given) {
    document = read_toml(file, set);
  } else {
    document.origin = "the catalogue";
    document.root = write_config(market::default_market());
    document.root["race"] = write_config(market::default_race());
    document.root["forecast"] = write_config(market::default_forecast());
    for (const auto& assignment : set) document.set(assignment);
  }
  in.race = read_config<market::RaceSection>(document, "race");
  in.forecast = read_config<market::ForecastSection>(document, "forecast");
  if (document.root.contains("products") || document.root.value("/market/products"_json_pointer, Json()).is_string()) {
    auto config = read_config<market::MarketConfig>(document, "");
    if (!given) config.notes = market::default_market().notes;
    in.industry = market::build_industry(config, std::filesystem::path(file).parent_path());
  } else {
    check_sections(document, {"race", "forecast"});
  }
  return in;
}

int RaceFlags::rows(int months) const { return every > 0 ? every : csv ? 1 : std::max(1, (months + 5) / 10); }

void add_market_race(CLI::App& market) {
  auto* command = add_command(market, "race", "the capability race: budgets, algorithms, distillation, releases",
                              "ingot market race\n"
                              "ingot market race examples/race.toml --budgets --html race.html\n"
                              "ingot market race --paths 2000 --set race.months=60 --set "
                              "race.capability.distillation_lag_months=12");
  auto o = std::make_shared<RaceFlags>();
  auto budgets = std::make_shared<bool>(false);
  o->add_to(*command);
  command->add_flag("--budgets", *budgets, "also the budgets at which no firm wants another one");
  on_run(command, [o, budgets] {
    const auto in = o->read();
    const auto& race = in.race;
    const auto make = [&] {
      auto market = std::make_shared<market::MovingMarket>(*in.industry, race, in.forecast);
      auto out = market->race_market();
      return market::RaceMarket{[market, f = out.income](int m, std::span<const double> p) { return f(m, p); },
                                [market, f = out.advance](int m, std::span<const double> p) { return f(m, p); }};
    };
    // The market is solved only where a rule or --budgets asks for it.
    const bool market_needed = race.needs_market() || *budgets;
    require(
        "race", in.industry || !market_needed,
        "the rules best_response, revenue_share without revenue, and --budgets need a market, expected [[products]]");
    const market::RaceMarketMaker maker = market_needed ? market::RaceMarketMaker(make) : market::RaceMarketMaker{};
    const auto path = market::simulate_race(race, maker ? maker() : market::RaceMarket{});
    std::optional<market::RaceFan> fan;
    if (o->paths > 1) fan = market::fan_race(race, maker, o->paths, o->seed);
    std::optional<market::BudgetEquilibrium> equilibrium;
    if (*budgets) equilibrium = market::learn_budgets(race, maker());
    o->print(market::race_view(race, path, fan ? &*fan : nullptr, equilibrium ? &*equilibrium : nullptr,
                               o->rows(race.months)),
             {{"en", "Capability race"}, {"zh", "能力竞赛"}});
    return equilibrium && !equilibrium->converged ? 1 : 0;
  });
}

}  // namespace ingot::cli
