// The closed loop as plain numbers: what one simulated month reads. config.h makes it from venture.toml; a war-game or
// a sensitivity changes a copy. Firm 0 is ours. Money in major units a month, quantities in units of the market
// (million tokens), capability in the points of market/capability.h.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/plan/finance/venture_kernel.h"
#include "ingot/plan/market/capability.h"

namespace ingot::venture {

constexpr int kMaxFirms = 8, kMaxTypes = 16, kMaxProducts = 24, kMaxNests = 4;

struct FirmNumbers {
  std::string name;
  bool backed = false;                       // a parent pays: it never runs out of cash
  bool open_weights = false;                 // what it releases also improves the outside option
  bool distils = true;                       // follows the frontier by distillation
  double capability = 0;                     // of its released model, points
  double cash = 0;                           // rivals
  double fixed = 0, fixed_growth = 0;        // rivals: cost besides compute, and its growth
  double research = 0, research_growth = 0;  // rivals: R&D compute
  double reinvest = 0;                       // rivals: at least this share of gross profit goes into R&D compute
  double hazard = 0, raise_months = 0;       // rivals: chance of a round a month once under a year of cash; its size
};

struct ProductNumbers {
  std::string name;
  int firm = 0;
  int nest = -1;
  double base = 0;       // utility before price and quality, today
  double quality = 0;    // today, in the market's unit
  double cost = 0;       // marginal, today
  double gpu_share = 1;  // of the cost is compute
  double fringe = -1;    // >= 0: sold at cost times 1 + fringe by anyone (hosts of open weights)
  double share = -1;     // observed today; < 0: none
};

struct TypeNumbers {  // of consumers
  double weight = 1;
  double alpha = 1;    // utility of a unit of money
  double taste = 0;    // utility of a unit of today's quality
  double quality = 1;  // utility of a point of capability gained
};

enum class ShockKind { PriceCut, OpenFrontier, GpuPrice, Merger, FundingWinter };

struct Shock {
  ShockKind kind;
  int month = 12, months = 12;
  int firm = 0, other = 0;
  double size = 0.5;
};

struct Numbers {
  finance::VentureNumbers money{};  // our costs outside the loop, processes, financing policy and terms
  market::CapabilityConfig race;
  double start_date = 2026.92;
  std::vector<FirmNumbers> firms;
  std::vector<ProductNumbers> products;
  std::vector<TypeNumbers> types;
  std::vector<double> rho;       // [nests]
  std::vector<double> size;      // [months] units that the market could buy
  std::vector<double> research;  // [months] R&D compute that our plan pays for
  double outside = 0.5;          // share of the open-weights frontier's gain that reaches the outside option
  double inertia = 0.5;          // share of demand that stays where it was last month
  double serving_floor = 0;      // our smallest fleet
  double capacity = std::numeric_limits<double>::infinity();  // most units that we can serve a month, all products
  double price_factor = 1;                                    // our price over the equilibrium price
  double serving_decline = 0;                                 // log, a month: cheaper inference at the same model
  double size_exponent = 0.5;         // serving cost over physical training compute: N ~ C^0.5 (Hoffmann et al. 2022)
  double tax = 0, revenue_floor = 1;  // revenue_floor: of the ratio that prices a round
  std::vector<double> plan_revenue;   // [months] of the path without chance: what investors expect
  double exit_multiple = 0;           // of yearly revenue at the horizon; 0: the next round's price
  double acquihire = 0;               // paid for a company that has run out of cash
  bool lead_by_share = false;         // lead = largest share of the market; else highest capability
  std::vector<int> lead_against;      // rivals that count; empty: all
  std::vector<Shock> shocks;

  int months() const { return money.months; }
  // Every problem with the value and the rule: a product without cost, sizes that explode ...
  Problems validate() const;
};

}  // namespace ingot::venture
