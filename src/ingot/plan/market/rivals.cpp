#include "ingot/plan/market/rivals.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "ingot/plan/market/facts.h"

namespace ingot::market {
namespace {

constexpr double kMostBudget = 1e15;  // USD a month; the gross world product is about 1e13

std::vector<double> capabilities(const RaceSection& section) {
  std::vector<double> points;
  for (const auto& firm : section.firms) points.push_back(firm.capability);
  return points;
}

CapabilityState start_of(const RaceSection& section, const CapabilityRace& race, double rate_shock) {
  auto state = race.start(capabilities(section), rate_shock);
  state.may_distil = 0;
  for (size_t f = 0; f < section.firms.size(); ++f)
    if (section.firms[f].distils) state.may_distil |= 1u << f;
  return state;
}

std::vector<double> released_points(const CapabilityRace& race, const CapabilityState& state) {
  std::vector<double> points;
  for (int f = 0; f < state.firms; ++f) points.push_back(race.released(state, f));
  return points;
}

// Average profit a month of firm f after R&D if budgets stay as they are for the horizon. Incomes are read at the start
// and the end of it.
std::vector<double> payoffs(const RaceSection& section, const CapabilityRace& race, CapabilityState state,
                            const RaceMarket& market, const std::vector<double>& budget,
                            std::vector<double>* end_points = nullptr) {
  for (int month = 0; month < section.horizon_months; ++month) race.step(state, budget);
  std::vector<double> points;
  for (int f = 0; f < state.firms; ++f)
    points.push_back(race.points(std::max(state.trainable[size_t(f)], state.released[size_t(f)])));
  auto profit = market.income(state.month, points).profit;
  for (size_t f = 0; f < profit.size(); ++f) profit[f] -= budget[f];
  if (end_points) *end_points = points;
  return profit;
}

// Budget that maximises firm f's payoff: a grid over six decades, then golden section around its best point.
double best_budget(const RaceSection& section, const CapabilityRace& race, const CapabilityState& state,
                   const RaceMarket& market, std::vector<double> budget, size_t f, double scale) {
  const auto value = [&](double x) {
    budget[f] = x;
    return payoffs(section, race, state, market, budget)[f];
  };
  const double limit = section.firms[f].limit.value_or(kMostBudget);
  const double now = budget[f];
  double best = 0, best_value = value(0);
  const auto consider = [&](double x) {
    const double v = value(x);
    if (v > best_value) best = x, best_value = v;
    return v;
  };
  if (now > 0 && now <= limit) consider(now);
  constexpr int kGrid = 24;
  const double ratio = std::pow(10, 6.0 / kGrid);
  for (int i = 0; i <= kGrid; ++i) {
    const double x = scale * 1e-4 * std::pow(ratio, i);
    if (x <= limit) consider(x);
  }
  if (best == 0) return 0;
  double low = std::log(best / ratio), high = std::log(std::min(best * ratio, limit));
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
  double at_a = consider(std::exp(a)), at_b = consider(std::exp(b));
  for (int i = 0; i < 60 && high - low > 1e-9; ++i) {
    if (at_a < at_b) {
      low = a, a = b, at_a = at_b;
      b = low + kGolden * (high - low), at_b = consider(std::exp(b));
    } else {
      high = b, b = a, at_b = at_a;
      a = high - kGolden * (high - low), at_a = consider(std::exp(a));
    }
  }
  return best;
}

double normal(Rng& rng) {  // Box & Muller 1958
  const double u = 1 - rng.uniform(), v = rng.uniform();
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

}  // namespace

bool RaceSection::needs_market() const {
  return std::any_of(firms.begin(), firms.end(), [](const RaceFirmConfig& f) {
    return f.rule == InvestRule::BestResponse || (f.rule == InvestRule::RevenueShare && !f.revenue);
  });
}

double RaceSection::start_year() const {
  int year = 0, month = 0;
  char rest = 0;
  if (start.size() != 7 || std::sscanf(start.c_str(), "%4d-%2d%c", &year, &month, &rest) != 2 || month < 1 ||
      month > 12)
    return std::nan("");
  return year + (month - 1) / 12.0;
}

std::string RaceSection::month_name(int month) const {
  const int at = int(std::lround(12 * start_year())) + month;
  const std::string two = std::to_string(at % 12 + 1);
  return std::to_string(at / 12) + (two.size() < 2 ? "-0" : "-") + two;
}

Problems RaceSection::validate() const {
  Problems problems;
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  if (!(start_year() >= 2000 && start_year() < 2100))
    complain("start: got '", start, "', expected a month from 2000-01 to 2099-12, as in 2026-11");
  if (months < 1 || months > 600) complain("months: got ", months, ", expected 1 to 600");
  if (review_months < 1) complain("review_months: got ", review_months, ", expected at least 1");
  if (horizon_months < 1 || horizon_months > 600)
    complain("horizon_months: got ", horizon_months, ", expected 1 to 600");
  if (firms.empty()) complain("firms: got none, expected at least one [[race.firms]]");
  if (firms.size() > size_t(kMaxRaceFirms)) complain("firms: got ", firms.size(), ", expected at most ", kMaxRaceFirms);
  for (size_t i = 0; i < firms.size(); ++i) {
    const auto& f = firms[i];
    const std::string at = ingot::detail::join_parts("firms: ", f.name.empty() ? "a firm without name" : f.name, ": ");
    if (f.name.empty()) complain(at, "expected a name");
    for (size_t k = 0; k < i; ++k)
      if (firms[k].name == f.name) complain(at, "is listed twice");
    if (!std::isfinite(f.capability)) complain(at, "capability is ", f.capability, ", expected a finite number");
    if (!(f.rnd >= 0 && f.rnd <= kMostBudget))
      complain(at, "rnd is ", f.rnd, ", expected a budget from 0 to ", kMostBudget, " USD a month");
    if (!(f.growth >= -1 && f.growth <= 1))
      complain(at, "growth is ", f.growth, ", expected from -1 to 1: more than a doubling a month explodes");
    if (!(f.share >= 0 && f.share <= 100)) complain(at, "share is ", f.share, ", expected from 0 to 100");
    if (f.rule == InvestRule::RevenueShare && !(f.share > 0))
      complain(at, "share is ", f.share, ", expected > 0 for the rule revenue_share");
    if (f.rule == InvestRule::MatchLeader && !(f.share > 0))
      complain(at, "share is ", f.share, ", expected > 0 for the rule match_leader: 1 matches the leader");
    if (f.rule == InvestRule::MatchLeader && f.share > 1 && !f.limit)
      complain(at, "share is ", f.share,
               " of the leader without a limit, expected at most 1, or a limit: two firms that "
               "outbid each other explode");
    if (f.revenue && !(*f.revenue >= 0 && std::isfinite(*f.revenue)))
      complain(at, "revenue is ", *f.revenue, ", expected >= 0");
    if (f.limit && !(*f.limit >= 0)) complain(at, "limit is ", *f.limit, ", expected >= 0");
  }
  return problems;
}

std::vector<RaceMonth> simulate_race(const RaceSection& section, const RaceMarket& market, Rng* rng) {
  throw_if_any("race", section.validate());
  require("race", market || !section.needs_market(),
          "the rules best_response, and revenue_share without revenue, need a market, expected [[products]] or another "
          "rule");
  const size_t F = section.firms.size();
  const CapabilityRace race(section.capability, section.start_year());
  auto state = start_of(section, race, rng ? normal(*rng) : 0);
  std::vector<double> budget, own_revenue;
  for (const auto& firm : section.firms) {
    budget.push_back(std::min(firm.rnd, firm.limit.value_or(kMostBudget)));
    own_revenue.push_back(firm.revenue.value_or(0));
  }
  std::vector<RaceMonth> path;
  const auto record = [&] {
    RaceMonth m;
    m.released = released_points(race, state);
    for (size_t f = 0; f < F; ++f) m.trainable.push_back(race.points(state.trainable[f]));
    m.budget = budget;
    m.released_now = state.released_now;
    if (market) {
      auto income = (market.advance ? market.advance : market.income)(state.month, m.released);
      m.revenue = std::move(income.revenue);
      m.profit = std::move(income.profit);
    } else if (std::any_of(section.firms.begin(), section.firms.end(), [](const auto& f) { return f.revenue; })) {
      m.revenue = own_revenue;
    }
    path.push_back(std::move(m));
  };
  record();
  std::vector<double> shocks;
  for (int month = 1; month <= section.months; ++month) {
    const auto last = path.back();
    const double largest = *std::max_element(last.budget.begin(), last.budget.end());
    double scale = largest;
    for (const double r : last.revenue) scale = std::max(scale, r);
    for (size_t f = 0; f < F; ++f) {
      const auto& firm = section.firms[f];
      own_revenue[f] *= 1 + firm.growth;
      switch (firm.rule) {
        case InvestRule::Fixed:
          budget[f] *= 1 + firm.growth;
          break;
        case InvestRule::RevenueShare:
          budget[f] = firm.share * last.revenue[f];
          break;
        case InvestRule::MatchLeader:
          budget[f] = firm.share * largest;
          break;
        case InvestRule::BestResponse:
          if ((month - 1) % section.review_months == 0)
            budget[f] = best_budget(section, race, state, market, last.budget, f, std::max(scale, 1.0));
          break;
      }
      budget[f] = std::min(budget[f], firm.limit.value_or(INFINITY));
      require("race", budget[f] <= kMostBudget, "R&D of ", firm.name, " is ", budget[f], " USD in month ", month,
              ", expected at most ", kMostBudget, ": its growth explodes; lower it or give a limit");
    }
    shocks.clear();
    if (rng)
      for (size_t f = 0; f < F; ++f) shocks.push_back(normal(*rng));
    race.step(state, budget, shocks);
    for (size_t f = 0; f < F; ++f)
      require("race", std::isfinite(state.released[f]) && std::isfinite(state.trainable[f]), "effective compute of ",
              section.firms[f].name, " overflows in month ", month,
              ", expected a finite number; use longer doubling times or fewer months");
    record();
  }
  return path;
}

RaceFan fan_race(const RaceSection& section, const RaceMarketMaker& market, int paths, uint64_t seed) {
  require("race", paths >= 2 && paths <= 1'000'000, "paths is ", paths, ", expected 2 to 1,000,000");
  const size_t F = section.firms.size(), M = size_t(section.months) + 1;
  std::vector<std::vector<float>> drawn(F * M, std::vector<float>(size_t(paths)));
  RaceFan fan;
  fan.paths = paths;
  fan.leads.assign(F, 0);
  for (int i = 0; i < paths; ++i) {
    Rng rng(seed, uint64_t(i));
    const auto path = simulate_race(section, market ? market() : RaceMarket{}, &rng);
    for (size_t m = 0; m < M; ++m)
      for (size_t f = 0; f < F; ++f) drawn[f * M + m][size_t(i)] = float(path[m].released[f]);
    const auto& last = path.back().released;
    const double best = *std::max_element(last.begin(), last.end());
    const auto ties = double(std::count(last.begin(), last.end(), best));
    for (size_t f = 0; f < F; ++f)
      if (last[f] == best) fan.leads[f] += 1 / ties / paths;
  }
  fan.released.assign(F, std::vector<std::array<double, 5>>(M));
  for (size_t f = 0; f < F; ++f)
    for (size_t m = 0; m < M; ++m) {
      auto& values = drawn[f * M + m];
      std::sort(values.begin(), values.end());
      constexpr double kLevels[] = {0.05, 0.25, 0.5, 0.75, 0.95};
      for (size_t q = 0; q < 5; ++q) {  // linear between order statistics
        const double at = kLevels[q] * (paths - 1);
        const size_t k = std::min(size_t(at), values.size() - 2);
        fan.released[f][m][q] = values[k] + (at - double(k)) * (values[k + 1] - values[k]);
      }
    }
  return fan;
}

std::vector<double> horizon_profit(const RaceSection& section, const RaceMarket& market,
                                   const std::vector<double>& budget) {
  require("race", budget.size() == section.firms.size(), "there are ", budget.size(), " budgets, expected ",
          section.firms.size());
  const CapabilityRace race(section.capability, section.start_year());
  return payoffs(section, race, start_of(section, race, 0), market, budget);
}

BudgetEquilibrium learn_budgets(const RaceSection& section, const RaceMarket& market, int max_rounds) {
  throw_if_any("race", section.validate());
  require("race", bool(market), "budgets are best responses to a market, expected one");
  const CapabilityRace race(section.capability, section.start_year());
  const auto state = start_of(section, race, 0);
  BudgetEquilibrium e;
  for (const auto& firm : section.firms) e.budget.push_back(firm.rnd);
  double scale = 1;
  for (const double r : market.income(0, capabilities(section)).revenue) scale = std::max(scale, r);
  for (const double b : e.budget) scale = std::max(scale, b);
  for (e.rounds = 1; e.rounds <= max_rounds; ++e.rounds) {
    e.change = 0;
    for (size_t f = 0; f < e.budget.size(); ++f) {
      const double x = best_budget(section, race, state, market, e.budget, f, scale);
      e.change = std::max(e.change, std::fabs(x - e.budget[f]) / std::max({x, e.budget[f], 1e-9 * scale}));
      e.budget[f] = x;
    }
    if (e.change <= 1e-5) break;
  }
  e.rounds = std::min(e.rounds, max_rounds);
  e.profit = payoffs(section, race, state, market, e.budget, &e.points);
  double total = 0;
  for (const double p : e.profit) total += std::fabs(p);
  for (size_t f = 0; f < e.budget.size(); ++f)
    for (int i = -1; i <= 60; ++i) {
      auto other = e.budget;
      other[f] = i < 0 ? 0 : scale * std::pow(10, -4 + 0.1 * i);
      if (other[f] > section.firms[f].limit.value_or(kMostBudget)) continue;
      const double gain = payoffs(section, race, state, market, other)[f] - e.profit[f];
      e.best_deviation = std::max(e.best_deviation, gain / std::max(total, 1e-300));
    }
  e.converged = e.change <= 1e-5 && e.best_deviation <= 1e-6;
  if (!e.converged)
    e.why = e.change > 1e-5
                ? ingot::detail::join_parts("budgets still move by ", 100 * e.change, " % after ", e.rounds,
                                            " rounds of best responses: this race may have no equilibrium in constant "
                                            "budgets")
                : ingot::detail::join_parts("a firm gains ", 100 * e.best_deviation,
                                            " % of all profits by another "
                                            "budget");
  return e;
}

RaceSection default_race() {
  const auto table = read_market_facts("race_firms.csv");
  RaceSection section;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    RaceFirmConfig firm;
    firm.name = table.text(r, "name");
    firm.capability = table.number(r, "capability");
    firm.rnd = table.number(r, "rnd_usd_per_month");
    firm.growth = table.number(r, "growth_per_month");
    firm.distils = table.number(r, "distils") != 0;
    section.firms.push_back(firm);
  }
  return section;
}

}  // namespace ingot::market
