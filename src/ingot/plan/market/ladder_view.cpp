#include <cmath>

#include <fmt/format.h>

#include "ingot/plan/market/market_view.h"
#include "ingot/plan/market/race_view.h"
#include "ingot/plan/report/report.h"

namespace ingot::market {
namespace {

using report::both;
using report::chart;
using report::percent;
using report::section;

Json kpi(Json label, double value, const std::string& format) {
  return {{"label", std::move(label)}, {"value", value}, {"format", format}};
}

Json note(bool good, const std::string& en, const std::string& zh) {
  return {{"type", "note"}, {"tone", good ? "good" : "warning"}, {"text", both(en, zh)}};
}

Json rung_axis() { return {{"title", both("own rung", "自身能力级")}}; }

double largest_gap(const LadderEquilibrium& e, const LadderAgents& agents) {
  double gap = 0;
  std::vector<int> rungs(size_t(e.config.firms), 1);
  for (;;) {  // every joint state, firm 0 first
    const std::vector<int> rivals(rungs.begin() + 1, rungs.end());
    gap = std::max(gap, std::fabs(agents.invest_at(e.config, 0, rungs) - e.invest[e.state(rungs[0], rivals)]));
    size_t k = 0;
    while (k < rungs.size() && rungs[k] == e.config.rungs) rungs[k++] = 1;
    if (k == rungs.size()) return gap;
    ++rungs[k];
  }
}

Json summary_json(const LadderSummary& s) {
  return {{"mean_rung", s.rung},   {"mean_invest", s.invest}, {"mean_price", s.price}, {"mean_profit", s.profit},
          {"mean_value", s.value}, {"mean_lead", s.lead},     {"rungs", s.rungs}};
}

}  // namespace

report::View ladder_view(const LadderEquilibrium& e, const LadderAgents* agents) {
  report::View view;
  const int L = e.config.rungs;
  const auto mean = summarize(e);
  const auto rivals = [&](int rung) { return std::vector<int>(size_t(e.config.firms - 1), rung); };
  const auto at = [&](int own, int other) { return e.state(own, rivals(other)); };

  TextTable table({"own rung", "quality", "price", "profit", "invest, rivals level", "rivals on 1",
                   fmt::format("rivals on {}", L), "value, rivals level", "long run"});
  Json policy = Json::array(), level = Json::array(), behind = Json::array(), ahead = Json::array(),
       share = Json::array(), rungs = Json::array();
  for (int w = 1; w <= L; ++w) {
    const size_t s = at(w, w);
    const double quality = ladder_quality(e.config, w), long_run = mean.rungs[size_t(w - 1)];
    const double x = e.invest[s], lead = e.invest[at(w, 1)], lag = e.invest[at(w, L)];
    table.add({std::to_string(w), figure_text(quality), figure_text(e.price[s]), figure_text(e.profit[s]),
               fmt::format("{:.4f}", x), fmt::format("{:.4f}", lead), fmt::format("{:.4f}", lag),
               figure_text(e.value[s], 5), percent(long_run)});
    policy.push_back({{"rung", w},
                      {"quality", quality},
                      {"price", e.price[s]},
                      {"profit", e.profit[s]},
                      {"invest", x},
                      {"invest_rivals_on_first", lead},
                      {"invest_rivals_on_last", lag},
                      {"value", e.value[s]},
                      {"long_run", long_run}});
    level.push_back({w, x}), ahead.push_back({w, lead}), behind.push_back({w, lag});
    share.push_back(long_run), rungs.push_back(std::to_string(w));
  }
  view.tables.emplace_back("", table);

  const std::string en =
      e.converged ? fmt::format("Markov-perfect equilibrium: Bellman and best-response residual {:.1e}", e.residual)
                  : fmt::format(
                        "not converged: residual {:.1e} after {} sweeps; the figures are no "
                        "equilibrium",
                        e.residual, e.iterations);
  const std::string zh = e.converged
                             ? fmt::format("马尔可夫完美均衡：贝尔曼与最优反应残差 {:.1e}", e.residual)
                             : fmt::format("未收敛：{} 轮后残差 {:.1e}，以下数字不是均衡", e.iterations, e.residual);
  view.notes.push_back(en);
  view.notes.push_back(
      fmt::format("long run: mean rung {:.4f}, price {:.4f}, investment {:.4f}, profit {:.4f}, lead over "
                  "the best rival {:.3f} rungs, 0 when behind",
                  mean.rung, mean.price, mean.invest, mean.profit, mean.lead));
  if (e.config.starts > 1 || e.num_equilibria > 1)
    view.notes.push_back(fmt::format(
        "{} {} from {} starts{}", e.num_equilibria, e.num_equilibria == 1 ? "equilibrium" : "equilibria",
        e.config.starts, e.num_equilibria > 1 ? ": what happens depends on what firms expect of each other" : ""));
  Json others = Json::array(), blocks = Json::array({note(e.converged, en, zh)});
  for (size_t i = 0; i < e.others.size(); ++i) {
    const auto s = summarize(e.others[i]);
    view.notes.push_back(fmt::format("  equilibrium {}: mean rung {:.4f}, price {:.4f}, profit {:.4f}, residual {:.1e}",
                                     i + 2, s.rung, s.price, s.profit, e.others[i].residual));
    auto json = summary_json(s);
    json["residual"] = e.others[i].residual;
    others.push_back(json);
  }
  view.json = {{"game", "markov"},
               {"config", write_config(e.config)},
               {"converged", e.converged},
               {"residual", e.residual},
               {"iterations", e.iterations},
               {"num_equilibria", e.num_equilibria},
               {"long_run", summary_json(mean)},
               {"policy", policy},
               {"others", others}};
  if (e.states.size() <= 5000) {  // every state, for programs
    Json states = Json::array();
    for (size_t i = 0; i < e.states.size(); ++i)
      states.push_back({{"rungs", e.states[i]},
                        {"value", e.value[i]},
                        {"invest", e.invest[i]},
                        {"price", e.price[i]},
                        {"profit", e.profit[i]}});
    view.json["states"] = states;
  }
  if (agents) {
    const double gap = largest_gap(e, *agents);
    view.notes.push_back(
        fmt::format("agents that best-respond from random policies: {} after {} rounds, largest "
                    "difference from the equilibrium {:.1e}",
                    agents->converged ? "at rest" : "still moving", agents->rounds, gap));
    view.json["agents"] = {{"converged", agents->converged},
                           {"rounds", agents->rounds},
                           {"difference", gap},
                           {"asymmetry", agents->asymmetry}};
  }
  blocks.push_back(
      {{"type", "kpis"},
       {"items", Json::array({kpi(both("Mean rung", "平均能力级"), mean.rung, "fixed2"),
                              kpi(both("Mean price", "平均价格"), mean.price, "fixed2"),
                              kpi(both("Mean investment", "平均投资"), mean.invest, "fixed2"),
                              kpi(both("Equilibria found", "已找到的均衡数"), e.num_equilibria, "int")})}});
  blocks.push_back(chart(
      "line", both("Investment by own rung", "各能力级的投资"),
      {{"x", rung_axis()},
       {"y", {{"title", both("investment a period", "每期投资")}, {"format", "fixed2"}, {"zero", true}}},
       {"series", Json::array({{{"name", both("rivals level", "对手同级")}, {"data", level}},
                               {{"name", both("rivals on the first rung", "对手在最低级")}, {"data", ahead}},
                               {{"name", both("rivals on the last rung", "对手在最高级")}, {"data", behind}}})}}));
  blocks.push_back(
      chart("bar", both("Where a firm is in the long run", "企业的长期分布"),
            {{"categories", rungs},
             {"y", {{"format", "percent"}}},
             {"x", rung_axis()},
             {"series", Json::array({{{"name", both("share of periods", "时期占比")}, {"data", share}}})}}));
  if (e.config.firms == 2) {
    Json cells = Json::array();
    for (int a = 1; a <= L; ++a)
      for (int b = 1; b <= L; ++b) cells.push_back({a - 1, b - 1, e.invest[e.state(a, {b})]});
    blocks.push_back(chart(
        "heatmap",
        both("Investment by own rung (across) and the rival's (down)", "投资：横轴为自身能力级，纵轴为对手能力级"),
        {{"columns", rungs}, {"rows", rungs}, {"data", cells}, {"format", "fixed2"}}));
  }
  view.sections.push_back(section(
      "ladder", both("Quality ladder", "质量阶梯"),
      both("How much firms invest to climb, and where they end up", "企业为升级投入多少，最终处于何处"), blocks));
  return view;
}

report::View oblivious_view(const LadderConfig& c, const ObliviousEquilibrium& e) {
  report::View view;
  TextTable table({"own rung", "quality", "profit", "invest", "value", "firms"});
  Json policy = Json::array(), invest = Json::array(), share = Json::array(), rungs = Json::array();
  double mean = 0, spend = 0;
  for (int w = 1; w <= c.rungs; ++w) {
    const size_t i = size_t(w - 1);
    table.add({std::to_string(w), figure_text(ladder_quality(c, w)), figure_text(e.profit[i]),
               fmt::format("{:.4f}", e.invest[i]), figure_text(e.value[i], 5), percent(e.share_of_firms[i])});
    policy.push_back({{"rung", w},
                      {"profit", e.profit[i]},
                      {"invest", e.invest[i]},
                      {"value", e.value[i]},
                      {"share_of_firms", e.share_of_firms[i]}});
    invest.push_back({w, e.invest[i]}), share.push_back(e.share_of_firms[i]), rungs.push_back(std::to_string(w));
    mean += w * e.share_of_firms[i], spend += e.invest[i] * e.share_of_firms[i];
  }
  view.tables.emplace_back("", table);
  const std::string en = e.converged ? fmt::format(
                                           "oblivious equilibrium of {} firms: residual {:.1e} after {} best "
                                           "responses",
                                           c.firms, e.residual, e.iterations)
                                     : "not converged: " + e.why + "; the figures are no equilibrium";
  view.notes = {
      en, fmt::format("mean rung {:.4f}, mean investment {:.4f} a firm, {:.4f} in all", mean, spend, spend * c.firms)};
  view.json = {{"game", "oblivious"}, {"config", write_config(c)}, {"converged", e.converged}, {"residual", e.residual},
               {"why", e.why},        {"mean_rung", mean},         {"mean_invest", spend},     {"policy", policy}};
  view.sections.push_back(section(
      "oblivious", both("Oblivious equilibrium", "遗忘均衡"),
      both("Each firm watches its own rung and the industry's long-run average", "企业只观察自身能力级与行业长期平均"),
      Json::array(
          {note(e.converged, en,
                e.converged ? fmt::format("{} 家企业的遗忘均衡：残差 {:.1e}", c.firms, e.residual)
                            : fmt::format("未收敛：残差 {:.1e}，以下数字不是均衡", e.residual)),
           chart("line", both("Investment by own rung", "各能力级的投资"),
                 {{"x", rung_axis()},
                  {"y", {{"format", "fixed2"}, {"zero", true}}},
                  {"series", Json::array({{{"name", both("investment", "投资")}, {"data", invest}}})}}),
           chart("bar", both("Firms on each rung", "各能力级的企业占比"),
                 {{"categories", rungs},
                  {"y", {{"format", "percent"}}},
                  {"series", Json::array({{{"name", both("share of firms", "企业占比")}, {"data", share}}})}})})));
  return view;
}

report::View lee_wilde_view(const RaceConfig& c, const Race& race) {
  report::View view;
  TextTable table({"firms", "spending of one", "hazard of one", "value of racing", "periods until a win"});
  Json rows = Json::array(), spend = Json::array(), wait = Json::array();
  const int most = std::max(c.firms, 8);
  for (int n = 1; n <= most; n = n < 8 ? n + 1 : n + std::max(1, most / 8)) {
    RaceConfig other = c;
    other.firms = n;
    const auto r = n == c.firms ? race : solve_race(other);
    table.add({std::to_string(n) + (n == c.firms ? " *" : ""), figure_text(r.spend, 6), figure_text(r.hazard, 6),
               figure_text(r.value, 6), figure_text(r.mean_duration, 6)});
    rows.push_back({{"firms", n},
                    {"spend", r.spend},
                    {"hazard", r.hazard},
                    {"value", r.value},
                    {"mean_duration", r.mean_duration}});
    spend.push_back({n, r.spend}), wait.push_back({n, r.mean_duration});
  }
  view.tables.emplace_back("", table);
  view.notes = {fmt::format("race of {} firms: each spends {}, first-order condition met to {:.1e}", c.firms,
                            figure_text(race.spend, 6), race.foc_residual)};
  view.json = {{"game", "lee-wilde"},
               {"config", write_config(c)},
               {"spend", race.spend},
               {"hazard", race.hazard},
               {"value", race.value},
               {"mean_duration", race.mean_duration},
               {"foc_residual", race.foc_residual},
               {"by_firms", rows}};
  const Json axis = {{"title", both("firms", "企业数")}};
  view.sections.push_back(
      section("lee-wilde", both("Race for a prize", "争夺奖项的竞赛"),
              both("More rivals: each spends more and the race is shorter", "对手越多，各家投入越多，竞赛越短"),
              Json::array({chart("line", both("Spending of one firm", "单家企业的投入"),
                                 {{"x", axis},
                                  {"y", {{"format", "compact"}, {"zero", true}}},
                                  {"series", Json::array({{{"name", both("spending", "投入")}, {"data", spend}}})}}),
                           chart("line", both("Periods until somebody wins", "到有人获胜的期数"),
                                 {{"x", axis},
                                  {"y", {{"format", "fixed2"}, {"zero", true}}},
                                  {"series", Json::array({{{"name", both("periods", "期数")}, {"data", wait}}})}})})));
  return view;
}

}  // namespace ingot::market
