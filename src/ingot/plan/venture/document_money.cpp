// Runway, rounds and valuation of the page.
#include <algorithm>
#include <cmath>

#include "ingot/plan/finance/round.h"
#include "ingot/plan/venture/document.h"

namespace ingot::venture {

using report::both;
using report::chart;
using report::figure;
using report::section;

Json runway_section(const Outcome& o) {
  const auto& t = shown(o);
  const auto& v = o.verdict;
  const int months = t.layout().months;
  Json blocks = Json::array();
  blocks.push_back(chart("line", both("Cash", "现金"),
                         {{"note", both("Median and bands over all futures; those that have run out count as zero.",
                                        "全部路径的中位数与区间；已耗尽者计为零。")},
                          {"x", {{"title", both("month", "月")}, {"format", "int"}}},
                          {"y", {{"title", both("cash", "现金")}, {"format", "usd_compact"}}},
                          {"series", fan_series(o, t, Layout::CashFan, both("median", "中位数"), 0)}}));
  Json alive = Json::array(), lead = Json::array(), written = Json::array();
  for (int m = 0; m < months; ++m) {
    alive.push_back({m + 1, t.probability(Layout::Alive, m)}), lead.push_back({m + 1, t.probability(Layout::Lead, m)});
    if (o.analysis.best && o.analysis.base) written.push_back({m + 1, o.analysis.base->probability(Layout::Alive, m)});
  }
  Json chances = Json::array({{{"name", both("alive", "存活")}, {"color", 0}, {"data", alive}},
                              {{"name", both("leads", "领先")}, {"color", 2}, {"data", lead}}});
  if (!written.empty())
    chances.push_back({{"name", both("alive, policy as written", "存活（按原定政策）")},
                       {"color", 0},
                       {"dash", true},
                       {"data", written}});
  blocks.push_back(
      chart("line", both("Chances", "概率"),
            {{"width", "half"},
             {"x", {{"title", both("month", "月")}, {"format", "int"}}},
             {"y", {{"title", both("probability", "概率")}, {"format", "percent"}, {"min", 0}, {"max", 1}}},
             {"series", chances}}));
  blocks.push_back(chart("line", both("Revenue a month", "月收入"),
                         {{"width", "half"},
                          {"x", {{"title", both("month", "月")}, {"format", "int"}}},
                          {"y", {{"title", both("revenue", "收入")}, {"format", "usd_compact"}}},
                          {"series", fan_series(o, t, Layout::RevenueFan, both("median", "中位数"), 1)}}));
  // Where the money goes, by year, as means over the futures.
  Json years = Json::array(), series = Json::array();
  for (int y = 0; y * 12 < months; ++y)
    years.push_back(both(fmt::format("year {}", y + 1), fmt::format("第 {} 年", y + 1)));
  const auto yearly = [&](Json name, int color, std::initializer_list<Layout::Sum> sums, double sign) {
    Json data = Json::array();
    for (int y = 0; y * 12 < months; ++y) {
      double total = 0;
      for (int m = y * 12; m < std::min(months, y * 12 + 12); ++m)
        for (const auto s : sums) total += sign * t.mean(s, m);
      data.push_back(total);
    }
    series.push_back({{"name", std::move(name)}, {"color", color}, {"data", data}});
  };
  yearly(both("receipts", "收款"), 1, {Layout::Receipts}, 1),
      yearly(both("financing", "融资"), 4, {Layout::Financing}, 1);
  yearly(both("team and fixed", "团队与固定"), 0, {Layout::Fixed, Layout::Tax, Layout::Service}, -1),
      yearly(both("R&D compute", "研发算力"), 2, {Layout::Research, Layout::Compute}, -1);
  yearly(both("serving", "推理"), 3, {Layout::Serving}, -1);
  blocks.push_back(
      chart("bar", both("Cash in and out, mean of all futures", "现金流入与流出（全部路径均值）"),
            {{"categories", years}, {"stacked", true}, {"y", {{"format", "usd_compact"}}}, {"series", series}}));
  Json need = Json::array({kpi(both("Cash needed without any raise", "不融资所需现金"),
                               predicted(o, v.need.median, "usd_compact"), both("median", "中位数")),
                           kpi(both("at 75 % confidence", "75% 置信"), predicted(o, v.need.q75, "usd_compact")),
                           kpi(both("at 90 % confidence", "90% 置信"), predicted(o, v.need.q90, "usd_compact"),
                               both("beyond today's cash", "超出现有现金部分"))});
  blocks.push_back({{"type", "kpis"}, {"items", need}});
  return section("runway", both("Runway and funding need", "跑道与资金需求"), nullptr, blocks);
}

Json rounds_section(const Outcome& o) {
  Json blocks = Json::array();
  const auto& start = o.venture.table;
  Json rows = Json::array();
  for (const auto& r : o.rounds.steps) {
    double price = r.result.price.to_double();
    rows.push_back({r.series, both(month_name(o.venture, r.month), month_name(o.venture, r.month)),
                    predicted(o, r.closing.amount, "usd_compact"), predicted(o, r.closing.pre_money, "usd_compact"),
                    figure(price, "fixed4", report::Basis::Predicted,
                           both("exact round solver (plan/finance)", "精确融资轮求解（plan/finance）")),
                    r.closing.dilution, double(r.result.total)});
  }
  if (!rows.empty())
    blocks.push_back(report::report_table(both("Rounds on the path without chance", "无随机性路径上的各轮融资"),
                                          {{both("round", "轮次"), ""},
                                           {both("closing", "交割"), ""},
                                           {both("amount", "金额"), ""},
                                           {both("pre-money", "投前估值"), ""},
                                           {both("price a share", "每股价格"), ""},
                                           {both("sold", "出让"), "percent"},
                                           {both("shares after", "融资后股数"), "int"}},
                                          rows));
  // Ownership after each round, by holder group.
  Json names = Json::array({both("today", "现在")});
  std::vector<const finance::CapTable*> tables = {&start};
  for (const auto& r : o.rounds.steps) tables.push_back(&r.table), names.push_back(r.series);
  std::vector<std::pair<std::string, std::vector<double>>> groups;
  const auto put = [&](const std::string& group, size_t at, double share) {
    auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == group; });
    if (found == groups.end()) found = groups.insert(groups.end(), {group, std::vector<double>(tables.size(), 0)});
    found->second[at] += share;
  };
  for (size_t k = 0; k < tables.size(); ++k) {
    const auto& t = *tables[k];
    const double all = double(t.fully_diluted());
    if (all <= 0) continue;
    for (const auto& h : t.holdings) {
      const bool stock = h.kind == finance::PositionKind::Stock;
      put(stock ? t.share_class(h.class_id).name : "options", k, double(t.as_converted(h)) / all);
    }
    double pool = double(t.promised);
    for (const auto& p : t.plans) pool += double(p.available());
    put("pool", k, pool / all);
  }
  Json series = Json::array(), table_rows = Json::array();
  for (size_t g = 0; g < groups.size(); ++g) {
    Json data = Json::array(), row = Json::array({groups[g].first});
    for (const double share : groups[g].second) data.push_back(share), row.push_back(share);
    series.push_back({{"name", groups[g].first}, {"color", int(g % 8)}, {"data", data}});
    table_rows.push_back(std::move(row));
  }
  blocks.push_back(chart(
      "bar", both("Who owns the company, fully diluted", "完全稀释后的股权结构"),
      {{"categories", names}, {"stacked", true}, {"y", {{"format", "percent"}, {"max", 1}}}, {"series", series}}));
  std::vector<std::pair<Json, std::string>> columns = {{both("class", "类别"), ""}};
  for (const auto& n : names) columns.emplace_back(n, "percent");
  blocks.push_back(report::report_table(both("Cap table by round", "各轮股权表"), columns, table_rows));
  // Founders over the futures.
  const auto& t = shown(o);
  blocks.push_back(
      {{"type", "kpis"},
       {"items",
        {kpi(both("Founders at the horizon", "期末创始人持股"),
             predicted(o, t.end(Layout::FounderShare, 0.5), t.end(Layout::FounderShare, 0.05),
                       t.end(Layout::FounderShare, 0.95), "percent"),
             both("median, 5 to 95 %", "中位数，5% 至 95%")),
         kpi(both("Raised by then", "累计融资"), predicted(o, t.end_mean(Layout::Raised), "usd_compact"),
             both("mean", "均值")),
         kpi(both("Rounds", "轮次"), predicted(o, t.end_mean(Layout::Rounds), "fixed1"), both("mean", "均值")),
         kpi(both("Founders' proceeds", "创始人所得"), predicted(o, t.end_mean(Layout::FounderValue), "usd_compact"),
             both("mean over all futures, ruined ones included", "全部路径均值，含破产路径"))}}});
  // Waterfall at exit values, on the last table.
  const auto& last = *tables.back();
  if (!o.venture.exit.values.empty()) {
    auto exit = o.venture.exit;
    const auto structure = finance::exit_of(last, exit);
    Json wrows = Json::array();
    std::vector<std::pair<Json, std::string>> head = {{both("claim", "权益"), ""}};
    std::vector<finance::WaterfallResult> results;
    for (const auto& value : exit.values) {
      const auto money = finance::to_money(value, last.currency, "exit.values");
      results.push_back(finance::waterfall(structure, money.minor, exit.kind));
      const auto text = dollars(double(money.minor) / double(last.currency.minor_per_major()));
      head.emplace_back(both("exit at " + text, "退出价 " + text), "usd_compact");
    }
    const double per = double(last.currency.minor_per_major());
    const auto add = [&](auto member) {
      for (size_t i = 0; i < (results[0].*member).size(); ++i) {
        Json row = Json::array({(results[0].*member)[i].name});
        double most = 0;
        for (const auto& r : results)
          row.push_back(double((r.*member)[i].paid) / per), most = std::max(most, double((r.*member)[i].paid));
        if (most > 0) wrows.push_back(std::move(row));
      }
    };
    add(&finance::WaterfallResult::debts), add(&finance::WaterfallResult::carve_outs),
        add(&finance::WaterfallResult::classes);
    auto block = report::report_table(
        both("Who gets what at an exit, after all rounds above", "以上各轮之后，退出时的分配"), head, wrows);
    bool fair = true;
    for (const auto& r : results) fair &= r.equilibrium();
    block["note"] =
        fair ? both("Exact to the cent; certified: no class gains by converting or keeping its preference otherwise.",
                    "精确到分；已验证：任何类别改变转换选择都不会获益。")
             : both("The certificate failed.", "验证未通过。");
    blocks.push_back(std::move(block));
  }
  for (const auto& w : o.rounds.warnings) blocks.push_back(note("warning", w));
  return section("rounds", both("Rounds, dilution and exits", "融资轮、稀释与退出"), nullptr, blocks);
}

