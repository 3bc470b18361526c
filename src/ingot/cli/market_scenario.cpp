// ingot market scenario: prices, shares, margins, HHI and consumer surplus before and after a move, side by side.
#include <memory>

#include <CLI/CLI.hpp>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/market.h"
#include "ingot/plan/market/market_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::cli {
namespace {

struct MoveFlag {
  const char* flag;
  market::ChangeKind kind;
  const char *label, *label_zh, *help;
};
constexpr MoveFlag kMoves[] = {
    {"--price-cut", market::ChangeKind::PriceCut, "price cut", "降价",
     "WHO=SHARE off, as in OpenAI=0.3; the others react"},
    {"--enter", market::ChangeKind::Entry, "entry", "新进入者",
     "NAME=LIKE[,worth=X][,cost=Y]: a new firm as good as LIKE"},
    {"--exit", market::ChangeKind::Exit, "exit", "退出", "WHO leaves"},
    {"--merge", market::ChangeKind::Merger, "merger", "合并", "BUYER=TARGET[,by=share of cost saved]"},
    {"--open-weights", market::ChangeKind::OpenWeights, "open weights", "开放权重",
     "NAME=LIKE[,price=X][,worth=Y]: a model as good as LIKE that anyone may host"},
    {"--gpu-shortage", market::ChangeKind::GpuShortage, "GPU shortage", "算力短缺",
     "[WHO=]SHARE of capacity (or of today's sales) that is left, [,by=share added to cost]"},
    {"--cost", market::ChangeKind::Cost, "cost", "成本", "WHO=SHARE added to cost, as in all=0.2 or Google=-0.5"},
    {"--quality", market::ChangeKind::Quality, "quality", "质量",
     "WHO=WORTH: a unit is worth so much more to the median buyer"},
};

struct ScenarioFlags {
  MarketFlags flags;
  std::vector<std::string> moves[std::size(kMoves)];
  bool together = false;
};

}  // namespace

void add_market_scenario(CLI::App& market) {
  auto* command = add_command(market, "scenario",
                              "what a rival's move does: prices, shares, margins, HHI, surplus before and after",
                              "ingot market scenario --price-cut OpenAI=0.3 --merge OpenAI=xAI\n"
                              "ingot market scenario --open-weights Frontier-open=Anthropic,price=1.5\n"
                              "ingot market scenario --gpu-shortage 0.8 --cost all=0.3 --together\n"
                              "ingot market scenario examples/market.toml --html scenarios.html --lang zh");
  auto o = std::make_shared<ScenarioFlags>();
  o->flags.add_to(*command);
  for (size_t i = 0; i < std::size(kMoves); ++i)
    command->add_option(kMoves[i].flag, o->moves[i], kMoves[i].help)->allow_extra_args(false);
  command->add_flag("--together", o->together, "all moves of the command line at once, as one scenario");
  on_run(command, [o] {
    const auto config = o->flags.config();
    auto scenarios = market::read_scenarios(config.scenarios, o->flags.document());
    market::Scenario all{.name = "together", .name_zh = "全部同时", .changes = {}};
    for (size_t i = 0; i < std::size(kMoves); ++i)
      for (const auto& text : o->moves[i]) {
        const auto change = market::parse_change(kMoves[i].kind, text);
        all.changes.push_back(change);
        if (!o->together)
          scenarios.push_back(
              {std::string(kMoves[i].label) + " " + text, std::string(kMoves[i].label_zh) + " " + text, {change}});
      }
    if (o->together && !all.changes.empty()) scenarios.push_back(all);
    require("market", !scenarios.empty(),
            "no scenario, expected [[scenarios]] in the file or a move such as --price-cut OpenAI=0.3");
    const auto industry = o->flags.industry();
    const auto outcomes = market::compare(industry, scenarios);
    auto view = market::scenario_view(outcomes);
    if (o->flags.csv) view.tables.front().second = market::scenario_csv(outcomes);
    o->flags.print(view, report::both(industry.name + ": scenarios", industry.name + "：情景对比"));
    for (const auto& outcome : outcomes)
      if (outcome.equilibrium.status != market::Status::Converged) return 1;
    return 0;
  });
}

}  // namespace ingot::cli
