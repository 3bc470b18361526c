#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "ingot/base/text_plot.h"
#include "ingot/plan/market/market_view.h"
#include "ingot/plan/market/race_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::market {

using report::both;
using report::chart;
using report::percent;
using report::section;

report::View forecast_view(const Industry& m, const RaceSection& race, const std::vector<ForecastMonth>& months,
                           const ForecastFan* fan, const std::vector<std::pair<std::string, std::string>>& notes,
                           int every) {
  report::View view;
  const size_t F = m.firms.size(), M = months.size(), G = m.segments.size();
  const std::string currency = ascii_lower(m.currency) + "_compact";
  const auto inside = [&](const ForecastMonth& month) {
    return std::accumulate(month.share.begin(), month.share.end(), 0.0);
  };
  // Firms by their revenue at the end; tables and charts show the largest, the rest together.
  std::vector<size_t> order(F);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return months.back().revenue[a] > months.back().revenue[b]; });
  const size_t shown = std::min(F, size_t{6});

  // 1. The market by month.
  std::vector<std::string> header = {"month", m.unit, "adopted", "price", "revenue", "HHI"};
  for (size_t k = 0; k < shown; ++k) header.push_back(m.firms[order[k]]);
  if (F > shown) header.push_back("others");
  TextTable table(header);
  Json list = Json::array();
  std::string trouble;
  for (size_t t = 0; t < M; ++t) {
    const auto& month = months[t];
    const double all = std::accumulate(month.revenue.begin(), month.revenue.end(), 0.0), sold = inside(month);
    double adopted = 0;
    for (const double a : month.adopted) adopted += a / double(G);
    if (t % size_t(every) == 0 || t + 1 == M) {
      std::vector<std::string> row = {race.month_name(int(t)),
                                      si(month.size * sold),
                                      adopted > 0 ? percent(adopted, 1) : "",
                                      figure_text(month.mean_price),
                                      si(all),
                                      figure_text(month.equilibrium.hhi)};
      double rest = sold;
      for (size_t k = 0; k < shown; ++k) {
        row.push_back(percent(month.share[order[k]] / sold, 1));
        rest -= month.share[order[k]];
      }
      if (F > shown) row.push_back(percent(std::max(0.0, rest) / sold, 1));
      table.add(row);
    }
    Json firms = Json::array();
    for (size_t f = 0; f < F; ++f)
      firms.push_back({{"firm", m.firms[f]},
                       {"share", month.share[f]},
                       {"share_of_sales", month.share[f] / sold},
                       {"revenue", month.revenue[f]},
                       {"profit", month.profit[f]}});
    Json adoption = Json::object();
    for (size_t g = 0; g < G; ++g)
      if (month.adopted[g] > 0) adoption[m.segments[g]] = month.adopted[g];
    const auto& e = month.equilibrium;
    list.push_back({{"month", race.month_name(int(t))},
                    {"size", month.size},
                    {"units_sold", month.size * sold},
                    {"adopted", adoption},
                    {"mean_price", month.mean_price},
                    {"revenue", all},
                    {"hhi", e.hhi},
                    {"consumer_surplus", std::isfinite(month.consumer_surplus) ? Json(month.consumer_surplus) : Json()},
                    {"status", to_string(e.status)},
                    {"firms", firms}});
    if (e.status != Status::Converged && trouble.empty())
      trouble = fmt::format("prices of {} are {}: {}; the figures from there on are no equilibrium",
                            race.month_name(int(t)), to_string(e.status), e.why);
  }
  view.tables.emplace_back("", table);

  // 2. Firms: start against end.
  TextTable firms(
      {"firm", "share of sales", "at the end", "revenue a month", "at the end", "profit a month", "at the end"});
  Json rows = Json::array(), share_lines = Json::array(), revenue_lines = Json::array();
  const auto& first = months.front();
  const auto& last = months.back();
  for (const size_t f : order) {
    const double before = first.share[f] / inside(first), after = last.share[f] / inside(last);
    firms.add({m.firms[f], percent(before, 1), percent(after, 1), si(first.revenue[f]), si(last.revenue[f]),
               si(first.profit[f]), si(last.profit[f])});
    rows.push_back({m.firms[f], before, after, first.revenue[f], last.revenue[f], first.profit[f], last.profit[f]});
  }
  view.tables.emplace_back("firms, month 0 and the last", firms);
  Json rest_share = Json::array(), rest_revenue = Json::array();
  for (size_t k = 0; k < shown; ++k) {
    const size_t f = order[k];
    Json share = Json::array(), revenue = Json::array(), band = Json::array();
    for (size_t t = 0; t < M; ++t) {
      share.push_back({int(t), months[t].share[f] / inside(months[t])});
      revenue.push_back({int(t), months[t].revenue[f]});
      if (fan) band.push_back({int(t), fan->share[f][t][0], fan->share[f][t][4]});
    }
    Json series = {{"name", m.firms[f]}, {"data", share}, {"color", int(k)}};
    if (fan && k < 3) series["band"] = band;
    share_lines.push_back(series);
    revenue_lines.push_back({{"name", m.firms[f]}, {"data", revenue}, {"color", int(k)}});
  }
  if (F > shown) {
    for (size_t t = 0; t < M; ++t) {
      double share = 0, revenue = 0;
      for (size_t k = shown; k < F; ++k)
        share += months[t].share[order[k]] / inside(months[t]), revenue += months[t].revenue[order[k]];
      rest_share.push_back({int(t), share}), rest_revenue.push_back({int(t), revenue});
    }
    share_lines.push_back({{"name", both("others", "其他")}, {"data", rest_share}, {"color", 6}, {"dash", true}});
    revenue_lines.push_back({{"name", both("others", "其他")}, {"data", rest_revenue}, {"color", 6}});
  }
  Json sold = Json::array(), sold_band = Json::array(), price = Json::array(), revenue_band = Json::array(),
       all_revenue = Json::array();
  for (size_t t = 0; t < M; ++t) {
    sold.push_back({int(t), months[t].size * inside(months[t])});
    price.push_back({int(t), months[t].mean_price});
    all_revenue.push_back({int(t), std::accumulate(months[t].revenue.begin(), months[t].revenue.end(), 0.0)});
    if (fan) revenue_band.push_back({int(t), fan->revenue[t][0], fan->revenue[t][4]});
  }

  TextPlot plot;
  for (size_t k = shown; k-- > 0;) {  // the largest firm is drawn last, on top
    TextPlot::Line line{std::string(1, char('a' + k)), m.firms[order[k]], {}};
    for (size_t t = 0; t < M; ++t) line.points.emplace_back(double(t), months[t].share[order[k]] / inside(months[t]));
    plot.lines.push_back(std::move(line));
  }
  plot.x_label = [&](double t) { return race.month_name(int(std::lround(t))); };
  plot.y_label = [](double share) { return percent(share, 0); };
  view.plots.emplace_back("share of sales", plot.to_string());

  // 3. What a reader must know.
  if (!trouble.empty()) view.notes.push_back(trouble);
  const double years = double(M - 1) / 12, growth = last.size / first.size;
  view.notes.push_back(fmt::format("market: {} to {} {} a {}, {} a year", si(first.size), si(last.size), m.unit,
                                   m.period, percent(std::pow(growth, 1 / years) - 1, 1)));
  if (fan) {
    const auto& r = fan->revenue.back();
    view.notes.push_back(fmt::format("revenue in {} over {} futures: median {}, 5% to 95%: {} to {}",
                                     race.month_name(race.months), grouped(fan->paths), si(r[2]), si(r[0]), si(r[4])));
    view.json["paths"] = fan->paths;
  }
  for (const auto& [en, zh] : notes) view.notes.push_back(en);
  for (const auto& n : m.notes) view.notes.push_back(n);
  view.json["market"] = m.name;
  view.json["unit"] = m.unit;
  view.json["currency"] = m.currency;
  view.json["converged"] = trouble.empty();
  view.json["months"] = list;
  if (fan) {
    Json shares = Json::object();
    for (size_t f = 0; f < F; ++f) shares[m.firms[f]] = fan->share[f].back();
    view.json["last_month"] = {{"share_quantiles", shares},
                               {"size_quantiles", fan->size.back()},
                               {"revenue_quantiles", fan->revenue.back()},
                               {"levels", {0.05, 0.25, 0.5, 0.75, 0.95}}};
  }
  view.json["notes"] = view.notes;

  // 4. The page.
  const Json axis = {{"title", both("month", "月")}};
  Json blocks = Json::array();
  if (!trouble.empty()) blocks.push_back({{"type", "note"}, {"tone", "warning"}, {"text", trouble}});
  blocks.push_back({{"type", "kpis"},
                    {"items", Json::array({{{"label", both("Units sold, now", "当前销量")},
                                            {"value", first.size * inside(first)},
                                            {"format", "compact"},
                                            {"note", m.unit}},
                                           {{"label", both("Units sold, at the end", "期末销量")},
                                            {"value", last.size * inside(last)},
                                            {"format", "compact"},
                                            {"note", m.unit}},
                                           {{"label", both("Revenue a month, at the end", "期末月收入")},
                                            {"value", std::accumulate(last.revenue.begin(), last.revenue.end(), 0.0)},
                                            {"format", currency}},
                                           {{"label", both("HHI, at the end", "期末 HHI")},
                                            {"value", last.equilibrium.hhi},
                                            {"format", "int"}}})}});
  blocks.push_back(chart("line", both("Share of sales", "销量份额"),
                         {{"x", axis}, {"y", {{"format", "percent"}, {"zero", true}}}, {"series", share_lines}}));
  blocks.push_back(chart("area", both("Revenue a month by firm", "各企业月收入"),
                         {{"x", axis}, {"y", {{"format", currency}}}, {"series", revenue_lines}}));
  Json total = {{"name", both("all firms", "全部企业")}, {"data", all_revenue}};
  if (fan) total["band"] = revenue_band;
  blocks.push_back(
      chart("line", both("Revenue a month", "月收入"),
            {{"x", axis}, {"y", {{"format", currency}, {"zero", true}}}, {"series", Json::array({total})}}));
  blocks.push_back(chart("line", both("Units sold", "销量"),
                         {{"x", axis},
                          {"width", "half"},
                          {"y", {{"format", "compact"}, {"zero", true}}},
                          {"series", Json::array({{{"name", m.unit}, {"data", sold}}})}}));
  blocks.push_back(chart("line", both("Mean price of a unit", "平均单价"),
                         {{"x", axis},
                          {"width", "half"},
                          {"y", {{"format", ascii_lower(m.currency)}, {"zero", true}}},
                          {"series", Json::array({{{"name", both("price", "价格")}, {"data", price}}})}}));
  blocks.push_back(report::report_table(both("Firms", "企业"),
                                        {{both("Firm", "企业"), ""},
                                         {both("Share now", "当前份额"), "percent"},
                                         {both("at the end", "期末份额"), "percent"},
                                         {both("Revenue now", "当前月收入"), currency},
                                         {both("at the end", "期末"), currency},
                                         {both("Profit now", "当前月利润"), currency},
                                         {both("at the end", "期末"), currency}},
                                        rows));
  Json assumptions = Json::array();
  for (const auto& [en, zh] : notes) assumptions.push_back(both(en, zh));
  for (const auto& n : m.notes) assumptions.push_back(n);
  if (!assumptions.empty())
    blocks.push_back({{"type", "details"},
                      {"title", both("Assumptions and sources", "假设与来源")},
                      {"blocks", Json::array({{{"type", "list"}, {"items", assumptions}}})}});
  view.sections.push_back(section(
      "forecast", both("Market forecast", "市场预测"),
      both(fmt::format("{}, {} months from {}{}", m.name, M - 1, race.start,
                       fan ? fmt::format("; bands of the first three firms: 5% to 95% of {} futures", fan->paths) : ""),
           fmt::format("{}，自 {} 起 {} 个月{}", m.name, race.start, M - 1,
                       fan ? fmt::format("；前三家企业的阴影带为 {} 种未来的 5% 至 95%", fan->paths) : "")),
      blocks));
  return view;
}

}  // namespace ingot::market
