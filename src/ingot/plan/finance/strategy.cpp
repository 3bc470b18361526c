#include "ingot/plan/finance/strategy.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <nlopt.h>

#include "ingot/base/text_table.h"

namespace ingot::finance {

using report::si_zh;
namespace {

constexpr double kTriggerLow = 3, kTriggerHigh = 18, kRunwayLow = 9, kRunwayHigh = 36;

class Search {
 public:
  Search(const std::function<VentureNumbers(Instrument)>& numbers_of, const Simulation& simulation)
      : numbers_of_(numbers_of), simulation_(simulation) {}

  RaisePlan evaluate(Instrument instrument, double trigger, double runway) {
    VentureNumbers v = numbers_of_(instrument);
    v.trigger = float(trigger), v.runway = float(runway);
    const auto r = simulate(v, simulation_);
    return {instrument,
            trigger,
            runway,
            r.ruin.back(),
            r.mean_founder_value,
            r.mean_founder_share,
            r.mean_raised,
            r.mean_rounds,
            r.sd_founder_value / std::sqrt(double(r.paths))};
  }

 private:
  const std::function<VentureNumbers(Instrument)>& numbers_of_;
  Simulation simulation_;
};

struct Problem {
  Search* search;
  Instrument instrument;
  double limit, scale;
  std::vector<RaisePlan>* tried;
  RaisePlan last;
  const RaisePlan& at(const double* x) {  // objective and constraint ask for the same point in turn
    if (last.trigger != x[0] || last.runway != x[1] || last.ruin == 0) {
      last = search->evaluate(instrument, x[0], x[1]);
      tried->push_back(last);
    }
    return last;
  }
};

double objective(unsigned, const double* x, double*, void* data) {
  auto& p = *static_cast<Problem*>(data);
  return -p.at(x).founder_value / p.scale;
}
double constraint(unsigned, const double* x, double*, void* data) {
  auto& p = *static_cast<Problem*>(data);
  return p.at(x).ruin - p.limit;
}

bool better(const RaisePlan& a, const RaisePlan& b, double limit) {
  const bool fa = a.ruin <= limit, fb = b.ruin <= limit;
  if (fa != fb) return fa;
  return fa ? a.founder_value > b.founder_value : a.ruin < b.ruin;
}

std::string describe(const RaisePlan& p) {
  return fmt::format("{} for {:.0f} months of burn when under {:.0f} months of cash are left", enum_name(p.instrument),
                     p.runway, p.trigger);
}

std::string name_zh(Instrument i) { return i == Instrument::Equity ? "股权" : i == Instrument::Safe ? "SAFE" : "债务"; }

std::string describe_zh(const RaisePlan& p) {
  return fmt::format("现金不足 {:.0f} 个月时以{}融资 {:.0f} 个月的支出", p.trigger, name_zh(p.instrument), p.runway);
}

}  // namespace

StrategyResult optimise_raise(const std::function<VentureNumbers(Instrument)>& numbers_of,
                              const std::vector<Instrument>& instruments, const FinancingPolicy& policy,
                              const Simulation& simulation, const std::function<void(int, int)>& progress) {
  StrategyResult result;
  Search search(numbers_of, simulation);
  const double limit = policy.ruin_limit.value.to_double();
  result.current = search.evaluate(policy.instrument, policy.trigger, policy.runway);
  result.tried.push_back(result.current);

  // 1. Grid.
  constexpr int kTriggers = 6, kRunways = 7;
  int done = 0;
  for (const auto instrument : instruments)
    for (int i = 0; i < kTriggers; ++i)
      for (int j = 0; j < kRunways; ++j) {
        result.tried.push_back(search.evaluate(instrument,
                                               kTriggerLow + i * (kTriggerHigh - kTriggerLow) / (kTriggers - 1),
                                               kRunwayLow + j * (kRunwayHigh - kRunwayLow) / (kRunways - 1)));
        if (progress) progress(++done, int(instruments.size()) * kTriggers * kRunways + 40);
      }
  const auto best = [&] {
    return *std::min_element(result.tried.begin(), result.tried.end(),
                             [&](const RaisePlan& a, const RaisePlan& b) { return better(a, b, limit); });
  };

  // 2. COBYLA from the best grid point of the best instrument.
  const RaisePlan start = best();
  Problem problem{&search, start.instrument, limit, std::max(1.0, start.founder_value), &result.tried, start};
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> optimiser(nlopt_create(NLOPT_LN_COBYLA, 2), nlopt_destroy);
  const double low[2] = {kTriggerLow, kRunwayLow}, high[2] = {kTriggerHigh, kRunwayHigh}, step[2] = {1.5, 2.5};
  nlopt_set_lower_bounds(optimiser.get(), low);
  nlopt_set_upper_bounds(optimiser.get(), high);
  nlopt_set_initial_step(optimiser.get(), step);
  nlopt_set_min_objective(optimiser.get(), objective, &problem);
  nlopt_add_inequality_constraint(optimiser.get(), constraint, &problem, 0);
  nlopt_set_maxeval(optimiser.get(), 40);
  nlopt_set_xtol_abs1(optimiser.get(), 0.1);
  double x[2] = {start.trigger, start.runway}, value = 0;
  nlopt_optimize(optimiser.get(), x, &value);  // whatever it returns, every point it saw is in `tried`

  result.recommended = best();
  result.limit_met = result.recommended.ruin <= limit;

  // 3. Frontier.
  auto sorted = result.tried;
  std::stable_sort(sorted.begin(), sorted.end(), [](const RaisePlan& a, const RaisePlan& b) {
    return a.ruin != b.ruin ? a.ruin < b.ruin : a.founder_value > b.founder_value;
  });
  for (const auto& p : sorted)
    if (result.frontier.empty() || p.founder_value > result.frontier.back().founder_value) result.frontier.push_back(p);

  // 4. Why.
  const auto& r = result.recommended;
  const auto& c = result.current;
  const auto say = [&](std::string en, std::string zh) { result.why.push_back({std::move(en), std::move(zh)}); };
  say("raise " + describe(r), "建议：" + describe_zh(r));
  say(fmt::format("against the plan in the file ({}): ruin {:.1f}% instead of {:.1f}%, founder value {} instead of {}",
                  describe(c), 100 * r.ruin, 100 * c.ruin, si(r.founder_value), si(c.founder_value)),
      fmt::format("与文件中的计划（{}）相比：破产概率 {:.1f}%（原 {:.1f}%），创始人价值 {}（原 {}）", describe_zh(c),
                  100 * r.ruin, 100 * c.ruin, si_zh(r.founder_value), si_zh(c.founder_value)));
  const auto& boldest = result.frontier.back();
  if (!result.limit_met)
    say(fmt::format("no plan tried keeps ruin within {:.1f}%; this is the safest. Cut costs or raise the limit",
                    100 * limit),
        fmt::format("没有方案能把破产概率控制在 {:.1f}% 以内；此为最安全的方案，请削减成本或放宽上限", 100 * limit));
  else if (boldest.ruin > limit)
    say(fmt::format("the limit of {:.1f}% binds: without it, {} would be worth {} at {:.1f}% ruin", 100 * limit,
                    describe(boldest), si(boldest.founder_value), 100 * boldest.ruin),
        fmt::format("{:.1f}% 的上限起作用：若无上限，{}价值 {}，破产概率 {:.1f}%", 100 * limit, describe_zh(boldest),
                    si_zh(boldest.founder_value), 100 * boldest.ruin));
  else
    say(fmt::format("the limit of {:.1f}% does not bind: no plan tried is worth more at any risk", 100 * limit),
        fmt::format("{:.1f}% 的上限不起作用：任何风险下都没有价值更高的方案", 100 * limit));
  for (const auto instrument : instruments) {
    if (instrument == r.instrument) continue;
    RaisePlan other;
    bool any = false;
    for (const auto& p : result.tried)
      if (p.instrument == instrument && (!any || better(p, other, limit))) other = p, any = true;
    if (any)
      say(fmt::format("best with {}: ruin {:.1f}%, founder value {}", enum_name(instrument), 100 * other.ruin,
                      si(other.founder_value)),
          fmt::format("以{}融资的最佳方案：破产概率 {:.1f}%，创始人价值 {}", name_zh(instrument), 100 * other.ruin,
                      si_zh(other.founder_value)));
  }
  return result;
}

}  // namespace ingot::finance
