#include <fmt/format.h>

#include "ingot/base/text_plot.h"
#include "ingot/plan/finance/view.h"

namespace ingot::finance {
namespace {

// Names are the company's own; only the words around them change.
std::string event_zh(std::string event) {
  for (const auto& [en, zh] : {std::pair{" preference paid", "优先清算额付清"},
                               {" exercises", "行权"},
                               {" reaches its cap", "达到参与上限"},
                               {" converts", "转换"},
                               {"first money", "首笔分配"},
                               {"Options @ ", "期权 @ "},
                               {"Warrants @ ", "认股权证 @ "}})
    for (size_t at; (at = event.find(en)) != std::string::npos;) event.replace(at, std::string(en).size(), zh);
  return event;
}

}  // namespace

View waterfall_view(const CapitalStructure& s, const std::vector<WaterfallResult>& results, const Currency& currency) {
  View view;
  const auto text = [&](const Rational& minor) {
    return (minor / Rational(currency.minor_per_major())).decimal(currency.decimals());
  };
  // 1. Payoffs: one column an exit.
  std::vector<std::string> header = {"claim"};
  for (const auto& r : results) header.push_back(Money{r.proceeds, currency}.text());
  TextTable table(header);
  Json exits = Json::array(), paid_rows = Json::array();
  const auto rows_of = [&](auto member) {
    if (results.empty()) return;
    for (size_t i = 0; i < (results[0].*member).size(); ++i) {
      std::vector<std::string> row = {(results[0].*member)[i].name};
      for (const auto& r : results) {
        const auto& p = (r.*member)[i];
        row.push_back(grouped(p.paid / currency.minor_per_major()) +
                      (currency.decimals() > 0
                           ? fmt::format(".{:0{}}", p.paid % currency.minor_per_major(), currency.decimals())
                           : "") +
                      (p.converts ? " *" : ""));
      }
      table.add(row);
      Json shown_row = row;
      shown_row[0] = shown(row[0]);
      paid_rows.push_back(shown_row);
    }
  };
  rows_of(&WaterfallResult::debts), rows_of(&WaterfallResult::carve_outs), rows_of(&WaterfallResult::classes);
  view.tables.emplace_back("", table);
  view.notes.push_back("* takes common (converts or exercises)");
  bool equilibrium = true;
  for (const auto& r : results) {
    Json claims = Json::array(), deviations = Json::array();
    for (const auto* list : {&r.debts, &r.carve_outs, &r.classes})
      for (const auto& p : *list)
        claims.push_back({{"name", p.name},
                          {"paid", money_json({p.paid, currency})},
                          {"exact_minor", p.exact.fraction()},
                          {"takes_common", p.converts}});
    for (const auto& d : r.certificate)
      deviations.push_back({{"class", d.name},
                            {"alternative", d.alternative},
                            {"gets", text(d.stays)},
                            {"would_get", text(d.deviates)},
                            {"gains", d.gains()}});
    equilibrium &= r.equilibrium();
    exits.push_back({{"exit", money_json({r.proceeds, currency})},
                     {"common_price", text(r.common_price)},
                     {"claims", claims},
                     {"equilibrium", r.equilibrium()},
                     {"certificate", deviations}});
  }
  const Json certificate =
      equilibrium ? both("certificate: no class gains by choosing otherwise, at any of these exits",
                         "验证：在上述各退出价格下，没有任何类别能通过改变选择而获益")
                  : both("certificate: FAILED, some class gains by deviating", "验证失败：有类别可通过改变选择而获益");
  view.notes.push_back(certificate["en"]);
  // 2. Break-points.
  const auto points = break_points(s);
  header = {"equity value", "event", "common share"};
  for (const auto& c : s.classes) header.push_back(c.name);
  TextTable breaks(header);
  Json list = Json::array();
  for (const auto& p : points) {
    std::vector<std::string> row = {text(p.equity), p.event,
                                    (p.common_price / Rational(currency.minor_per_major())).decimal(4)};
    Json slopes = Json::array();
    for (const auto& slope : p.slopes) row.push_back(slope.decimal(4)), slopes.push_back(slope.fraction());
    breaks.add(row);
    list.push_back({{"equity", text(p.equity)}, {"event", p.event}, {"common_price", row[2]}, {"slopes", slopes}});
  }
  view.tables.emplace_back("break-points, with each class's share of the next dollar", breaks);
  view.json = {{"currency", currency.code()}, {"exits", exits}, {"equilibrium", equilibrium}, {"break_points", list}};
  // 3. Payoff curves: piecewise linear, so the break-points and one point beyond draw them exactly.
  std::vector<Rational> at;
  for (const auto& p : points) at.push_back(p.equity);
  Rational far = at.empty() ? Rational(1) : at.back() * Rational(3, 2) + Rational(currency.minor_per_major());
  for (const auto& r : results) far = std::max(far, Rational(r.proceeds));
  at.push_back(far);
  std::vector<Json> curves(s.classes.size(), Json::array());
  for (const auto& equity : at) {
    const auto payoffs = class_payoffs(s, equity);
    const double x = equity.to_double() / double(currency.minor_per_major());
    for (size_t i = 0; i < curves.size(); ++i)
      curves[i].push_back({x, payoffs[i].to_double() / double(currency.minor_per_major())});
  }
  Json series = Json::array();
  TextPlot plot;
  plot.x_label = plot.y_label = si;
  for (size_t i = 0; i < curves.size(); ++i) {
    series.push_back({{"name", shown(s.classes[i].name)}, {"data", curves[i]}});
    plot.lines.push_back({std::string(1, char(i < 26 ? 'a' + i : '*')), s.classes[i].name, curves[i]});
  }
  view.plots.emplace_back("payoff by class, by equity value after debt", plot.to_string());
  const std::string format = ascii_lower(currency.code()) + "_compact";
  Json rows = Json::array();
  for (const auto& p : points)
    rows.push_back({p.equity.to_double() / double(currency.minor_per_major()), both(p.event, event_zh(p.event))});
  std::vector<std::pair<Json, std::string>> exit_columns = {{both("Claim", "权利人"), ""}};
  for (const auto& r : results) exit_columns.emplace_back(Money{r.proceeds, currency}.text(), "");
  view.sections.push_back(section(
      "waterfall", both("Exit waterfall", "退出分配瀑布"),
      both("Who gets what, by equity value after debt", "按偿债后股权价值的分配"),
      Json::array(
          {chart("line", both("Payoff by class", "各类别所得"),
                 {{"x", {{"title", both("equity value", "股权价值")}, {"format", format}}},
                  {"y", {{"format", format}}},
                  {"series", series}}),
           report_table(both("Payoffs; * takes common", "分配结果（* 转换或行权为普通股）"), exit_columns, paid_rows),
           {{"type", "text"}, {"text", certificate}},
           report_table(both("Break-points", "断点"),
                        {{both("Equity value", "股权价值"), format}, {both("Event", "事件"), ""}}, rows)})));
  return view;
}

}  // namespace ingot::finance
