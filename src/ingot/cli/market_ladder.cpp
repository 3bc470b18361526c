// ingot market ladder: how much firms invest to get ahead, as a dynamic game.
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "ingot/base/config.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/market.h"
#include "ingot/plan/market/race_view.h"

namespace ingot::cli {
namespace {

struct LadderFlags : OutputFlags {
  std::string file, game = "auto";
  std::vector<std::string> set;
  bool agents = false;
};

}  // namespace

void add_market_ladder(CLI::App& market) {
  auto* command =
      add_command(market, "ladder", "investment in a quality ladder: Markov-perfect, oblivious, or a race for a prize",
                  "ingot market ladder\n"
                  "ingot market ladder --set ladder.firms=3 --set ladder.rungs=7 --agents\n"
                  "ingot market ladder --set ladder.depreciation=0 --set ladder.starts=20\n"
                  "ingot market ladder --game oblivious --set ladder.firms=10 --set ladder.market_size=400\n"
                  "ingot market ladder --game lee-wilde --set lee_wilde.prize=1000 --html race.html");
  auto o = std::make_shared<LadderFlags>();
  command->add_option("file", o->file, "TOML with [ladder] or [lee_wilde] (default: the published parameters)");
  command->add_option("--game", o->game, "markov (2 to 4 firms), oblivious (many), lee-wilde; auto: by the firms")
      ->check(CLI::IsMember({"auto", "markov", "oblivious", "lee-wilde"}));
  command->add_option("--set", o->set, "change one value, as in --set ladder.firms=3")->take_all();
  command->add_flag("--agents", o->agents, "also let firms best-respond from random policies (markov)");
  o->OutputFlags::add_to(*command);
  on_run(command, [o] {
    Document document;
    document.origin = "the defaults";
    if (!o->file.empty())
      document = read_toml(o->file, o->set);
    else
      for (const auto& assignment : o->set) document.set(assignment);
    check_sections(document, {"ladder", "lee_wilde"});
    const auto ladder = read_config<market::LadderConfig>(document, "ladder");
    if (o->game == "lee-wilde") {
      const auto config = read_config<market::RaceConfig>(document, "lee_wilde");
      o->print(market::lee_wilde_view(config, market::solve_race(config)),
               {{"en", "Race for a prize"}, {"zh", "争夺奖项的竞赛"}});
      return 0;
    }
    const Json title = {{"en", "Quality ladder"}, {"zh", "质量阶梯"}};
    if (o->game == "oblivious" || (o->game == "auto" && ladder.firms > 4)) {
      const auto e = market::solve_oblivious(ladder);
      o->print(market::oblivious_view(ladder, e), title);
      return e.converged ? 0 : 1;
    }
    const auto e = market::solve_ladder(ladder);
    std::optional<market::LadderAgents> agents;
    if (o->agents) agents = market::learn_ladder(ladder);
    o->print(market::ladder_view(e, agents ? &*agents : nullptr), title);
    return e.converged ? 0 : 1;
  });
}

}  // namespace ingot::cli
