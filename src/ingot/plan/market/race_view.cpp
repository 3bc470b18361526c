#include "ingot/plan/market/race_view.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ingot/plan/market/market_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::market {
namespace {

using report::both;
using report::chart;
using report::percent;
using report::section;

// The month in which the frontier first reached `points`, counted back from `month`; nothing when it never did.
std::optional<int> months_behind(const std::vector<double>& frontier, size_t month, double points) {
  for (size_t m = 0; m <= month; ++m)
    if (frontier[m] >= points - 1e-9) return int(month - m);
  return std::nullopt;
}

}  // namespace

report::View race_view(const RaceSection& s, const std::vector<RaceMonth>& path, const RaceFan* fan,
                       const BudgetEquilibrium* budgets, int every) {
  report::View view;
  const size_t F = s.firms.size(), M = path.size();
  const bool market = !path.front().revenue.empty();
  std::vector<double> frontier(M);
  for (size_t m = 0; m < M; ++m) frontier[m] = *std::max_element(path[m].released.begin(), path[m].released.end());

  // 1. Capability of the released models, a column a firm.
  std::vector<std::string> header = {"month"};
  for (const auto& f : s.firms) header.push_back(f.name);
  header.push_back("leader");
  TextTable points(header);
  Json months = Json::array();
  for (size_t m = 0; m < M; ++m) {
    const auto& now = path[m];
    const size_t leader = size_t(std::max_element(now.released.begin(), now.released.end()) - now.released.begin());
    if (m % size_t(every) == 0 || m + 1 == M) {
      std::vector<std::string> row = {s.month_name(int(m))};
      for (size_t f = 0; f < F; ++f) row.push_back(fmt::format("{:.1f}", now.released[f]));
      row.push_back(s.firms[leader].name);
      points.add(row);
    }
    Json released = Json::object(), trainable = Json::object(), budget = Json::object(), revenue = Json::object(),
         profit = Json::object(), releases = Json::array();
    for (size_t f = 0; f < F; ++f) {
      const auto& name = s.firms[f].name;
      released[name] = now.released[f], trainable[name] = now.trainable[f], budget[name] = now.budget[f];
      if (market) revenue[name] = now.revenue[f];
      if (!now.profit.empty()) profit[name] = now.profit[f];
      if (now.released_now >> f & 1) releases.push_back(name);
    }
    months.push_back({{"month", s.month_name(int(m))},
                      {"leader", s.firms[leader].name},
                      {"released", released},
                      {"trainable", trainable},
                      {"rnd_usd", budget},
                      {"releases", releases}});
    if (market) months.back()["revenue_usd"] = revenue;
    if (!now.profit.empty()) months.back()["profit_usd"] = profit;
  }
  view.tables.emplace_back("", points);

  // 2. Firms over the whole race.
  TextTable firms(
      {"firm", "rule", "R&D now", "R&D at the end", "R&D in all", "releases", "points gained", "months behind"});
  Json summary = Json::array(), rows = Json::array(), lines = Json::array(), spend = Json::array();
  for (size_t f = 0; f < F; ++f) {
    int releases = 0;
    double total = 0;
    Json line = Json::array(), money = Json::array(), band = Json::array();
    for (size_t m = 0; m < M; ++m) {
      releases += int(path[m].released_now >> f & 1);
      if (m) total += path[m].budget[f];
      line.push_back({int(m), path[m].released[f]});
      if (path[m].budget[f] > 0) money.push_back({int(m), path[m].budget[f]});
      if (fan) band.push_back({int(m), fan->released[f][m][0], fan->released[f][m][4]});
    }
    const double gained = path.back().released[f] - path.front().released[f];
    const auto behind = months_behind(frontier, M - 1, path.back().released[f]);
    const std::string rule = enum_name(s.firms[f].rule);
    firms.add({s.firms[f].name, rule, si(path.front().budget[f]), si(path.back().budget[f]), si(total),
               std::to_string(releases), fmt::format("{:.1f}", gained), behind ? std::to_string(*behind) : "n/a"});
    Json item = {{"firm", s.firms[f].name}, {"rule", rule},
                 {"rnd_usd_total", total},  {"releases", releases},
                 {"points_gained", gained}, {"months_behind", behind ? Json(*behind) : Json()}};
    if (fan) item["leads_at_the_end"] = fan->leads[f], item["released_quantiles"] = fan->released[f].back();
    summary.push_back(item);
    rows.push_back({s.firms[f].name, path.front().budget[f], path.back().budget[f], total, releases, gained,
                    behind ? Json(*behind) : Json()});
    Json series = {{"name", s.firms[f].name}, {"data", line}, {"step", fan == nullptr}, {"color", int(f % 8)}};
    if (fan && f < 3) series["band"] = band;
    lines.push_back(series);
    spend.push_back({{"name", s.firms[f].name}, {"data", money}, {"color", int(f % 8)}});
  }
  view.tables.emplace_back("firms", firms);
  const double years = double(M - 1) / 12;
  view.notes.push_back(fmt::format("frontier: {:.1f} to {:.1f} points, {:.1f} a year", frontier.front(),
                                   frontier.back(), (frontier.back() - frontier.front()) / years));
  view.json = {{"start", s.start}, {"config", write_config(s)}, {"months", months}, {"firms", summary}};

  Json blocks = Json::array();
  if (fan) {
    std::string leads;
    Json names = Json::array(), chance = Json::array();
    for (size_t f = 0; f < F; ++f) {
      leads += fmt::format("{}{} {}", f ? ", " : "", s.firms[f].name, percent(fan->leads[f], 1));
      names.push_back(s.firms[f].name), chance.push_back(fan->leads[f]);
    }
    view.notes.push_back(
        fmt::format("best model in {} over {} futures: {}", s.month_name(s.months), grouped(fan->paths), leads));
    view.json["paths"] = fan->paths;
    blocks.push_back(chart("bar", both("Chance of the best model at the end", "期末拥有最佳模型的概率"),
                           {{"categories", names},
                            {"horizontal", true},
                            {"y", {{"format", "percent"}}},
                            {"series", Json::array({{{"name", both("chance", "概率")}, {"data", chance}}})}}));
  }
  if (budgets) {
    TextTable table({"firm", "R&D a month", "points after the horizon", "profit a month after R&D"});
    Json list = Json::array(), cells = Json::array();
    for (size_t f = 0; f < F; ++f) {
      table.add(
          {s.firms[f].name, si(budgets->budget[f]), fmt::format("{:.1f}", budgets->points[f]), si(budgets->profit[f])});
      list.push_back({{"firm", s.firms[f].name},
                      {"rnd_usd", budgets->budget[f]},
                      {"points", budgets->points[f]},
                      {"profit_usd", budgets->profit[f]}});
      cells.push_back({s.firms[f].name, budgets->budget[f], budgets->points[f], budgets->profit[f]});
    }
    const std::string name = fmt::format("budgets when every firm best-responds over {} months", s.horizon_months);
    view.tables.emplace_back(name, table);
    const std::string status =
        budgets->converged ? fmt::format(
                                 "equilibrium in budgets after {} rounds: no firm gains more than {:.1e} of all "
                                 "profits by another budget",
                                 budgets->rounds, std::max(budgets->best_deviation, 0.0))
                           : "budgets are no equilibrium: " + budgets->why;
    view.notes.push_back(status);
    view.json["budgets"] = {{"converged", budgets->converged},
                            {"why", budgets->why},
                            {"rounds", budgets->rounds},
                            {"best_deviation", budgets->best_deviation},
                            {"firms", list}};
    blocks.push_back(report::report_table(both("Equilibrium budgets", "均衡研发预算"),
                                          {{both("Firm", "企业"), ""},
                                           {both("R&D a month", "每月研发"), "usd_compact"},
                                           {both("Points", "能力分"), "fixed1"},
                                           {both("Profit a month", "每月利润"), "usd_compact"}},
                                          cells));
    blocks.push_back({{"type", "note"},
                      {"tone", budgets->converged ? "good" : "warning"},
                      {"text", both(status, budgets->converged ? "均衡：偏离网格上没有企业能靠改变预算获利"
                                                               : "未得到均衡，以上数字不是均衡")}});
  }
  const Json axis = {{"title", both("month", "月")}};
  const Json top = Json::array(
      {chart("line", both("Capability of released models", "已发布模型的能力"),
             {{"x", axis}, {"y", {{"title", both("points", "分")}, {"format", "fixed0"}}}, {"series", lines}}),
       chart("line", both("R&D compute a month", "每月研发算力支出"),
             {{"x", axis}, {"y", {{"format", "usd_compact"}, {"scale", "log"}}}, {"series", spend}}),
       report::report_table(both("Firms", "企业"),
                            {{both("Firm", "企业"), ""},
                             {both("R&D now", "当前研发"), "usd_compact"},
                             {both("at the end", "期末"), "usd_compact"},
                             {both("in all", "合计"), "usd_compact"},
                             {both("Releases", "发布次数"), "int"},
                             {both("Points gained", "能力增长"), "fixed1"},
                             {both("Months behind", "落后月数"), "int"}},
                            rows)});
  blocks.insert(blocks.begin(), top.begin(), top.end());
  view.sections.push_back(
      section("race", both("Capability race", "能力竞赛"),
              fan ? both(fmt::format("From {}, {} months; bands of the first three firms: 5% to 95% of {} futures",
                                     s.start, s.months, fan->paths),
                         fmt::format("自 {} 起 {} 个月；前三家企业的阴影带为 {} 种未来的 5% 至 95%", s.start, s.months,
                                     fan->paths))
                  : both(fmt::format("From {}, {} months", s.start, s.months),
                         fmt::format("自 {} 起 {} 个月", s.start, s.months)),
              blocks));
  return view;
}

}  // namespace ingot::market
