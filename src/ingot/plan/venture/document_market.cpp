// Market, war-games, sensitivity and sweep of the page.
#include <algorithm>
#include <cmath>

#include "ingot/plan/venture/document.h"

namespace ingot::venture {

using report::both;
using report::chart;
using report::section;

Json market_section(const Outcome& o) {
  const auto& t = shown(o);
  const auto& l = t.layout();
  const auto& n = o.plan.numbers;
  Json shares = Json::array(), prices = Json::array();
  for (int j = 0; j < l.products; ++j) {
    Json s = Json::array(), p = Json::array(), sb = Json::array(), pb = Json::array();
    const bool ours = n.products[size_t(j)].firm == 0;
    for (int k = 0; k < l.points(); ++k) {
      const int month = (k + 1) * Layout::kEvery;
      s.push_back({month, t.fan(l.share(j), k, 0.5)});
      if (const double price = t.fan(l.price(j), k, 0.5); price > 0) p.push_back({month, price});
      if (ours) {
        sb.push_back({month, t.fan(l.share(j), k, 0.1), t.fan(l.share(j), k, 0.9)});
        if (t.fan(l.price(j), k, 0.1) > 0) pb.push_back({month, t.fan(l.price(j), k, 0.1), t.fan(l.price(j), k, 0.9)});
      }
    }
    const auto& name = n.products[size_t(j)].name;
    Json share_series = {{"name", name}, {"color", j % 8}, {"data", s}},
         price_series = {{"name", name}, {"color", j % 8}, {"data", p}};
    if (!sb.empty()) share_series["band"] = sb;
    if (!pb.empty()) price_series["band"] = pb;
    shares.push_back(std::move(share_series));
    if (!p.empty()) prices.push_back(std::move(price_series));
  }
  Json alive = Json::array();
  for (int f = 1; f < l.firms; ++f)
    alive.push_back({n.firms[size_t(f)].name,
                     n.firms[size_t(f)].open_weights ? both("open weights", "开放权重") : both("closed", "闭源"),
                     n.firms[size_t(f)].backed ? both("a parent pays", "母公司出资") : both("own cash", "自有现金"),
                     predicted(o, t.probability(Layout::RivalAlive + f, l.months - 1), "percent"),
                     predicted(o, t.fan(l.level(f), l.points() - 1, 0.5), "fixed0")});
  Json blocks = Json::array();
  const Json month = {{"title", both("month", "月")}, {"format", "int"}};
  blocks.push_back(
      chart("line", both("Market shares", "市场份额"),
            {{"note", both("Medians; the band holds 80 % of our futures. The rest of the market is the outside option.",
                           "中位数；阴影为我方 80% 区间。其余为外部选项。")},
             {"x", month},
             {"y", {{"title", both("share", "份额")}, {"format", "percent"}, {"min", 0}}},
             {"series", shares}}));
  const auto unit = o.venture.industry.unit;
  blocks.push_back(
      chart("line", both("Prices", "价格"),
            {{"note", both("Bertrand equilibrium of every month, given costs, capability and who is left; hosts of "
                           "open weights sell at cost.",
                           "每月的 Bertrand 均衡价格，取决于成本、能力与在场公司；开放权重的托管商按成本销售。")},
             {"x", month},
             {"y", {{"title", both("USD per " + unit, "美元/" + unit)}, {"format", "usd"}, {"scale", "log"}}},
             {"series", prices}}));
  blocks.push_back(report::report_table(both("Rivals at the horizon", "期末对手状况"),
                                        {{both("firm", "公司"), ""},
                                         {both("weights", "权重"), ""},
                                         {both("money", "资金"), ""},
                                         {both("P(still there)", "仍在场概率"), ""},
                                         {both("capability", "能力"), ""}},
                                        alive));
  Json notes = Json::array();
  for (const auto& text : o.venture.industry.notes) notes.push_back(text);
  if (!notes.empty())
    blocks.push_back({{"type", "details"},
                      {"title", both("Notes of the market", "市场说明")},
                      {"blocks", {{{"type", "list"}, {"items", notes}}}}});
  if (const double bad = t.probability(Layout::Unsolved, l.months / 2); bad > 0)
    blocks.push_back(note(
        "warning", both(fmt::format("In {:.3f} % of the futures no price equilibrium was found in the middle month; "
                                    "the last iterate was kept.",
                                    100 * bad),
                        fmt::format("在 {:.3f}% 的路径中，中期月份未找到价格均衡，沿用最后一次迭代。", 100 * bad))));
  return section("market", both("Market and rivals", "市场与对手"), nullptr, blocks);
}

Json wargames_section(const Outcome& o) {
  const auto& a = o.analysis;
  if (a.wars.empty()) return nullptr;
  Json rows = Json::array(), names = Json::array(), alive = Json::array(), lead = Json::array(),
       alive_range = Json::array(), lead_range = Json::array();
  const auto add = [&](const Json& name, const Tally& t) {
    const int last = t.layout().months - 1;
    const auto p = wilson(t.probability(Layout::Alive, last), t.paths()),
               q = wilson(t.probability(Layout::Lead, last), t.paths());
    names.push_back(name), alive.push_back(p.value), lead.push_back(q.value);
    alive_range.push_back({p.low, p.high}), lead_range.push_back({q.low, q.high});
    rows.push_back({name, predicted(o, p.value, p.low, p.high, "percent"),
                    predicted(o, q.value, q.low, q.high, "percent"),
                    predicted(o, t.end_mean(Layout::FounderValue), "usd_compact"),
                    predicted(o, t.end_mean(Layout::Raised), "usd_compact"),
                    predicted(o, t.mean(Layout::Revenue, last), "usd_compact")});
  };
  add(both("none", "无"), shown(o));
  for (const auto& w : a.wars) add(w.game.name, w.tally);
  Json blocks = Json::array();
  blocks.push_back(chart("bar", both("Chances at the horizon", "期末概率"),
                         {{"categories", names},
                          {"horizontal", true},
                          {"y", {{"format", "percent"}}},
                          {"series",
                           {{{"name", both("alive", "存活")}, {"color", 0}, {"data", alive}, {"range", alive_range}},
                            {{"name", both("leads", "领先")}, {"color", 2}, {"data", lead}, {"range", lead_range}}}}}));
  blocks.push_back(report::report_table(both("Side by side", "并列比较"),
                                        {{both("war-game", "推演"), ""},
                                         {both("P(alive)", "存活概率"), ""},
                                         {both("P(lead)", "领先概率"), ""},
                                         {both("founder value", "创始人价值"), ""},
                                         {both("raised", "融资"), ""},
                                         {both("last month's revenue", "末月收入"), ""}},
                                        rows));
  const auto& w = o.venture.wargames;
  return section(
      "wargames", both("War-games", "沙盘推演"),
      both(fmt::format(
               "Each begins in month {}, on the same futures, with the recommended raise; everyone reprices at once.",
               w.month),
           fmt::format("均始于第 {} 个月，使用相同路径与推荐的融资方案；各方即时重新定价。", w.month)),
      blocks);
}

Json sensitivity_section(const Outcome& o) {
  const auto& a = o.analysis;
  if (a.sensitivities.empty()) return nullptr;
  const auto& t = shown(o);
  const int last = t.layout().months - 1;
  const auto tornado = [&](Json title, double base, double Sensitivity::*low, double Sensitivity::*high) {
    Json items = Json::array();
    for (const auto& s : a.sensitivities)
      items.push_back({{"label", s.name},
                       {"low", s.*low},
                       {"high", s.*high},
                       {"low_label", s.low_label},
                       {"high_label", s.high_label}});
    return chart("tornado", std::move(title), {{"base", base}, {"x", {{"format", "percent"}}}, {"items", items}});
  };
  Json blocks = Json::array();
  blocks.push_back(tornado(both("P(alive)", "存活概率"), t.probability(Layout::Alive, last), &Sensitivity::alive_low,
                           &Sensitivity::alive_high));
  blocks.push_back(tornado(both("P(lead)", "领先概率"), t.probability(Layout::Lead, last), &Sensitivity::lead_low,
                           &Sensitivity::lead_high));
  return section("sensitivity", both("What matters most", "敏感性"),
                 both("One assumption at a time, at both ends of a plausible range, on the same random numbers.",
                      "逐项将一个假设置于合理区间两端，使用相同的随机数。"),
                 blocks);
}

Json sweep_section(const Outcome& o) {
  const auto& a = o.analysis;
  if (a.sweep.empty()) return nullptr;
  Json rest = Json::array(), best = Json::array(), rows = Json::array();
  std::vector<const SweepPoint*> frontier;
  for (const auto& s : a.sweep) {
    (s.frontier ? best : rest).push_back({s.alive, s.founder_value});
    if (s.frontier) frontier.push_back(&s);
  }
  std::sort(frontier.begin(), frontier.end(), [](auto* x, auto* y) { return x->alive > y->alive; });
  std::sort(best.begin(), best.end(), [](const Json& x, const Json& y) { return x[0] < y[0]; });
  for (const auto* s : frontier)
    rows.push_back({s->research, s->price, s->runway, s->hiring, predicted(o, s->alive, "percent"),
                    predicted(o, s->lead, "percent"), predicted(o, s->founder_value, "usd_compact"), s->raised});
  Json blocks = Json::array();
  blocks.push_back(chart("scatter", both("Decisions: safety against value", "决策：安全与价值"),
                         {{"note", both("Each point is one combination of R&D compute, price, raise size and hiring; "
                                        "the line joins those that nothing beats in both.",
                                        "每个点为研发算力、价格、融资规模与招聘的一种组合；连线为帕累托前沿。")},
                          {"x", {{"title", both("P(alive)", "存活概率")}, {"format", "percent"}}},
                          {"y", {{"title", both("founder value", "创始人价值")}, {"format", "usd_compact"}}},
                          {"series",
                           {{{"name", both("tried", "已试")}, {"color", 7}, {"data", rest}},
                            {{"name", both("frontier", "前沿")},
                             {"color", 0},
                             {"as", best.size() > 1 ? "line" : "scatter"},
                             {"data", best}}}}}));
  blocks.push_back(report::report_table(both("The frontier", "前沿"),
                                        {{both("R&D compute ×", "研发算力 ×"), "number"},
                                         {both("price ×", "价格 ×"), "number"},
                                         {both("months raised", "融资月数"), "int"},
                                         {both("team ×", "团队 ×"), "number"},
                                         {both("P(alive)", "存活概率"), ""},
                                         {both("P(lead)", "领先概率"), ""},
                                         {both("founder value", "创始人价值"), ""},
                                         {both("raised", "融资"), "usd_compact"}},
                                        rows));
  return section("sweep", both("Decisions", "决策扫描"), nullptr, blocks);
}

}  // namespace ingot::venture
