#include "ingot/plan/venture/analysis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ingot/plan/finance/ownership.h"
#include "ingot/plan/report/report.h"

namespace ingot::venture {
namespace {

using report::both;

struct Factor {
  Json name;
  Json low_label, high_label;
  std::function<void(Numbers&, bool high)> apply;
};

void scale(float* values, int count, double by) {
  for (int i = 0; i < count; ++i) values[i] = float(values[i] * by);
}

// What nobody knows, at both ends of a plausible range.
std::vector<Factor> factors() {
  return {
      {both("size of the market", "市场规模"), "× 0.5", "× 2",
       [](Numbers& n, bool high) {
         for (auto& s : n.size) s *= high ? 2 : 0.5;
       }},
      {both("growth of the market", "市场增长"), both("−30 % a year", "每年 −30%"), both("+30 % a year", "每年 +30%"),
       [](Numbers& n, bool high) {
         for (size_t m = 0; m < n.size.size(); ++m) n.size[m] *= std::exp((high ? 0.3 : -0.3) * double(m) / 12);
       }},
      {both("what buyers pay for capability", "用户对能力的偏好"), "× 0.5", "× 1.5",
       [](Numbers& n, bool high) {
         for (auto& t : n.types) t.quality *= high ? 1.5 : 0.5;
       }},
      {both("our capability today", "我方现有能力"), both("−4 points", "−4 分"), both("+4 points", "+4 分"),
       [](Numbers& n, bool high) {
         // Better than we believe: the utility of our products shows it from the first month.
         for (auto& p : n.products)
           if (p.firm == 0) p.base += (high ? 4 : -4) * n.types[0].quality;
         n.firms[0].capability += high ? 4 : -4;
       }},
      {both("our serving cost", "我方推理成本"), "× 0.5", "× 2",
       [](Numbers& n, bool high) {
         for (auto& p : n.products)
           if (p.firm == 0) p.cost *= high ? 2 : 0.5;
         n.serving_floor *= high ? 2 : 0.5;
       }},
      {both("GPU price", "GPU 价格"), "× 0.6", "× 1.6",
       [](Numbers& n, bool high) {
         n.shocks.push_back({.kind = ShockKind::GpuPrice, .month = 0, .months = n.months(), .size = high ? 1.6 : 0.6});
       }},
      {both("payroll and other fixed cost", "薪酬及其他固定成本"), "× 0.8", "× 1.25",
       [](Numbers& n, bool high) { scale(n.money.fixed, n.months(), high ? 1.25 : 0.8); }},
      {both("rivals' R&D compute", "对手研发算力"), "× 0.5", "× 2",
       [](Numbers& n, bool high) {
         for (size_t f = 1; f < n.firms.size(); ++f) n.firms[f].research *= high ? 2 : 0.5;
       }},
      {both("doubling time of algorithms", "算法效率翻倍时间"), both("5 months", "5 个月"),
       both("14 months", "14 个月"), [](Numbers& n, bool high) { n.race.algorithmic_doubling_months = high ? 14 : 5; }},
      {both("chance that a round closes", "融资成交概率"), "× 0.5", "× 1.5",
       [](Numbers& n, bool high) { scale(n.money.hazard, finance::kStages, high ? 1.5 : 0.5); }},
      {both("valuations", "估值水平"), "× 0.6", "× 1.5",
       [](Numbers& n, bool high) { scale(n.money.pre_money, finance::kStages, high ? 1.5 : 0.6); }},
      {both("buyers who stay where they are", "用户惯性"), "20 %", "80 %",
       [](Numbers& n, bool high) { n.inertia = high ? 0.8 : 0.2; }},
  };
}

struct Measures {
  double alive, lead, founder_value;
};
Measures measures(const Tally& t) {
  const int last = t.layout().months - 1;
  return {t.probability(Layout::Alive, last), t.probability(Layout::Lead, last), t.end_mean(Layout::FounderValue)};
}

class Analyst {
 public:
  Analyst(const Plan& plan, const Venture& venture, const Effort& effort, const Watch& watch)
      : plan_(plan), venture_(venture), effort_(effort), watch_(watch) {}