Json valuation_section(const Outcome& o) {
  Json items = Json::array(), rows = Json::array();
  const auto& v = o.verdict;
  if (v.raises)
    items.push_back({{"label", both("simulated price of the next round", "模拟的下一轮定价")},
                     {"low", v.pre_money.low},
                     {"mid", v.pre_money.mid},
                     {"high", v.pre_money.high},
                     {"basis", "predicted"}});
  std::vector<std::pair<std::string, std::string>> why;
  // Venture method on the simulated company: its value at the horizon, discounted at what early investors ask.
  const auto& t = shown(o);
  const double years = o.venture.section.months / 12.0, mean = t.end_mean(Layout::CompanyValue);
  const double keep = t.end_mean(Layout::FounderShare) / std::max(1e-9, o.plan.ownership.founder);
  const auto now = [&](double rate) { return mean * keep / std::pow(1 + rate, years); };
  if (mean > 0)
    items.push_back(
        {{"label", both("simulated value at the horizon, discounted at 40 to 60 %", "期末模拟价值按 40% 至 60% 折现")},
         {"low", now(0.6)},
         {"mid", now(0.5)},
         {"high", now(0.4)},
         {"basis", "predicted"}});
  if (o.venture.valuation) {
    const auto report = finance::value_company(o.venture.table, *o.venture.valuation, finance::catalogued_rounds());
    for (const auto& e : report.estimates) {
      items.push_back({{"label", report::both(e.method)},
                       {"low", e.low},
                       {"mid", e.mid},
                       {"high", e.high},
                       {"basis", e.method.en.find("omparable") != std::string::npos ? "catalogued" : "assumed"}});
      rows.push_back({report::both(e.method), report::both(e.basis)});
    }
  }
  if (items.empty()) return nullptr;
  Json blocks = Json::array();
  blocks.push_back(chart("football", both("What the company is worth", "公司估值区间"),
                         {{"x", {{"format", "usd_compact"}, {"scale", "log"}}}, {"items", items}}));
  if (!rows.empty())
    blocks.push_back(report::report_table(both("What each method rests on", "各方法的依据"),
                                          {{both("method", "方法"), ""}, {both("basis", "依据"), ""}}, rows));
  return section("valuation", both("Valuation", "估值"), nullptr, blocks);
}

}  // namespace ingot::venture
