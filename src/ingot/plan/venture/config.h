// venture.toml: a company file (plan/finance), a market file (plan/market) and what joins them. The sections of the
// three may stand in one file, or `[venture] company` and `market` name the other two. docs/plan.md explains every key.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/cost/money.h"
#include "ingot/plan/cost/run_folder.h"
#include "ingot/plan/finance/investors.h"
#include "ingot/plan/finance/terms.h"
#include "ingot/plan/finance/valuation_terms.h"
#include "ingot/plan/finance/venture.h"
#include "ingot/plan/market/industry.h"
#include "ingot/plan/venture/numbers.h"

namespace ingot::venture {

enum class Lead { Capability, Share };

struct VentureSection {
  std::string name, company, market, us;
  int months = 60;
  int64_t paths = 100'000, seed = 1;
  Lead lead = Lead::Capability;
  std::optional<double> exit_multiple;
  std::vector<std::string> against;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "title of the report; absent: the company's name");
    v("company", self.company, "company file, ledger (.db) or OCF folder; absent: the sections of this file");
    v("market", self.market, "market file; absent: the sections of this file");
    v("us", self.us, "which firm of the market is ours");
    v("months", self.months, "horizon");
    v("paths", self.paths, "simulated futures");
    v("seed", self.seed, "of the futures");
    v("exit_multiple", self.exit_multiple,
      "company value at the horizon over yearly revenue; absent: the next round's price");
    v("lead", self.lead, "what leading means: capability or share");
    v("against", self.against, "firms that count for it; absent: all rivals");
  }
};

// A model of the roadmap, with one way to say how large: an architecture and tokens, params and tokens, flop, or a run.
struct ModelSection {
  std::string name, architecture, run;
  int month = 0;
  std::optional<double> params, active_params, tokens, flop, usd;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "the model");
    v("month", self.month, "release planned at the end of this month; 0: exists today");
    v("architecture", self.architecture, "a name of `ingot cost models`");
    v("params", self.params, "parameters, instead of an architecture");
    v("active_params", self.active_params, "that a token visits; absent: all");
    v("tokens", self.tokens, "training tokens");
    v("flop", self.flop, "of the final run, instead of all of these");
    v("run", self.run, "run folder of a model that exists: everything about it is measured");
    v("usd", self.usd, "cost of the final run when it is known; absent: computed");
  }
};

struct TrainingSection {
  std::string chip = "H100", run;
  int64_t chips = 64;
  cost::Contract contract = cost::Contract::OneYear;
  std::optional<double> usd_per_hour, mfu;
  double rd_share = 0.15, after = 1;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("chip", self.chip, "chip that trains, a name of `ingot cost hardware`");
    v("chips", self.chips, "how many");
    v("contract", self.contract, "on-demand, one-year, three-year");
    v("usd_per_hour", self.usd_per_hour, "of a chip; absent: the catalogue's median");
    v("mfu", self.mfu, "model FLOPs utilisation; absent: predicted");
    v("run", self.run, "run folder whose measured utilisation is used");
    v("rd_share", self.rd_share, "final run / all R&D compute (0.1 to 0.3)");
    v("after", self.after, "R&D compute after the last model, over that of the last model");
  }
};

struct ServingSection {
  std::string plan, run;
  std::optional<double> cost, floor, capacity, run_usd_per_hour, api_price;
  double decline = 0.5, size_exponent = 0.5, gpu_share = 1, tokens_per_unit = 1;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("plan", self.plan, "serving plan (ingot cost serve) that prices a million tokens and the smallest fleet");
    v("run", self.run, "serving measurement (serving.json of ingot demo), instead of a plan");
    v("run_usd_per_hour", self.run_usd_per_hour, "of the machine that was measured");
    v("cost", self.cost, "marginal cost of a unit, instead of a plan");
    v("floor", self.floor, "smallest fleet, money a month; absent: one replica of the plan");
    v("capacity", self.capacity, "most units that can be served a month");
    v("decline", self.decline, "yearly fall of everyone's serving cost at the same model, a share");
    v("size_exponent", self.size_exponent, "serving cost grows with training compute to this power");
    v("gpu_share", self.gpu_share,
      "share of a unit's cost that is compute: it falls with `decline`, grows with the model, moves with the GPU "
      "price");
    v("tokens_per_unit", self.tokens_per_unit, "million tokens in a unit of the market");
    v("api_price", self.api_price, "price of the API that one could buy instead, a unit; absent: cheapest rival");
  }
};

