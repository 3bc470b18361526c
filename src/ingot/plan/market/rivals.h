// Who wins the capability race: firms that invest by a rule, month by month, on top of capability.h.
//   fixed          the budget grows at a given rate;
//   revenue_share  a share of last month's revenue;
//   match_leader   a multiple of the largest budget of last month;
//   best_response  once a review, the budget that maximises own profit over the horizon at the others' budgets.
// learn_budgets lets all firms best-respond in turn until nobody moves: a Nash equilibrium in constant budgets.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/rng.h"
#include "ingot/plan/market/capability.h"

namespace ingot::market {

enum class InvestRule { Fixed, RevenueShare, MatchLeader, BestResponse };

struct RaceFirmConfig {
  std::string name;
  double capability = 0;  // points of the released model at the start
  double rnd = 0;         // R&D compute, USD a month, at the start
  InvestRule rule = InvestRule::Fixed;
  double growth = 0;              // of `rnd` a month (fixed), or of `revenue` a month where no market gives it
  double share = 0;               // of revenue (revenue_share), or multiple of the leader's budget (match_leader)
  std::optional<double> revenue;  // USD a month at the start, where no market gives it
  std::optional<double> limit;    // most it can spend in a month
  bool distils = true;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "as products name it, where there is a market");
    v("capability", self.capability, "points of its released model at the start");
    v("rnd", self.rnd, "R&D compute, USD a month at the start");
    v("rule", self.rule, "fixed, revenue_share, match_leader or best_response");
    v("growth", self.growth, "a month: of rnd (fixed) or of revenue (revenue_share without a market)");
    v("share", self.share, "of revenue (revenue_share), or multiple of the largest budget (match_leader)");
    v("revenue", self.revenue, "USD a month at the start, for revenue_share without a market");
    v("limit", self.limit, "most that it can spend on R&D compute in a month");
    v("distils", self.distils, "false: does not learn from the models of others");
  }
};

struct RaceSection {
  std::string start = "2026-11";  // month 0
  int months = 36;
  int review_months = 3;    // best_response: between decisions
  int horizon_months = 12;  // best_response: profit is counted over these
  CapabilityConfig capability;
  std::vector<RaceFirmConfig> firms;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("start", self.start, "month 0, as in 2026-11");
    v("months", self.months, "to simulate");
    v("review_months", self.review_months, "best_response: months between decisions");
    v("horizon_months", self.horizon_months, "best_response: months of profit that a decision counts");
    v("capability", self.capability, "what compute buys; defaults are facts/capability.csv");
    v("firms", self.firms, "the rivals");
  }
  // Needs a market: some firm best-responds, or lives on revenue that is not given.
  bool needs_market() const;
  std::string month_name(int month) const;  // "2027-02"
  double start_year() const;                // 2026.83 for 2026-11; NaN when `start` is no month
  Problems validate() const;
};

struct RaceMonth {
  std::vector<double> released, trainable;  // [F] points
  std::vector<double> budget;               // [F] R&D compute, USD
  std::vector<double> revenue, profit;      // [F] USD, profit before R&D; empty without a market
  uint32_t released_now = 0;                // bit f
};

// What a market pays in a month at the given capabilities.
struct MonthlyIncome {
  std::vector<double> revenue, profit;  // [F] USD, profit before R&D
};
struct RaceMarket {
  // If capabilities were `points` in `month`, with the customers of now. Called for months ahead, in any order.
  std::function<MonthlyIncome(int month, std::span<const double> points)> income;
  // The same, and the month happens: customers move. Called once a month, 0 first. Empty: `income`.
  std::function<MonthlyIncome(int month, std::span<const double> points)> advance;
  explicit operator bool() const { return bool(income); }
};

// One future, month 0 (the start) first. `rng`: shocks to the pace of algorithms and to every firm's lead; nullptr:
// none. Throws InvalidArgument when a budget grows beyond 1e15 USD a month.
std::vector<RaceMonth> simulate_race(const RaceSection& section, const RaceMarket& market = {}, Rng* rng = nullptr);

// Makes a market as it is at the start, for every future anew.
using RaceMarketMaker = std::function<RaceMarket()>;

// Quantiles 5, 25, 50, 75, 95 % over `paths` futures, and how often each firm leads at the end.
struct RaceFan {
  int paths = 0;
  std::vector<std::vector<std::array<double, 5>>> released;  // [F][months + 1]
  std::vector<double> leads;                                 // [F] chance of the best released model in the last month
};
RaceFan fan_race(const RaceSection& section, const RaceMarketMaker& market, int paths, uint64_t seed);

// Profit of each firm over the horizon per month, after R&D, when each spends `budget` every month.
std::vector<double> horizon_profit(const RaceSection& section, const RaceMarket& market,
                                   const std::vector<double>& budget);

struct BudgetEquilibrium {
  bool converged = false;
  std::string why;
  int rounds = 0;
  double change = 0;          // largest relative change of a budget in the last round
  double best_deviation = 0;  // largest gain that a firm finds on a grid of other budgets, as a share of profits
  std::vector<double> budget, points, profit;  // [F]
};
BudgetEquilibrium learn_budgets(const RaceSection& section, const RaceMarket& market, int max_rounds = 200);

// The rivals of facts/race_firms.csv.
RaceSection default_race();

}  // namespace ingot::market

namespace ingot {
template <>
struct EnumNames<market::InvestRule> {
  static constexpr std::pair<const char*, market::InvestRule> kValues[] = {
      {"fixed", market::InvestRule::Fixed},
      {"revenue_share", market::InvestRule::RevenueShare},
      {"match_leader", market::InvestRule::MatchLeader},
      {"best_response", market::InvestRule::BestResponse}};
};
}  // namespace ingot
