// ingot runway: the monthly plan, its simulation, what moves it, and the best way to raise.
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "ingot/base/env.h"
#include "ingot/base/error.h"
#include "ingot/base/progress.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/finance.h"
#include "ingot/plan/finance/ownership.h"
#include "ingot/plan/finance/plan_view.h"
#include "ingot/plan/montecarlo/engine.h"

namespace ingot::cli {
namespace {

struct RunwayFlags {
  FinanceFlags flags;
  uint64_t paths = 100'000;
  uint32_t seed = 1;
  int threads = 0;
  bool plan_only = false, sensitivity = false, optimise = false, sobol = false;
  double confidence = 0.9;
  std::string facts;
};

}  // namespace

void add_runway(CLI::App& app) {
  auto* command =
      add_command(app, "runway", "the cash plan under uncertainty: P(cash-out), funding need, dilution, best raise",
                  "ingot runway examples/seed.toml\n"
                  "ingot runway examples/seed.toml --plan-only --csv\n"
                  "ingot runway examples/series_b.toml --sensitivity --optimise --html runway.html");
  auto o = std::make_shared<RunwayFlags>();
  o->flags.add_to(*command, "company TOML, ledger (.db) or OCF folder");
  command->add_option("--paths", o->paths, "simulated companies")
      ->check(CLI::Range(uint64_t{16}, uint64_t{4'000'000'000}))
      ->capture_default_str();
  command->add_option("--seed", o->seed, "same seed, same result, on any number of threads")->capture_default_str();
  command->add_option("--threads", o->threads, "0: all cores")->check(CLI::Range(0, 1024))->capture_default_str();
  command->add_option("--confidence", o->confidence, "of the funding need")
      ->check(CLI::Range(0.01, 0.999))
      ->capture_default_str();
  command->add_flag("--sobol", o->sobol, "Sobol' points with Owen scrambling instead of Philox");
  command->add_flag("--plan-only", o->plan_only, "the plan without chance");
  command->add_flag("--sensitivity", o->sensitivity, "Sobol' indices and tornado of P(cash-out)");
  command->add_flag("--optimise", o->optimise, "search when to raise, how much and with which instrument");
  command->add_option("--facts", o->facts, "folder to read prices from, instead of the copy inside the program");
  on_run(command, [o] {
    const auto table = o->flags.cap_table();
    const auto document = o->flags.terms();
    const auto operating = read_config<finance::OperatingPlan>(document, "operating");
    const auto facts = o->facts.empty() ? cost::FactsFolder() : cost::FactsFolder(o->facts);
    const auto plan = finance::run_plan(operating, table.currency, facts);
    if (o->plan_only) {
      o->flags.print(finance::plan_view(plan, operating.start),
                     report::both(table.issuer + ": operating plan", table.issuer + "：经营计划"));
      return 0;
    }
    const auto uncertainty = read_config<finance::Uncertainty>(document, "uncertainty");
    auto policy = read_config<finance::FinancingPolicy>(document, "financing");
    const auto ownership = finance::ownership_of(table, policy);
    const auto numbers_of = [&](finance::Instrument instrument) {
      auto p = policy;
      p.instrument = instrument;
      return finance::venture_numbers(plan, operating, uncertainty, p, ownership);
    };
    const finance::Simulation simulation{.seed = o->seed, .paths = o->paths, .threads = o->threads, .sobol = o->sobol};
    const auto numbers = numbers_of(policy.instrument);
    // Under a second for the default paths: a bar on a terminal, nothing in a log.
    std::optional<Progress> progress;
    if (is_terminal()) progress.emplace("simulate", int64_t(mc::kChunks));
    const auto result = finance::simulate(numbers, simulation, [&](uint64_t done) {
      if (progress) progress->update(int64_t(done));
    });
    if (progress) progress->finish();
    auto view = finance::runway_view(plan, operating.start, result, o->confidence);
    if (o->sensitivity) finance::add_sensitivity(view, finance::sensitivity(numbers, simulation));
    if (o->optimise) {
      auto common = simulation;
      common.paths = std::min<uint64_t>(o->paths, 16'384);
      finance::add_strategy(view,
                            finance::optimise_raise(numbers_of, finance::instruments_for(ownership), policy, common),
                            table.currency);
    }
    o->flags.print(view, report::both(table.issuer + ": runway", table.issuer + "：现金跑道"));
    return 0;
  });
}

}  // namespace ingot::cli
