#include "ingot/plan/venture/numbers.h"

#include <cmath>

namespace ingot::venture {

Problems Numbers::validate() const {
  Problems problems = race.validate();
  const auto want = [&](bool good, const std::string& what, double got, const char* rule) {
    if (!good) problems.push_back(detail::join_parts(what, ": got ", got, ", expected ", rule));
  };
  want(firms.size() >= 1 && firms.size() <= size_t(kMaxFirms), "firms", double(firms.size()), "1 to 8");
  want(products.size() <= size_t(kMaxProducts), "products", double(products.size()), "at most 24");
  want(types.size() >= 1 && types.size() <= size_t(kMaxTypes), "consumer types", double(types.size()),
       "1 to 16; fewer demand.nodes or segments");
  want(rho.size() <= size_t(kMaxNests), "nests", double(rho.size()), "at most 4");
  want(money.months >= 1 && money.months <= finance::kMaxMonths, "months", money.months, "1 to 120");
  if (!problems.empty()) return problems;
  for (const auto& f : firms) {
    want(std::isfinite(f.capability), f.name + ".capability", f.capability, "a finite number of points");
    want(std::isfinite(f.cash + f.fixed + f.research) && f.fixed >= 0 && f.research >= 0, f.name + ": its costs",
         f.fixed + f.research, "finite and >= 0");
    want(f.hazard >= 0 && f.hazard <= 1, f.name + ".hazard", f.hazard, "0 to 1");
  }
  bool ours = products.empty();
  double total = 0;
  for (const auto& p : products) {
    want(p.firm >= 0 && p.firm < int(firms.size()), p.name + ".firm", p.firm, "a firm that exists");
    want(p.nest < int(rho.size()), p.name + ".nest", p.nest, "a nest that exists");
    want(p.cost > 0 && std::isfinite(p.cost), p.name + ".cost", p.cost,
         "> 0: nobody serves for nothing, and a price war with a free rival has no end");
    want(std::isfinite(p.base) && std::fabs(p.base) < 200, p.name + ": its utility", p.base, "-200 to 200");
    ours |= p.firm == 0;
    total += std::max(0.0, p.share);
  }
  want(ours, "products of " + firms[0].name, 0, "at least one");
  want(total < 1, "shares of all products", total, "below 1: the outside option needs a share");
  double weight = 0;
  for (const auto& t : types) {
    want(t.alpha > 0 && std::isfinite(t.alpha), "alpha", t.alpha, "> 0: demand must fall with the price");
    want(t.weight >= 0, "weight of a consumer type", t.weight, ">= 0");
    weight += t.weight;
  }
  want(std::fabs(weight - 1) < 1e-6, "weights of consumer types", weight, "a sum of 1");
  for (const double r : rho) want(r >= 0 && r < 1, "rho", r, "0 to below 1");
  want(int(size.size()) == months(), "market size", double(size.size()), "one value a month");
  for (const double s : size)
    if (!(s >= 0 && s < 1e18)) {
      want(false, "market size", s, "0 to 1e18 units a month: the demand explodes");
      break;
    }
  want(int(research.size()) == months(), "research", double(research.size()), "one value a month");
  want(inertia >= 0 && inertia < 1, "inertia", inertia, "0 to below 1");
  want(price_factor > 0 && price_factor <= 10, "price_factor", price_factor, "over 0, up to 10");
  want(capacity > 0, "capacity", capacity, "> 0");
  for (const auto& s : shocks) {
    want(s.size > 0 && s.month >= 0, "size of a war-game", s.size, "> 0, from month 0 on");
    want(s.firm >= 0 && s.firm < int(firms.size()) && s.other >= 0 && s.other < int(firms.size()), "firm of a war-game",
         s.firm, "a firm that exists");
  }
  return problems;
}

}  // namespace ingot::venture