  Analysis run() {
    a_.simulation = effort_.simulation;
    search();
    a_.base = simulate_all("written", "futures", plan_.numbers);
    const auto& c = a_.raises.empty() ? RaiseChoice() : a_.raises[a_.chosen];
    best_ = a_.raises.empty() ? plan_.numbers : with_policy(plan_, venture_, c.instrument, c.trigger, c.runway);
    if (!stopped_ && !a_.raises.empty()) a_.best = simulate_all("recommended", "futures, recommended raise", best_);
    if (effort_.sharding.role == Sharding::Role::Writes) return std::move(a_);
    wars();
    tornado();
    if (effort_.sweep) sweep();
    a_.interrupted = stopped_;
    return std::move(a_);
  }

 private:
  bool tell(const std::string& stage, uint64_t done, uint64_t total) {
    if (watch_ && !watch_(stage, done, total)) stopped_ = true;
    return !stopped_;
  }

  // A large run, or this process's shard of it.
  std::optional<Tally> simulate_all(const std::string& id, const std::string& stage, const Numbers& n) {
    if (stopped_) return {};
    using Role = Sharding::Role;
    const auto& sharding = effort_.sharding;
    auto s = effort_.simulation;
    s.shard = sharding.shard, s.shards = sharding.role == Role::Alone ? 1 : sharding.shards;
    auto tally = sharding.role == Role::Merges
                     ? Tally(Layout(n))
                     : simulate(n, s, [&](uint64_t done, uint64_t total) { return tell(stage, done, total); });
    if (sharding.role == Role::Writes && !stopped_) write_part(sharding, id, tally);
    if ((sharding.role == Role::Adds && !stopped_) || sharding.role == Role::Merges)
      add_parts(sharding, id, tally, [&] { return tell(stage, 1, 1); });
    if (tally.paths() == 0) return {};
    return tally;
  }
  Tally quick(const Numbers& n, uint64_t paths) const {
    auto s = effort_.simulation;
    s.paths = paths;
    return simulate(n, s);
  }

  // 1. When to raise, how much, with what: a grid, founder value as the aim, ruin within the policy's limit.
  void search() {
    const auto& policy = venture_.financing;
    std::vector<RaiseChoice> grid;
    for (const auto instrument : finance::instruments_for(plan_.ownership))
      for (const double trigger : {6.0, 9.0, 12.0, 15.0})
        for (const double runway : {12.0, 18.0, 24.0, 30.0}) grid.push_back({instrument, trigger, runway});
    grid.push_back({policy.instrument, policy.trigger, policy.runway});
    for (size_t k = 0; k < grid.size(); ++k) {
      if (!tell("when and how much to raise", k, grid.size())) return;
      auto& c = grid[k];
      const auto t = quick(with_policy(plan_, venture_, c.instrument, c.trigger, c.runway),
                           std::min(effort_.search_paths, effort_.simulation.paths));
      const auto m = measures(t);
      c.alive = m.alive, c.lead = m.lead, c.founder_value = m.founder_value;
      c.founder_share = t.end_mean(Layout::FounderShare), c.raised = t.end_mean(Layout::Raised);
    }
    const double limit = 1 - policy.ruin_limit.value.to_double();
    const auto better = [&](const RaiseChoice& x, const RaiseChoice& y) {
      const bool fine = x.alive >= limit, other = y.alive >= limit;
      if (fine != other) return fine;
      return fine ? x.founder_value > y.founder_value : x.alive > y.alive;
    };
    for (size_t k = 1; k < grid.size(); ++k)
      if (better(grid[k], grid[a_.chosen])) a_.chosen = k;
    a_.limit_met = grid[a_.chosen].alive >= limit;
    a_.raises = std::move(grid);
  }

