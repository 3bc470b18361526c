#include <cmath>

#include <fmt/format.h>

#include "ingot/plan/market/market_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::market {

using report::both;
using report::chart;
using report::percent;
using report::report_table;
using report::section;

std::string figure_text(double value, int digits) {
  if (!std::isfinite(value)) return "n/a";
  if (std::fabs(value) >= 1000) return grouped(std::llround(value));
  return fmt::format("{:.{}g}", value, digits);
}

std::string status_text(const Equilibrium& e) {
  if (e.status == Status::Converged)
    return fmt::format("equilibrium: residual {:.1e}, no firm gains by another price on the deviation grid",
                       e.residual);
  return fmt::format("{}: {}; the figures are not an equilibrium", to_string(e.status), e.why);
}

Json status_block(const Equilibrium& e) {
  const bool good = e.status == Status::Converged;
  return {{"type", "note"},
          {"tone", good ? "good" : "warning"},
          {"text",
           both(status_text(e), good ? fmt::format("已达均衡：残差 {:.1e}，偏离网格上没有企业能靠改价获利", e.residual)
                                     : "未得到均衡：" + e.why + "；以下数字不是均衡")}};
}

report::View equilibrium_view(const Industry& m, const Equilibrium& e) {
  report::View view;
  const size_t J = m.offers.size(), F = m.firms.size();
  const std::string currency = ascii_lower(m.currency), money = currency + "_compact";
  const Demand demand = m.demand();
  const auto elasticity = elasticities(demand, e.price);
  const bool observed = m.offers.front().share.has_value();

  // 1. Products.
  std::vector<std::string> header = {"product", "firm", "price", "cost", "margin", "share", "revenue", "elasticity"};
  if (observed) header.insert(header.begin() + 3, "observed");
  TextTable products(header);
  Json list = Json::array(), rows = Json::array(), names = Json::array();
  Json price_bars = Json::array(), cost_bars = Json::array(), seen_bars = Json::array(), share_bars = Json::array();
  for (size_t j = 0; j < J; ++j) {
    const Offer& o = m.offers[j];
    const double margin = (e.price[j] - o.cost) / e.price[j], revenue = e.price[j] * e.share[j] * m.size;
    const std::string cost = figure_text(o.cost) + (o.cost_implied ? " *" : "");
    std::vector<std::string> row = {o.name,
                                    m.firms[size_t(o.firm)],
                                    figure_text(e.price[j], 5) + (o.fixed_price ? " =" : ""),
                                    cost,
                                    percent(margin, 1),
                                    percent(e.share[j]),
                                    figure_text(revenue),
                                    fmt::format("{:.3f}", elasticity[j * J + j])};
    if (observed) row.insert(row.begin() + 3, figure_text(*o.price, 5));
    products.add(row);
    rows.push_back(
        {o.name, m.firms[size_t(o.firm)], e.price[j], o.cost, margin, e.share[j], revenue, elasticity[j * J + j]});
    names.push_back(o.name);
    price_bars.push_back(e.price[j]), cost_bars.push_back(o.cost), share_bars.push_back(e.share[j]);
    seen_bars.push_back(observed ? Json(*o.share) : Json());
    list.push_back({{"product", o.name},
                    {"firm", m.firms[size_t(o.firm)]},
                    {"tier", o.tier},
                    {"channel", o.channel},
                    {"price", e.price[j]},
                    {"fixed", o.fixed_price.has_value()},
                    {"observed_price", o.price ? Json(*o.price) : Json()},
                    {"observed_share", o.share ? Json(*o.share) : Json()},
                    {"cost", o.cost},
                    {"cost_implied", o.cost_implied},
                    {"markup", e.markup[j]},
                    {"margin", margin},
                    {"share", e.share[j]},
                    {"quantity", e.share[j] * m.size},
                    {"revenue", revenue},
                    {"own_elasticity", elasticity[j * J + j]}});
  }
  view.tables.emplace_back(e.status == Status::Converged ? "" : status_text(e), products);

  // 2. Firms.
  bool any_capacity = false;
  for (const double k : m.capacity) any_capacity = any_capacity || std::isfinite(k);
  std::vector<std::string> firm_header = {"firm", "share", "revenue", "profit", "margin"};
  if (any_capacity) firm_header.insert(firm_header.end(), {"capacity used", "shadow price"});
  TextTable firms(firm_header);
  Json firm_list = Json::array(), firm_rows = Json::array();
  double all_revenue = 0, all_profit = 0;
  for (size_t f = 0; f < F; ++f) {
    double share = 0, revenue = 0;
    for (size_t j = 0; j < J; ++j)
      if (size_t(m.offers[j].firm) == f) share += e.share[j], revenue += e.price[j] * e.share[j] * m.size;
    if (share == 0) continue;  // it left the market
    const double profit = e.profit[f] * m.size, margin = revenue > 0 ? profit / revenue : 0;
    all_revenue += revenue, all_profit += profit;
    std::vector<std::string> row = {m.firms[f], percent(share), figure_text(revenue), figure_text(profit),
                                    percent(margin, 1)};
    Json item = {{"firm", m.firms[f]}, {"share", share}, {"revenue", revenue}, {"profit", profit}, {"margin", margin}};
    if (any_capacity) {
      const bool bound = std::isfinite(m.capacity[f]);
      row.push_back(bound ? percent(share * m.size / m.capacity[f], 1) : "");
      row.push_back(bound ? figure_text(e.shadow_price[f]) : "");
      item["capacity"] = bound ? Json(m.capacity[f]) : Json();
      item["capacity_used"] = bound ? Json(share * m.size / m.capacity[f]) : Json();
      item["shadow_price"] = e.shadow_price[f];
    }
    firms.add(row);
    firm_list.push_back(item);
    firm_rows.push_back({m.firms[f], share, revenue, profit, margin});
    if (any_capacity) firm_rows.back().push_back(std::isfinite(m.capacity[f]) ? Json(e.shadow_price[f]) : Json());
  }
  view.tables.emplace_back("firms, a " + m.period, firms);

  // 3. The market.
  const double surplus = e.consumer_surplus * m.size;
  if (e.status == Status::Converged) view.notes.push_back(status_text(e));
  view.notes.push_back(fmt::format("HHI {}, outside option {}, consumer surplus {} {} a {}", figure_text(e.hhi, 5),
                                   percent(e.outside_share), figure_text(surplus), m.currency, m.period));
  bool implied = false, fixed = false;
  for (const auto& o : m.offers) implied = implied || o.cost_implied, fixed = fixed || o.fixed_price;
  if (implied) view.notes.push_back("* cost implied by the first-order conditions at observed prices");
  if (fixed) view.notes.push_back("= price set from outside (open weights or regulated)");
  view.notes.push_back(
      fmt::format("price coefficient alpha {:.6g}{}", m.alpha,
                  m.elasticity ? fmt::format(", elasticity {:.6g} at observed prices", *m.elasticity) : ""));
  for (const auto& note : m.notes) view.notes.push_back(note);

  view.json = {{"market", m.name},
               {"status", to_string(e.status)},
               {"why", e.why},
               {"residual", e.residual},
               {"iterations", e.iterations},
               {"best_deviation", e.best_deviation},
               {"alpha", m.alpha},
               {"elasticity", m.elasticity ? Json(*m.elasticity) : Json()},
               {"hhi", e.hhi},
               {"outside_share", e.outside_share},
               {"consumer_surplus", surplus},
               {"revenue", all_revenue},
               {"profit", all_profit},
               {"currency", m.currency},
               {"unit", m.unit},
               {"period", m.period},
               {"size", m.size},
               {"products", list},
               {"firms", firm_list},
               {"notes", m.notes}};

  // 4. The page.
  const auto kpi = [](Json label, Json value, const std::string& format) {
    return Json{{"label", std::move(label)}, {"value", std::move(value)}, {"format", format}};
  };
  const Json kpis = {
      {"type", "kpis"},
      {"items",
       {kpi(both("Revenue a " + m.period, "每期收入"), all_revenue, money),
        kpi(both("Profit a " + m.period, "每期利润"), all_profit, money),
        kpi(both("Consumer surplus", "消费者剩余"), std::isfinite(surplus) ? Json(surplus) : Json(), money),
        kpi(both("HHI", "赫芬达尔指数"), e.hhi, "int"),
        kpi(both("Outside option", "外部选择份额"), e.outside_share, "percent")}}};
  Json share_series = Json::array({{{"name", both("Equilibrium", "均衡")}, {"data", share_bars}}});
  if (observed) share_series.push_back({{"name", both("Observed", "观测")}, {"data", seen_bars}});
  Json cells = Json::array();
  if (J <= 24)
    for (size_t j = 0; j < J; ++j)
      for (size_t k = 0; k < J; ++k) cells.push_back({k, j, elasticity[j * J + k]});
  std::vector<std::pair<Json, std::string>> firm_columns = {{both("Firm", "企业"), ""},
                                                            {both("Share", "份额"), "percent"},
                                                            {both("Revenue", "收入"), money},
                                                            {both("Profit", "利润"), money},
                                                            {both("Margin", "毛利率"), "percent"}};
  if (any_capacity) firm_columns.push_back({both("Shadow price of capacity", "产能影子价格"), currency});
  Json blocks = Json::array({status_block(e), kpis,
                             chart("bar", both("Price and marginal cost a " + m.unit, "每单位价格与边际成本"),
                                   {{"categories", names},
                                    {"width", "half"},
                                    {"horizontal", true},
                                    {"series",
                                     {{{"name", both("Price", "价格")}, {"data", price_bars}},
                                      {{"name", both("Marginal cost", "边际成本")}, {"data", cost_bars}}}},
                                    {"y", {{"format", currency}}}}),
                             chart("bar", both("Share of the market", "市场份额"),
                                   {{"categories", names},
                                    {"width", "half"},
                                    {"horizontal", true},
                                    {"series", share_series},
                                    {"y", {{"format", "percent"}}}}),
                             report_table(both("Products", "产品"),
                                          {{both("Product", "产品"), ""},
                                           {both("Firm", "企业"), ""},
                                           {both("Price", "价格"), currency},
                                           {both("Cost", "成本"), currency},
                                           {both("Margin", "毛利率"), "percent"},
                                           {both("Share", "份额"), "percent"},
                                           {both("Revenue", "收入"), money},
                                           {both("Own elasticity", "自价格弹性"), "fixed2"}},
                                          rows),
                             report_table(both("Firms", "企业"), firm_columns, firm_rows)});
  view.sections.push_back(section("equilibrium", both("Price equilibrium", "价格均衡"),
                                  both(m.name + ": Bertrand-Nash prices", m.name + "：伯特兰—纳什均衡价格"), blocks));
  if (!cells.empty())
    view.sections.push_back(
        section("elasticities", both("Who reacts to whose price", "谁对谁的价格有反应"),
                both("Row: demand of a product; column: whose price rises by 1 %; cell: change of demand in %.",
                     "行：产品需求；列：谁的价格上涨 1%；单元格：需求变动百分比。"),
                Json::array({chart("heatmap", both("Price elasticities", "价格弹性"),
                                   {{"columns", names}, {"rows", names}, {"data", cells}, {"format", "fixed2"}})})));
  Json sources = Json::array();
  for (const auto& note : view.notes) sources.push_back(note);
  view.sections.push_back(section("basis", both("Assumptions and sources", "假设与来源"), nullptr,
                                  Json::array({{{"type", "list"}, {"items", sources}}})));
  return view;
}

}  // namespace ingot::market
