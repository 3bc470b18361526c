// ingot market estimate: demand from data, by BLP.
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/market.h"
#include "ingot/plan/market/market_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::cli {
namespace {

struct EstimateFlags {
  OutputFlags flags;
  std::string file, agents, absorb, linear, random, demographics, costs, instruments;
  int steps = 0;
  std::vector<std::string> set;
};

Json list_of(const std::string& text) {
  Json list = Json::array();
  for (size_t at = 0; at <= text.size();) {
    const size_t next = std::min(text.find(',', at), text.size());
    if (next > at) list.push_back(text.substr(at, next - at));
    at = next + 1;
  }
  return list;
}

}  // namespace

void add_market_estimate(CLI::App& market) {
  auto* command =
      add_command(market, "estimate", "demand from data: logit and random-coefficient logit (BLP), elasticities",
                  "ingot market estimate products.csv --absorb product_ids\n"
                  "ingot market estimate products.csv --linear 1,prices,sugar --random prices --steps 2\n"
                  "ingot market estimate products.csv --linear 1,prices,sugar --random sugar --costs 1,sugar,input\n"
                  "ingot market estimate nevo.toml --json");
  auto o = std::make_shared<EstimateFlags>();
  command->add_option("file", o->file, "products CSV (columns as PyBLP names them), or a TOML with [estimate]")
      ->required();
  command->add_option("--agents", o->agents, "CSV of consumers: market_ids, weights, nodes0.., demographics");
  command->add_option("--linear", o->linear, "columns with one coefficient, as in 1,prices,sugar (default: prices)");
  command->add_option("--random", o->random, "columns whose coefficient differs among consumers");
  command->add_option("--demographics", o->demographics, "columns of the agents that move the random coefficients");
  command->add_option("--costs", o->costs, "columns of marginal cost: estimates demand and supply together");
  command->add_option("--absorb", o->absorb, "column whose fixed effects are taken out");
  command->add_option("--instruments", o->instruments, "given, or optimal: a second round with them");
  command->add_option("--steps", o->steps, "GMM steps: 2 uses efficient weights")->check(CLI::Range(1, 2));
  command->add_option("--set", o->set, "change one value, as in --set estimate.nodes=9")->take_all();
  o->flags.add_to(*command);
  on_run(command, [o] {
    const std::filesystem::path path(o->file);
    Document document;
    if (path.extension() == ".toml") {
      document = read_toml(path);
    } else {
      document.origin = "the command line";
      document.root["estimate"]["products"] = path.filename().string();
    }
    Json& table = document.root["estimate"];
    const auto here = [](const std::string& file) { return std::filesystem::absolute(file).string(); };
    if (!o->agents.empty()) table["agents"] = here(o->agents);
    if (!o->absorb.empty()) table["absorb"] = o->absorb;
    if (!o->linear.empty()) table["linear"] = list_of(o->linear);
    if (!o->random.empty()) table["random"] = list_of(o->random);
    if (!o->demographics.empty()) table["demographics"] = list_of(o->demographics);
    if (!o->costs.empty()) table["costs"] = list_of(o->costs);
    if (!o->instruments.empty()) table["instruments"] = o->instruments;
    if (o->steps) table["steps"] = o->steps;
    for (const auto& assignment : o->set) document.set(assignment);
    check_sections(document, {"estimate"});
    const auto config = read_config<market::EstimateConfig>(document, "estimate");
    const auto input = market::read_estimate_input(config, path.parent_path());
    const auto result = market::estimate_market(input, config);
    const std::string name = std::filesystem::path(config.products).filename().string();
    auto view = market::estimate_view(input, result, name);
    if (o->flags.csv) view.tables.front().second = market::estimate_csv(input, result);
    o->flags.print(view, report::both("Demand estimate: " + name, "需求估计：" + name));
    return result.estimate.converged ? 0 : 1;
  });
}

}  // namespace ingot::cli