struct RivalSection {
  std::string firm;
  bool backed = false, open_weights = false, distils = true;
  std::optional<double> capability, cash, fixed, research;
  double fixed_growth = 0.02, research_growth = 0.03, reinvest = 0.3, hazard = 0.08, raise_months = 18;
  std::string source;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("firm", self.firm, "as the market names it; ours for our capability");
    v("backed", self.backed, "a parent pays: it never runs out of cash");
    v("open_weights", self.open_weights, "publishes its weights");
    v("distils", self.distils, "follows the frontier by distillation");
    v("capability", self.capability,
      "points of its released model (Epoch Capabilities Index); absent: its best quality");
    v("cash", self.cash, "today; absent: two years of its costs");
    v("fixed", self.fixed, "cost besides compute, a month; absent: 0.6 of R&D compute");
    v("research", self.research, "R&D compute a month; absent: what keeps its capability");
    v("fixed_growth", self.fixed_growth, "a month");
    v("research_growth", self.research_growth, "a month");
    v("reinvest", self.reinvest, "least share of gross profit that goes into R&D compute");
    v("hazard", self.hazard, "chance a month of a round once a year of cash is left");
    v("raise_months", self.raise_months, "months of burn that a round brings");
    v("source", self.source, "where these numbers come from");
  }
};

struct GrowthSection {
  double rate = 1, half_life = 24, outside = 0.5, inertia = 0.5;
  std::optional<double> utility_per_point;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("rate", self.rate, "growth of the market's size in the first year, 1 = doubling");
    v("half_life", self.half_life, "months in which that growth rate halves");
    v("outside", self.outside, "share of open weights' progress that reaches those who buy nothing");
    v("inertia", self.inertia, "share of demand that stays where it was last month");
    v("utility_per_point", self.utility_per_point, "of capability; absent: [demand] quality");
  }
};

struct WarGameSection {
  int month = 12, price_months = 12, shortage_months = 12, winter_months = 18;
  double price_cut = 0.5, gpu_price = 2, winter = 0.45;
  std::string cutter;
  std::vector<std::string> merger;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("month", self.month, "in which each war-game begins");
    v("cutter", self.cutter, "rival that cuts its prices; absent: the one with the largest share");
    v("price_cut", self.price_cut, "its price over the old one");
    v("price_months", self.price_months, "for how long");
    v("gpu_price", self.gpu_price, "GPU price in the shortage over the normal one");
    v("shortage_months", self.shortage_months, "for how long");
    v("merger", self.merger, "two rivals that merge; absent: the two largest besides the fringe");
    v("winter", self.winter, "valuations in the funding winter over the normal ones");
    v("winter_months", self.winter_months, "for how long");
  }
};

struct ComplianceSection {
  bool china = false, eu = false, us = false, public_service = true;
  std::vector<std::string> data_cards;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("china", self.china, "offered to the public in mainland China");
    v("eu", self.eu, "offered in the EU");
    v("us", self.us, "offered in the US");
    v("public_service", self.public_service, "offered to the public, not only to companies");
    v("data_cards", self.data_cards, "card.json files of `ingot data`");
  }
};

struct Input {  // a file that the plan was made from
  std::string path, sha256;
};

struct Venture {
  std::filesystem::path file, folder;
  VentureSection section;
  std::vector<ModelSection> roadmap;
  TrainingSection training;
  ServingSection serving;
  std::vector<RivalSection> rivals;
  GrowthSection growth;
  WarGameSection wargames;
  ComplianceSection compliance;
  market::CapabilityConfig capability;
  finance::OperatingPlan operating;
  finance::FinancingPolicy financing;
  finance::Uncertainty uncertainty;
  finance::ExitSection exit;
  std::optional<finance::ValuationSection> valuation;
  std::optional<finance::Advantage> advantage;
  finance::OcfPackage package;  // and the cap table that its events lead to
  finance::CapTable table;
  market::Industry industry;
  std::vector<Input> inputs;
  std::string toml;  // the file as read, with its overrides
};

// Throws InvalidArgument that lists every problem with its place. `set`: overrides, as in "venture.months=36".
Venture read_venture(const std::filesystem::path& file, const std::vector<std::string>& set = {});

}  // namespace ingot::venture

namespace ingot {
template <>
struct EnumNames<venture::Lead> {
  static constexpr std::pair<const char*, venture::Lead> kValues[] = {{"capability", venture::Lead::Capability},
                                                                      {"share", venture::Lead::Share}};
};
}  // namespace ingot
