#include "ingot/plan/venture/verdict.h"

#include <algorithm>
#include <cmath>

namespace ingot::venture {

Verdict verdict_of(const Venture& venture, const Analysis& a) {
  Verdict v;
  const auto& policy = venture.financing;
  v.instrument = policy.instrument, v.trigger = policy.trigger, v.runway = policy.runway;
  if (!a.raises.empty()) {
    const auto& c = a.raises[a.chosen];
    v.instrument = c.instrument, v.trigger = c.trigger, v.runway = c.runway, v.limit_met = a.limit_met;
  }
  v.stage = policy.stages.front().name;
  const auto chance = [](const Tally& t, int what) {
    return wilson(t.probability(what, t.layout().months - 1), t.paths());
  };
  if (a.base)
    v.alive_as_written = v.alive = chance(*a.base, Layout::Alive),
    v.lead_as_written = v.lead = chance(*a.base, Layout::Lead);
  if (a.best) v.alive = chance(*a.best, Layout::Alive), v.lead = chance(*a.best, Layout::Lead);
  if (const auto& t = a.best ? a.best : a.base) {
    const auto range = [&](Layout::End e) { return Range{t->end(e, 0.25), t->end(e, 0.5), t->end(e, 0.75)}; };
    v.first_share = t->first_share();
    v.raises = v.first_share >= 0.5;
    v.amount = range(Layout::FirstAmount), v.pre_money = range(Layout::FirstPreMoney),
    v.closing_month = range(Layout::FirstMonth);
    v.need = {t->end(Layout::Need, 0.5), t->end(Layout::Need, 0.75), t->end(Layout::Need, 0.9)};
    const double lag = policy.stages.front().lag * (v.instrument == finance::Instrument::Safe ? 0.5 : 1);
    v.start_month = std::max(0.0, std::floor(v.closing_month.mid - lag));
  }
  for (size_t k = 0; k < std::min<size_t>(3, a.sensitivities.size()); ++k) v.assumptions.push_back(k);
  return v;
}

std::string month_name(const Venture& venture, double months) {
  return venture.operating.start.add_months(int(std::max(0.0, std::round(months) - 1))).text().substr(0, 7);
}

}  // namespace ingot::venture
