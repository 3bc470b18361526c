// Counterfactuals: the market after a rival's move, with every other price in equilibrium again. Utilities, tastes and
// costs stay as calibrated unless a change says otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/market/industry.h"

namespace ingot::market {

enum class ChangeKind { PriceCut, Entry, Exit, Merger, OpenWeights, GpuShortage, Cost, Quality };

// One move. `who` is a firm, a product, or empty for all.
struct Change {
  ChangeKind kind = ChangeKind::PriceCut;
  std::string who;
  std::string target;      // merger: the firm that `who` takes over
  std::string name, like;  // entry, open_weights: the new product, and the product whose utility and nest it has
  double by = 0;           // price_cut: share off; merger: share of cost saved; cost: share added
  double worth = 0;        // entry, open_weights, quality: extra worth of a unit to the median buyer, in money
  double capacity = 1;     // gpu_shortage: share of today's capacity, or of today's sales, that is left
  std::optional<double> price, cost;  // entry: cost; open_weights: price of hosting; price_cut: the new price itself

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("kind", self.kind, "price_cut, entry, exit, merger, open_weights, gpu_shortage, cost or quality");
    v("who", self.who, "firm or product; empty: all");
    v("target", self.target, "merger: the firm that is taken over");
    v("name", self.name, "entry, open_weights: name of the new product (and of its firm)");
    v("like", self.like, "entry, open_weights: product that buyers would find it equal to");
    v("by", self.by, "price_cut: share off; cost: share added; merger: share of cost saved");
    v("worth", self.worth, "extra worth of a unit to the median buyer, in money");
    v("capacity", self.capacity, "gpu_shortage: share of capacity, or of sales, that is left");
    v("price", self.price, "price_cut: the new price; open_weights: price of hosting a unit");
    v("cost", self.cost, "entry: marginal cost");
  }
};

struct Scenario {
  std::string name, name_zh;
  std::vector<Change> changes;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "");
    v("name_zh", self.name_zh, "on Chinese pages; empty: name");
    v("changes", self.changes, "what happens");
  }
};

struct Outcome {
  std::string name, name_zh;
  Industry industry;
  Equilibrium equilibrium;
};

// The market after `scenario`; `base` is the equilibrium before it, from which a price cut and a shortage count.
Industry apply(const Scenario& scenario, const Industry& industry, const Equilibrium& base);
// The base first, then each scenario. Throws InvalidArgument where a scenario makes no sense.
std::vector<Outcome> compare(const Industry& industry, const std::vector<Scenario>& scenarios);

// One flag of the command line: "price_cut", "OpenAI=0.3". Throws InvalidArgument that shows the form.
Change parse_change(ChangeKind kind, const std::string& text);
std::vector<Scenario> read_scenarios(const Json& scenarios, const Document& document);

}  // namespace ingot::market

namespace ingot {
template <>
struct EnumNames<market::ChangeKind> {
  static constexpr std::pair<const char*, market::ChangeKind> kValues[] = {
      {"price_cut", market::ChangeKind::PriceCut},
      {"entry", market::ChangeKind::Entry},
      {"exit", market::ChangeKind::Exit},
      {"merger", market::ChangeKind::Merger},
      {"open_weights", market::ChangeKind::OpenWeights},
      {"gpu_shortage", market::ChangeKind::GpuShortage},
      {"cost", market::ChangeKind::Cost},
      {"quality", market::ChangeKind::Quality}};
};
}  // namespace ingot