  void wars() {
    for (size_t k = 0; k < plan_.wargames.size() && tell("war-games", k, plan_.wargames.size()); ++k) {
      auto n = best_;
      n.shocks.insert(n.shocks.end(), plan_.wargames[k].shocks.begin(), plan_.wargames[k].shocks.end());
      a_.wars.push_back({plan_.wargames[k], quick(n, std::min(effort_.war_paths, effort_.simulation.paths))});
    }
  }

  void tornado() {
    const auto all = factors();
    for (size_t k = 0; k < all.size() && tell("sensitivity", k, all.size()); ++k) {
      const auto& f = all[k];
      Sensitivity s{.name = f.name, .low_label = f.low_label, .high_label = f.high_label};
      for (const bool high : {false, true}) {
        auto n = best_;
        f.apply(n, high);
        const auto m = measures(quick(n, std::min(effort_.factor_paths, effort_.simulation.paths)));
        (high ? s.alive_high : s.alive_low) = m.alive;
        (high ? s.lead_high : s.lead_low) = m.lead;
        (high ? s.value_high : s.value_low) = m.founder_value;
      }
      a_.sensitivities.push_back(std::move(s));
    }
    std::stable_sort(a_.sensitivities.begin(), a_.sensitivities.end(),
                     [](const auto& x, const auto& y) { return x.weight() > y.weight(); });
  }

  // Decisions: model size (as R&D compute), price, raise size, hiring.
  void sweep() {
    const double research[] = {0.5, 1, 2, 4}, price[] = {0.8, 1, 1.2}, runway[] = {12, 18, 24},
                 hiring[] = {0.8, 1, 1.25};
    for (const double r : research)
      for (const double p : price)
        for (const double w : runway)
          for (const double h : hiring) a_.sweep.push_back({.research = r, .price = p, .runway = w, .hiring = h});
    const auto& c = a_.raises.empty() ? RaiseChoice() : a_.raises[a_.chosen];
    for (size_t k = 0; k < a_.sweep.size(); ++k) {
      if (!tell("sweep over decisions", k, a_.sweep.size())) {
        a_.sweep.resize(k);
        break;
      }
      auto& point = a_.sweep[k];
      auto n = with_policy(plan_, venture_, c.instrument, c.trigger, point.runway);
      for (auto& x : n.research) x *= point.research;
      scale(n.money.fixed, n.months(), point.hiring);
      n.price_factor = point.price;
      const auto t = quick(n, std::min(effort_.sweep_paths, effort_.simulation.paths));
      const auto m = measures(t);
      point.alive = m.alive, point.lead = m.lead, point.founder_value = m.founder_value,
      point.raised = t.end_mean(Layout::Raised);
    }
    for (auto& x : a_.sweep)
      x.frontier = std::none_of(a_.sweep.begin(), a_.sweep.end(), [&](const SweepPoint& y) {
        return y.alive >= x.alive && y.founder_value >= x.founder_value &&
               (y.alive > x.alive || y.founder_value > x.founder_value);
      });
  }

  const Plan& plan_;
  const Venture& venture_;
  const Effort& effort_;
  const Watch& watch_;
  Numbers best_;
  Analysis a_;
  bool stopped_ = false;
};

}  // namespace

Interval wilson(double p, uint64_t paths) {
  if (paths == 0) return {0, 0, 1};
  const double n = double(paths), z2 = 1.959964 * 1.959964;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = 1.959964 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {p, std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

double Sensitivity::weight() const {
  return std::max(std::fabs(alive_high - alive_low), std::fabs(lead_high - lead_low));
}

Numbers with_policy(const Plan& plan, const Venture& venture, finance::Instrument instrument, double trigger,
                    double runway) {
  auto policy = venture.financing;
  policy.instrument = instrument, policy.trigger = trigger, policy.runway = runway;
  auto operating = venture.operating;
  operating.tax = {};
  auto n = plan.numbers;
  n.money = finance::venture_numbers(plan.operating, operating, venture.uncertainty, policy, plan.ownership);
  return n;
}

Analysis analyse(const Plan& plan, const Venture& venture, const Effort& effort, const Watch& watch) {
  return Analyst(plan, venture, effort, watch).run();
}

}  // namespace ingot::venture
