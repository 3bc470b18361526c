#include <cmath>

#include <fmt/format.h>

#include "ingot/base/text_plot.h"
#include "ingot/plan/finance/plan_view.h"

namespace ingot::finance {
namespace {

std::string month_name(const Date& start, int month) { return start.add_months(month - 1).text().substr(0, 7); }

std::string whole(int64_t minor, const Currency& currency) { return grouped(minor / currency.minor_per_major()); }

}  // namespace

View plan_view(const PlanResult& plan, const Date& start) {
  View view;
  const auto& c = plan.currency;
  TextTable table({"month", "people", "receipts", "payroll", "compute", "credits", "data", "other", "debt", "tax",
                   "financing", "net", "cash"});
  Json months = Json::array();
  for (size_t i = 0; i < plan.months.size(); ++i) {
    const auto& m = plan.months[i];
    const auto name = month_name(start, int(i) + 1);
    table.add({name, grouped(m.people), whole(m.receipts, c), whole(m.payroll, c), whole(m.compute, c),
               whole(m.credits, c), whole(m.data, c), whole(m.other, c), whole(m.draw - m.interest - m.repayment, c),
               whole(m.tax, c), whole(m.financing, c), whole(m.net, c), whole(m.cash, c)});
    const auto text = [&](int64_t minor) { return Money{minor, c}.major().decimal(c.decimals()); };
    months.push_back({{"month", name},
                      {"people", m.people},
                      {"revenue", text(m.revenue)},
                      {"receipts", text(m.receipts)},
                      {"payroll", text(m.payroll)},
                      {"compute", text(m.compute)},
                      {"credits", text(m.credits)},
                      {"data", text(m.data)},
                      {"other", text(m.other)},
                      {"interest", text(m.interest)},
                      {"repayment", text(m.repayment)},
                      {"draw", text(m.draw)},
                      {"tax", text(m.tax)},
                      {"financing", text(m.financing)},
                      {"net", text(m.net)},
                      {"cash", text(m.cash)}});
  }
  view.tables.emplace_back("", table);
  view.notes.push_back(plan.cash_out ? fmt::format("the plan runs out of cash in month {} ({}), at {}", *plan.cash_out,
                                                   month_name(start, *plan.cash_out),
                                                   Money{plan.months[size_t(*plan.cash_out) - 1].cash, c}.text())
                                     : fmt::format("the plan does not run out of cash in {} months; lowest {}",
                                                   plan.months.size(), Money{plan.lowest_cash, c}.text()));
  if (plan.covenant_breach)
    view.notes.push_back(fmt::format("covenant of {} is broken in month {} ({})", plan.breached, *plan.covenant_breach,
                                     month_name(start, *plan.covenant_breach)));
  if (plan.credits_expired > 0)
    view.notes.push_back("compute credits that expire unused: " + Money{plan.credits_expired, c}.text());
  for (const auto& s : plan.sources) view.notes.push_back("price: " + s);
  view.json = {{"currency", c.code()},
               {"cash_out_month", plan.cash_out ? Json(*plan.cash_out) : Json()},
               {"covenant_breach_month", plan.covenant_breach ? Json(*plan.covenant_breach) : Json()},
               {"lowest_cash", money_json({plan.lowest_cash, c})},
               {"months", months}};
  const std::string format = ascii_lower(c.code()) + "_compact";
  Json cash = Json::array(), spend = Json::array(), receipts = Json::array();
  for (size_t i = 0; i < plan.months.size(); ++i) {
    const auto& m = plan.months[i];
    cash.push_back({int(i) + 1, to_major(m.cash, c)});
    receipts.push_back({int(i) + 1, to_major(m.receipts, c)});
    spend.push_back(
        {int(i) + 1,
         to_major(m.payroll + m.compute - m.credits + m.data + m.other + m.interest + m.repayment + m.tax, c)});
  }
  const Json axis = {{"title", both("month", "月")}};
  view.sections.push_back(section(
      "plan", both("Operating plan", "经营计划"), Json(),
      Json::array({chart("line", both("Cash of the plan", "计划现金"),
                         {{"x", axis},
                          {"y", {{"format", format}}},
                          {"series", Json::array({{{"name", both("cash", "现金")}, {"data", cash}}})}}),
                   chart("line", both("Money in and out", "收支"),
                         {{"x", axis},
                          {"y", {{"format", format}}},
                          {"series", Json::array({{{"name", both("receipts", "收款")}, {"data", receipts}},
                                                  {{"name", both("spending", "支出")}, {"data", spend}}})}})})));
  return view;
}

View runway_view(const PlanResult& plan, const Date& start, const RunwayResult& r, double confidence) {
  View view = plan_view(plan, start);
  const auto& c = plan.currency;
  TextTable fan({"month", "P(cash-out)", "cash 5%", "25%", "median", "75%", "95%"});
  Json rows = Json::array(), ruin = Json::array(), median = Json::array(), wide = Json::array(), narrow = Json::array();
  for (size_t i = 0; i < r.fan.size(); ++i) {
    const int m = r.fan_months[i];
    const auto& q = r.fan[i];
    fan.add({month_name(start, m), percent(r.ruin[size_t(m) - 1]), si(q[0]), si(q[1]), si(q[2]), si(q[3]), si(q[4])});
    rows.push_back({{"month", m}, {"ruin", r.ruin[size_t(m) - 1]}, {"cash", q}});
    median.push_back({m, q[2]});
    wide.push_back({m, q[0], q[4]}), narrow.push_back({m, q[1], q[3]});
  }
  for (size_t m = 0; m < r.ruin.size(); ++m) ruin.push_back({int(m) + 1, r.ruin[m]});
  TextPlot plot;
  plot.x_label = [&](double m) { return month_name(start, int(m)); };
  plot.y_label = si;
  plot.bands = {{"░", "5% to 95%", {}}, {"▒", "25% to 75%", {}}};
  plot.lines = {{"•", "median cash", {}}};
  for (size_t i = 0; i < r.fan.size(); ++i) {
    const double m = r.fan_months[i];
    plot.bands[0].points.push_back({m, r.fan[i][0], r.fan[i][4]});
    plot.bands[1].points.push_back({m, r.fan[i][1], r.fan[i][3]});
    plot.lines[0].points.emplace_back(m, r.fan[i][2]);
  }
  view.plots.emplace_back("cash", plot.to_string());
  std::swap(view.tables.front().second, fan);
  view.tables.front().first = fmt::format("simulated, {} paths", grouped(int64_t(r.paths)));
  const double need = r.need(confidence);
  view.notes.push_back(fmt::format("P(cash-out within {} months) = {} +- {}", r.months, percent(r.ruin.back()),
                                   percent(1.96 * r.ruin_error(), 3)));
  view.notes.push_back(fmt::format("without any raise, {} more would be needed to stay solvent with {:.0f}% confidence",
                                   si(need), 100 * confidence));
  view.notes.push_back(fmt::format("raised {} in {:.2f} rounds on average; founders end with {} (5% to 95%: {} to {})",
                                   si(r.mean_raised), r.mean_rounds, percent(r.founder_share[2]),
                                   percent(r.founder_share[0]), percent(r.founder_share[4])));
  view.notes.push_back(fmt::format("founder proceeds at the horizon: mean {}, median {}, 5% to 95%: {} to {}",
                                   si(r.mean_founder_value), si(r.founder_value[2]), si(r.founder_value[0]),
                                   si(r.founder_value[4])));
  view.json["simulation"] = {{"paths", r.paths},
                             {"ruin", r.ruin},
                             {"ruin_standard_error", r.ruin_error()},
                             {"fan", rows},
                             {"closings", r.closings},
                             {"need", {{"confidence", confidence}, {"amount", need}}},
                             {"mean_raised", r.mean_raised},
                             {"mean_rounds", r.mean_rounds},
                             {"founder_share", r.founder_share},
                             {"mean_founder_share", r.mean_founder_share},
                             {"founder_value", r.founder_value},
                             {"mean_founder_value", r.mean_founder_value},
                             {"quantiles", {0.05, 0.25, 0.5, 0.75, 0.95}}};
  const std::string format = ascii_lower(c.code()) + "_compact";
  const Json axis = {{"title", both("month", "月")}};
  view.sections.insert(
      view.sections.begin(),
      section(
          "runway", both("Runway", "现金跑道"), both("Cash under uncertainty", "不确定性下的现金"),
          Json::array(
              {{{"type", "kpis"},
                {"items",
                 Json::array(
                     {{{"label", both("P(cash-out)", "现金耗尽概率")}, {"value", r.ruin.back()}, {"format", "percent"}},
                      {{"label", both("Funding need", "资金需求")}, {"value", need}, {"format", format}},
                      {{"label", both("Founders' share", "创始人持股")},
                       {"value", r.founder_share[2]},
                       {"format", "percent"}},
                      {{"label", both("Founder proceeds", "创始人所得")},
                       {"value", r.mean_founder_value},
                       {"format", format}}})}},
               chart("line", both("Cash fan", "现金扇形图"),
                     {{"x", axis},
                      {"y", {{"format", format}}},
                      {"series", Json::array({{{"name", both("5% to 95%", "5% 至 95%")},
                                               {"color", 0},
                                               {"data", Json::array()},
                                               {"band", wide}},
                                              {{"name", both("25% to 75%", "25% 至 75%")},
                                               {"color", 0},
                                               {"data", Json::array()},
                                               {"band", narrow}},
                                              {{"name", both("median", "中位数")}, {"color", 0}, {"data", median}}})}}),
               chart("line", both("Chance that cash has run out", "现金已耗尽的概率"),
                     {{"x", axis},
                      {"y", {{"format", "percent"}}},
                      {"series", Json::array({{{"name", both("P(cash-out)", "耗尽概率")}, {"data", ruin}}})}})})));
  return view;
}

void add_sensitivity(View& view, const SensitivityResult& r) {
  TextTable table({"assumption", "first-order", "total", "ruin at low", "ruin at high"});
  Json list = Json::array(), items = Json::array();
  for (const auto& f : r.factors) {
    table.add(
        {f.name, fmt::format("{:.3f}", f.first), fmt::format("{:.3f}", f.total), percent(f.low), percent(f.high)});
    list.push_back({{"name", f.name}, {"first", f.first}, {"total", f.total}, {"low", f.low}, {"high", f.high}});
    items.push_back({{"label", both(f.name, f.name_zh)}, {"low", f.low}, {"high", f.high}});
  }
  view.tables.emplace_back("sensitivity of P(cash-out): Sobol' indices, and the ends of each range", table);
  view.json["sensitivity"] = {{"base", r.base}, {"factors", list}};
  view.sections.push_back(section(
      "sensitivity", both("Sensitivity", "敏感性"),
      both("What moves the chance of running out of cash", "哪些假设影响现金耗尽概率"),
      Json::array({chart("tornado", both("Chance of ruin at the ends of each range", "各假设取极值时的耗尽概率"),
                         {{"base", r.base}, {"items", items}, {"x", {{"format", "percent"}}}})})));
}

void add_strategy(View& view, const StrategyResult& r, const Currency& currency) {
  TextTable table(
      {"instrument", "start below (months)", "raise (months)", "P(ruin)", "founder value", "founders keep", "raised"});
  Json frontier = Json::array(), points = Json::array();
  const auto json = [](const RaisePlan& p) {
    return Json{{"instrument", enum_name(p.instrument)},
                {"trigger", p.trigger},
                {"runway", p.runway},
                {"ruin", p.ruin},
                {"founder_value", p.founder_value},
                {"founder_value_error", p.value_error},
                {"founder_share", p.founder_share},
                {"raised", p.raised},
                {"rounds", p.rounds}};
  };
  for (const auto& p : r.frontier) {
    table.add({enum_name(p.instrument), fmt::format("{:.1f}", p.trigger), fmt::format("{:.1f}", p.runway),
               percent(p.ruin), si(p.founder_value), percent(p.founder_share), si(p.raised)});
    frontier.push_back(json(p));
    points.push_back({p.ruin, p.founder_value});
  }
  Json clouds = Json::array();
  for (const auto& [instrument, zh] :
       {std::pair{Instrument::Equity, "股权"}, {Instrument::Safe, "SAFE"}, {Instrument::Debt, "债务"}}) {
    Json cloud = Json::array();
    for (const auto& p : r.tried)
      if (p.instrument == instrument) cloud.push_back({p.ruin, p.founder_value});
    clouds.push_back({{"name", both(enum_name(instrument), zh)}, {"data", cloud}});
  }
  view.tables.emplace_back("frontier: no plan tried has less ruin and more value", table);
  Json why = Json::array(), reasons = Json::array();
  for (const auto& line : r.why)
    view.notes.push_back(line.en), reasons.push_back(line.en), why.push_back(report::both(line));
  view.json["strategy"] = {{"recommended", json(r.recommended)},
                           {"current", json(r.current)},
                           {"limit_met", r.limit_met},
                           {"frontier", frontier},
                           {"why", reasons}};
  const Json best = Json::array({Json::array({r.recommended.ruin, r.recommended.founder_value})});
  clouds.push_back({{"name", both("frontier", "前沿")}, {"data", points}, {"as", "line"}});
  clouds.push_back({{"name", both("recommended", "推荐")}, {"data", best}});
  view.sections.push_back(
      section("strategy", both("When to raise, how much, with what", "何时融资、融多少、用何种工具"), Json(),
              Json::array({chart("scatter", both("Plans tried and the frontier", "已评估方案与有效前沿"),
                                 {{"x", {{"title", both("P(ruin)", "破产概率")}, {"format", "percent"}}},
                                  {"y",
                                   {{"title", both("founder value", "创始人价值")},
                                    {"format", ascii_lower(currency.code()) + "_compact"}}},
                                  {"series", clouds}}),
                           {{"type", "list"}, {"items", why}}})));
}

}  // namespace ingot::finance
