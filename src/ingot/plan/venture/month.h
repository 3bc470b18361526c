// One month of one simulated industry: capability and price set demand; demand sets load, load sets serving cost;
// revenue and cost set cash; cash sets financing and R&D compute; R&D compute sets the next capability. Rivals do the
// same. No allocation: a path is a struct of arrays that lives in L1.
#pragma once

#include "ingot/plan/venture/numbers.h"
#include "ingot/plan/venture/prices.h"

namespace ingot::venture {

// Random numbers of one path and month, from Philox (seed; path, month, block): the same for every policy and war-game,
// so that differences between them are not noise.
struct Draws {
  static constexpr int kNormals = 20, kUniforms = 12;
  // 0 demand, 1 GPU price, 2 jump size, 3 cost, 4 funding climate, 5 round price, 6 (first month) speed of algorithmic
  // progress, 12.. luck of each firm
  float normal[kNormals] = {};
  // 0 GPU jump, 1 our closing, 4.. closings of each firm
  float uniform[kUniforms] = {};
};

struct Closing {
  bool closed = false;
  double amount = 0, pre_money = 0, dilution = 0, loan = 0;
  int stage = 0;
};

// What happened in the month. Flows of our cash sum to its change: receipts - fixed - compute - serving - research -
// service - tax + other + financing - called.
struct MonthRecord {
  double revenue = 0, receipts = 0, fixed = 0, compute = 0, serving = 0, research = 0, service = 0, tax = 0, other = 0,
         financing = 0, called = 0, cash = 0, bare = 0, units = 0, demanded = 0;
  double gpu = 1, climate = 1;  // price index, valuation index
  double price[kMaxProducts], share[kMaxProducts], cost[kMaxProducts];
  double level[kMaxFirms], firm_revenue[kMaxFirms];
  bool firm_alive[kMaxFirms], firm_release[kMaxFirms];
  bool alive = true, died = false, lead = false, solved = true;
  Closing closing;
};

class Path {
 public:
  Path(const Numbers& numbers, const market::CapabilityRace& race, const market::CapabilityState& today);
  void start();
  // `certain`: the path without chance, on which rounds close at their expected time.
  void month(int m, const Draws& draws, MonthRecord& out, bool certain = false);

  struct End {
    double founder_value = 0, founder_share = 0, common_share = 0, preference = 0, raised = 0, rounds = 0, debt = 0,
           company_value = 0, need = 0;
  };
  End end() const;

 private:
  struct Firm {
    double cash, research, fixed;
    bool alive;
  };
  void processes(int m, const Draws& d, MonthRecord& out);
  void merge(const Shock& merger);
  void market(int m, MonthRecord& out);
  void rivals(int m, const Draws& d, MonthRecord& out, bool certain);
  void ours(int m, const Draws& d, MonthRecord& out, bool certain);
  void raise(const Draws& d, double monthly, MonthRecord& out);
  void capability(const Draws& d, MonthRecord& out);
  bool leads(const MonthRecord& out) const;
  const Shock* shock(ShockKind kind, int m) const;
  double points(int firm) const { return points_[firm]; }

  const Numbers* n_;
  const market::CapabilityRace* race_;
  const market::CapabilityState* today_;
  market::CapabilityState state_;
  PriceSolver solver_;
  MarketMonth market_;
  Firm firms_[kMaxFirms];
  double points_[kMaxFirms], first_compute_[kMaxFirms], cost_factor_[kMaxFirms], gross_[kMaxFirms], spent_[kMaxFirms];
  double share_[kMaxProducts], last_price_[kMaxProducts];
  double open_, open_start_, demand_, gpu_, gpu_shift_, climate_, climate_shift_;
  int owner_[kMaxFirms];
  // Our money.
  double cash_, bare_, lowest_, credit_, bare_credit_, scale_, cut_, wait_, waited_, debt_, founder_, common_,
      preference_, raised_, rounds_, losses_, ratio_, revenue_;
  double billed_[finance::kMaxLag + 1];
  int stage_;
  bool alive_, raising_;
};

}  // namespace ingot::venture
