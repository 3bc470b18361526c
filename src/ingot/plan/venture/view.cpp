#include "ingot/plan/venture/view.h"

#include <cmath>

#include <fmt/format.h>

#include "ingot/base/text_table.h"
#include "ingot/plan/report/report.h"

namespace ingot::venture {
namespace {

std::string money(double usd) {
  std::string text = si(usd);
  if (text.ends_with("G")) text.back() = 'B';
  return "$" + text;
}
std::string chance(const Interval& p) {
  return fmt::format("{:.1f} % [{:.1f}, {:.1f}]", 100 * p.value, 100 * p.low, 100 * p.high);
}
std::string english(const Json& text) { return report::in_language(text, "en"); }
Json range(const Range& r) { return {{"low", r.low}, {"median", r.mid}, {"high", r.high}}; }
Json interval(const Interval& i) { return {{"value", i.value}, {"low", i.low}, {"high", i.high}}; }

const char* name_of(finance::Instrument instrument) {
  return instrument == finance::Instrument::Safe   ? "SAFE"
         : instrument == finance::Instrument::Debt ? "equity with a third of venture debt"
                                                   : "priced equity";
}

TextTable verdict_table(const Outcome& o) {
  const auto& v = o.verdict;
  TextTable t({"verdict", "", "range"});
  if (v.raises) {
    t.add({"raise", money(v.amount.mid),
           fmt::format("{} to {} (half of the futures)", money(v.amount.low), money(v.amount.high))});
    t.add({"start talks", month_name(o.venture, v.start_month + 1),
           fmt::format("close {} to {}", month_name(o.venture, v.closing_month.low),
                       month_name(o.venture, v.closing_month.high))});
    t.add({"pre-money", money(v.pre_money.mid),
           fmt::format("{} to {}, {}", money(v.pre_money.low), money(v.pre_money.high), v.stage)});
    t.add({"instrument", name_of(v.instrument),
           fmt::format("when under {:.0f} months of cash, for {:.0f} months", v.trigger, v.runway)});
  } else {
    t.add({"raise", "nothing", fmt::format("{:.0f} % of futures need no round", 100 * (1 - v.first_share))});
  }
  t.add({"P(alive)", chance(v.alive),
         fmt::format("after {} months; policy as written {}", o.venture.section.months, chance(v.alive_as_written))});
  t.add({"P(lead)", chance(v.lead), english(leading(o.venture.section))});
  t.add({"cash needed", money(v.need.median),
         fmt::format("without any raise; {} at 90 % confidence", money(v.need.q90))});
  return t;
}

Json fans(const Outcome& o, const Tally& t) {
  const auto& l = t.layout();
  Json all = Json::object();
  const auto add = [&](const std::string& name, int fan) {
    Json points = Json::array();
    for (int p = 0; p < l.points(); ++p) {
      Json row = {(p + 1) * Layout::kEvery};
      for (const double q : {0.05, 0.25, 0.5, 0.75, 0.95}) row.push_back(t.fan(fan, p, q));
      points.push_back(std::move(row));
    }
    all[name] = std::move(points);
  };
  add("cash", Layout::CashFan), add("revenue", Layout::RevenueFan), add("gpu_price", Layout::GpuFan);
  for (int f = 0; f < l.firms; ++f) add("capability/" + o.plan.numbers.firms[size_t(f)].name, l.level(f));
  for (int j = 0; j < l.products; ++j) {
    add("share/" + o.plan.numbers.products[size_t(j)].name, l.share(j));
    add("price/" + o.plan.numbers.products[size_t(j)].name, l.price(j));
  }
  return all;
}

Json tally_json(const Tally& t) {
  Json months = Json::array();
  const auto& l = t.layout();
  for (int m = 0; m < l.months; ++m)
    months.push_back({{"month", m + 1},
                      {"alive", t.probability(Layout::Alive, m)},
                      {"lead", t.probability(Layout::Lead, m)},
                      {"revenue", t.mean(Layout::Revenue, m)},
                      {"cash", t.mean(Layout::Cash, m)}});
  Json ends = Json::object();
  static const char* kNames[] = {"founder_value", "founder_share", "raised",          "rounds",     "need",
                                 "company_value", "first_amount",  "first_pre_money", "first_month"};
  for (int e = 0; e < Layout::NumEnds; ++e)
    ends[kNames[e]] = {{"mean", t.end_mean(Layout::End(e))},
                       {"p5", t.end(e, 0.05)},
                       {"p25", t.end(e, 0.25)},
                       {"p50", t.end(e, 0.5)},
                       {"p75", t.end(e, 0.75)},
                       {"p95", t.end(e, 0.95)}};
  return {{"paths", t.paths()}, {"months", months}, {"ends", ends}};
}

}  // namespace

Json leading(const VentureSection& section) {
  const auto among = [&](const char* all, const char* some) {
    return section.against.empty() ? std::string(all)
                                   : fmt::format(fmt::runtime(some), fmt::join(section.against, ", "));
  };
  return section.lead == Lead::Share
             ? report::both(among("largest share of the market", "larger share than {}"),
                            among("市场份额第一", "市场份额超过 {}"))
             : report::both(among("best model of the field", "better model than {}"), among("模型最强", "模型强于 {}"));
}

Outcome outcome_of(const Venture& venture, const Plan& plan, const Analysis& analysis) {
  Outcome o{venture, plan, analysis, verdict_of(venture, analysis), {}, {}};
  auto best = with_policy(plan, venture, o.verdict.instrument, o.verdict.trigger, o.verdict.runway);
  o.certain = trace(best, 0, std::nullopt);
  o.rounds = play_rounds(venture, o.certain);
  return o;
}

report::View plan_view(const Outcome& o) {
  const auto& a = o.analysis;
  report::View view;
  view.tables.emplace_back("", verdict_table(o));
  if (!o.plan.models.empty()) {
    TextTable t({"model", "month", "FLOP", "final run", "with research", "chip-hours", "points", "basis"});
    for (const auto& m : o.plan.models)
      t.add({m.name, std::to_string(m.month), si(m.flop), m.usd > 0 ? money(m.usd) : "",
             m.usd_research > 0 ? money(m.usd_research) : "", m.chip_hours > 0 ? si(m.chip_hours) : "",
             fmt::format("{:.0f}", m.capability), std::string(cost::to_string(m.basis))});
    view.tables.emplace_back("roadmap", t);
  }
  if (!o.rounds.steps.empty()) {
    TextTable t({"round", "month", "amount", "pre-money", "price a share", "shares after"});
    for (const auto& r : o.rounds.steps)
      t.add({r.series, month_name(o.venture, r.month), money(r.closing.amount), money(r.closing.pre_money),
             "$" + r.result.price.decimal(5), grouped(r.result.total)});
    view.tables.emplace_back("rounds, on the path without chance", t);
  }
  if (!a.wars.empty()) {
    TextTable t({"war-game", "P(alive)", "P(lead)", "founder value", "revenue in the last month"});
    const auto row = [&](const std::string& name, const Tally& y) {
      const int last = y.layout().months - 1;
      t.add({name, fmt::format("{:.1f} %", 100 * y.probability(Layout::Alive, last)),
             fmt::format("{:.1f} %", 100 * y.probability(Layout::Lead, last)), money(y.end_mean(Layout::FounderValue)),
             money(y.mean(Layout::Revenue, last))});
    };
    if (const auto& t0 = a.best ? a.best : a.base) row("none", *t0);
    for (const auto& w : a.wars) row(english(w.game.name), w.tally);
    view.tables.emplace_back("war-games", t);
  }
  if (!a.sensitivities.empty()) {
    TextTable t({"assumption", "from", "to", "P(alive)", "", "P(lead)", " "});
    for (const auto& s : a.sensitivities)
      t.add({english(s.name), english(s.low_label), english(s.high_label), fmt::format("{:.1f} %", 100 * s.alive_low),
             fmt::format("{:.1f} %", 100 * s.alive_high), fmt::format("{:.1f} %", 100 * s.lead_low),
             fmt::format("{:.1f} %", 100 * s.lead_high)});
    view.tables.emplace_back("what matters most", t);
  }
  if (!a.sweep.empty()) {
    TextTable t({"R&D compute", "price", "raise for", "team", "P(alive)", "P(lead)", "founder value"});
    for (const auto& s : a.sweep)
      if (s.frontier)
        t.add({fmt::format("x {:g}", s.research), fmt::format("x {:g}", s.price), fmt::format("{:g} months", s.runway),
               fmt::format("x {:g}", s.hiring), fmt::format("{:.1f} %", 100 * s.alive),
               fmt::format("{:.1f} %", 100 * s.lead), money(s.founder_value)});
    view.tables.emplace_back(fmt::format("frontier of {} decisions", a.sweep.size()), t);
  }
  for (const auto& w : o.plan.warnings) view.notes.push_back(w);
  for (const auto& w : o.rounds.warnings) view.notes.push_back(w);
  if (!o.verdict.limit_met)
    view.notes.push_back(
        fmt::format("no raising policy tried keeps the chance of ruin within {:.0f} %; the safest is shown",
                    100 * o.venture.financing.ruin_limit.value.to_double()));
  if (a.interrupted)
    view.notes.push_back(fmt::format("interrupted: results are of the {} futures that were finished",
                                     a.base ? grouped((long long)a.base->paths()) : "0"));

  auto& j = view.json;
  j["name"] = o.venture.section.name;
  Json inputs = Json::array();
  for (const auto& i : o.venture.inputs) inputs.push_back({{"file", i.path}, {"sha256", i.sha256}});
  j["inputs"] = inputs, j["seed"] = a.simulation.seed, j["interrupted"] = a.interrupted;
  const auto& v = o.verdict;
  j["verdict"] = {{"raises", v.raises},
                  {"amount", range(v.amount)},
                  {"pre_money", range(v.pre_money)},
                  {"closing_month", range(v.closing_month)},
                  {"start_month", v.start_month},
                  {"instrument", enum_name(v.instrument)},
                  {"trigger", v.trigger},
                  {"runway", v.runway},
                  {"alive", interval(v.alive)},
                  {"lead", interval(v.lead)},
                  {"alive_as_written", interval(v.alive_as_written)},
                  {"lead_as_written", interval(v.lead_as_written)},
                  {"need", {{"median", v.need.median}, {"q75", v.need.q75}, {"q90", v.need.q90}}},
                  {"limit_met", v.limit_met}};
  for (const auto k : v.assumptions) j["verdict"]["assumptions"].push_back(english(a.sensitivities[k].name));
  if (a.base) j["as_written"] = tally_json(*a.base), j["as_written"]["fans"] = fans(o, *a.base);
  if (a.best) j["recommended"] = tally_json(*a.best), j["recommended"]["fans"] = fans(o, *a.best);
  for (const auto& w : a.wars) j["war_games"][w.game.id] = tally_json(w.tally);
  for (const auto& s : a.sensitivities)
    j["sensitivity"].push_back({{"name", english(s.name)},
                                {"low", english(s.low_label)},
                                {"high", english(s.high_label)},
                                {"alive", {s.alive_low, s.alive_high}},
                                {"lead", {s.lead_low, s.lead_high}},
                                {"founder_value", {s.value_low, s.value_high}}});
  for (const auto& s : a.sweep)
    j["sweep"].push_back({{"research", s.research},
                          {"price", s.price},
                          {"runway", s.runway},
                          {"hiring", s.hiring},
                          {"alive", s.alive},
                          {"lead", s.lead},
                          {"founder_value", s.founder_value},
                          {"frontier", s.frontier}});
  for (const auto& m : o.plan.models)
    j["roadmap"].push_back({{"name", m.name},
                            {"month", m.month},
                            {"flop", m.flop},
                            {"usd", m.usd},
                            {"usd_research", m.usd_research},
                            {"capability", m.capability},
                            {"basis", cost::to_string(m.basis)}});
  for (const auto& w : view.notes) j["notes"].push_back(w);
  return view;
}

}  // namespace ingot::venture
