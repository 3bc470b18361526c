#include "ingot/plan/venture/document.h"

#include <algorithm>
#include <cmath>

#include "ingot/base/file.h"
#include "ingot/base/version.h"
#include "ingot/plan/finance/plan_view.h"

namespace ingot::venture {

using report::both;
using report::chart;
using report::figure;
using report::section;

const Tally& shown(const Outcome& o) { return o.analysis.best ? *o.analysis.best : *o.analysis.base; }

Json simulated(const Outcome& o) {
  const auto n = grouped(static_cast<long long>(shown(o).paths()));
  return both("simulated: " + n + " futures", "模拟：" + n + " 条路径");
}
Json predicted(const Outcome& o, double value, std::string_view format) {
  return figure(value, format, report::Basis::Predicted, simulated(o));
}
Json predicted(const Outcome& o, double value, double low, double high, std::string_view format) {
  return figure(value, low, high, format, report::Basis::Predicted, simulated(o));
}
Json flop_figure(double flop, report::Basis basis, const Json& source) {
  static const char* kSmall[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  const int power = flop > 0 ? 3 * int(std::floor(std::log10(flop) / 3)) : 0;
  std::string digits;
  for (const char c : std::to_string(std::max(0, power))) digits += kSmall[c - '0'];
  Json f = figure(flop / std::pow(10, std::max(0, power)), "number", basis, source);
  f["unit"] = "×10" + digits;
  return f;
}
std::string dollars(double usd) {
  std::string text = si(usd);
  if (text.ends_with("G")) text.back() = 'B';
  return "$" + text;
}
Json column(std::string_view en, std::string_view zh) { return both(en, zh); }
Json note(std::string_view tone, Json text) { return {{"type", "note"}, {"tone", tone}, {"text", std::move(text)}}; }

Json fan_series(const Outcome&, const Tally& t, int fan, Json name, int color) {
  Json line = Json::array(), wide = Json::array(), narrow = Json::array();
  for (int p = 0; p < t.layout().points(); ++p) {
    const int month = (p + 1) * Layout::kEvery;
    line.push_back({month, t.fan(fan, p, 0.5)});
    wide.push_back({month, t.fan(fan, p, 0.05), t.fan(fan, p, 0.95)});
    narrow.push_back({month, t.fan(fan, p, 0.25), t.fan(fan, p, 0.75)});
  }
  return Json::array(
      {{{"name", both("5 to 95 %", "5% 至 95%")}, {"color", color}, {"data", Json::array()}, {"band", wide}},
       {{"name", std::move(name)}, {"color", color}, {"data", line}, {"band", narrow}}});
}

Json kpi(Json label, Json value, Json note, bool emphasis) {
  Json item = {{"label", std::move(label)}, {"value", std::move(value)}};
  if (!note.is_null()) item["note"] = std::move(note);
  if (emphasis) item["emphasis"] = true;
  return item;
}

namespace {

std::string name_en(finance::Instrument i) {
  return i == finance::Instrument::Safe   ? "SAFE"
         : i == finance::Instrument::Debt ? "equity, a third as venture debt"
                                          : "priced equity";
}
std::string name_zh(finance::Instrument i) {
  return i == finance::Instrument::Safe   ? "SAFE"
         : i == finance::Instrument::Debt ? "股权，三分之一为风险债"
                                          : "定价股权";
}

}  // namespace

Json verdict_section(const Outcome& o) {
  const auto& v = o.verdict;
  const auto& a = o.analysis;
  const int years = o.venture.section.months / 12;
  Json lead;
  if (v.raises)
    lead = both(fmt::format("Raise about **{}** in {} ({}), at a pre-money of **{} to {}**. Begin in {}; whenever "
                            "less than {:.0f} months of cash are left, raise {:.0f} months.",
                            dollars(v.amount.mid), month_name(o.venture, v.closing_month.mid), name_en(v.instrument),
                            dollars(v.pre_money.low), dollars(v.pre_money.high),
                            month_name(o.venture, v.start_month + 1), v.trigger, v.runway),
                fmt::format("在 {} 前后融资约 **{}**（{}），投前估值 **{} 至 {}**。{} 启动；现金不足 {:.0f} "
                            "个月时，按 {:.0f} 个月的支出融资。",
                            month_name(o.venture, v.closing_month.mid), dollars(v.amount.mid), name_zh(v.instrument),
                            dollars(v.pre_money.low), dollars(v.pre_money.high),
                            month_name(o.venture, v.start_month + 1), v.trigger, v.runway));
  else
    lead = both(fmt::format("No round is needed: in {:.0f} % of the futures the company lives from its own cash.",
                            100 * (1 - v.first_share)),
                fmt::format("无需融资：在 {:.0f}% 的路径中，公司依靠自有现金即可维持。", 100 * (1 - v.first_share)));
  Json items = Json::array();
  if (v.raises) {
    items.push_back(kpi(both("Raise", "融资额"), predicted(o, v.amount.mid, v.amount.low, v.amount.high, "usd_compact"),
                        both(v.stage + ", median and quartiles", v.stage + "，中位数与四分位"), true));
    items.push_back(kpi(both("Pre-money", "投前估值"),
                        predicted(o, v.pre_money.mid, v.pre_money.low, v.pre_money.high, "usd_compact"),
                        both("median and quartiles", "中位数与四分位")));
    items.push_back(
        kpi(both("Closing", "交割时间"),
            both(month_name(o.venture, v.closing_month.mid), month_name(o.venture, v.closing_month.mid)),
            both(fmt::format("{} to {}; talks from {}", month_name(o.venture, v.closing_month.low),
                             month_name(o.venture, v.closing_month.high), month_name(o.venture, v.start_month + 1)),
                 fmt::format("{} 至 {}；{} 开始接洽", month_name(o.venture, v.closing_month.low),
                             month_name(o.venture, v.closing_month.high), month_name(o.venture, v.start_month + 1)))));
    items.push_back(kpi(both("Instrument", "工具"), both(name_en(v.instrument), name_zh(v.instrument)),
                        both(fmt::format("best of {} policies tried", a.raises.size()),
                             fmt::format("在 {} 种方案中最优", a.raises.size()))));
  }
  items.push_back(
      kpi(both(fmt::format("P(alive) after {} years", years), fmt::format("{} 年后存活概率", years)),
          predicted(o, v.alive.value, v.alive.low, v.alive.high, "percent"),
          both(fmt::format("95 % interval; {:.0f} % with the policy as written", 100 * v.alive_as_written.value),
               fmt::format("95% 区间；按原定政策为 {:.0f}%", 100 * v.alive_as_written.value)),
          true));
  items.push_back(kpi(both("P(lead)", "领先概率"), predicted(o, v.lead.value, v.lead.low, v.lead.high, "percent"),
                      leading(o.venture.section)));
  Json blocks = Json::array();
  blocks.push_back({{"type", "kpis"}, {"items", items}});
  const auto en = [](const Json& text) { return report::in_language(text, "en"); };
  const auto zh = [](const Json& text) { return report::in_language(text, "zh"); };
  if (!v.assumptions.empty()) {
    Json list = Json::array();
    for (const auto k : v.assumptions) {
      const auto& s = a.sensitivities[k];
      list.push_back(
          both(fmt::format(
                   "**{}**: from {} to {} moves P(alive) from {:.0f} to {:.0f} % and P(lead) from {:.0f} to {:.0f} %",
                   en(s.name), en(s.low_label), en(s.high_label), 100 * s.alive_low, 100 * s.alive_high,
                   100 * s.lead_low, 100 * s.lead_high),
               fmt::format("**{}**：由 {} 变为 {}，存活概率由 {:.0f}% 变为 {:.0f}%，领先概率由 {:.0f}% 变为 {:.0f}%",
                           zh(s.name), zh(s.low_label), zh(s.high_label), 100 * s.alive_low, 100 * s.alive_high,
                           100 * s.lead_low, 100 * s.lead_high)));
    }
    blocks.push_back(
        {{"type", "text"}, {"style", "lead"}, {"text", both("What it hangs on most", "最关键的三项假设")}});
    blocks.push_back({{"type", "list"}, {"ordered", true}, {"items", list}});
  }
  if (!v.limit_met)
    blocks.push_back(note(
        "warning",
        both(fmt::format("No raising policy tried keeps the chance of ruin within {:.0f} %; the safest is shown. The "
                         "plan spends too much for what it earns.",
                         100 * o.venture.financing.ruin_limit.value.to_double()),
             fmt::format("所试融资方案均无法将破产概率控制在 {:.0f}% 以内；此处为最安全者。计划支出超出收入所能支撑。",
                         100 * o.venture.financing.ruin_limit.value.to_double()))));
  if (a.interrupted)
    blocks.push_back(
        note("warning", both("The simulation was interrupted; figures are of the futures that were finished.",
                             "模拟被中断；数字仅基于已完成的路径。")));
  return section("verdict", both("Verdict", "结论"), lead, blocks);
}

Json roadmap_section(const Outcome& o) {
  Json rows = Json::array();
  double total = 0;
  for (const auto& m : o.plan.models) {
    const Json source = m.source;
    rows.push_back(
        {m.name,
         m.month == 0 ? both("today", "已有") : both(month_name(o.venture, m.month), month_name(o.venture, m.month)),
         m.params ? Json(*m.params) : Json(nullptr), m.tokens ? Json(*m.tokens) : Json(nullptr),
         flop_figure(m.flop, basis_of(m.basis), source),
         m.usd > 0 ? figure(m.usd, m.usd_low, m.usd_high, "usd_compact", basis_of(m.basis), source) : Json(nullptr),
         m.usd_research > 0 ? figure(m.usd_research, "usd_compact", report::Basis::Predicted,
                                     both("final run / share of the final run", "最终训练成本除以其占比"))
                            : Json(nullptr),
         m.chip_hours > 0 ? Json(m.chip_hours) : Json(nullptr)});
    total += m.usd_research;
  }
  Json blocks = Json::array();
  blocks.push_back(report::report_table(both("Models", "模型"),
                                        {{both("model", "模型"), ""},
                                         {both("release", "发布"), ""},
                                         {both("parameters", "参数量"), "compact"},
                                         {both("tokens", "词元"), "compact"},
                                         {both("training FLOP", "训练 FLOP"), ""},
                                         {both("final run", "最终训练"), ""},
                                         {both("with research", "含研发"), ""},
                                         {both("chip-hours", "芯片小时"), "compact"}},
                                        rows));
  // Capability: ours against the field.
  Json series = Json::array();
  const auto& t = shown(o);
  for (int f = 0; f < t.layout().firms; ++f) {
    Json line = Json::array(), band = Json::array();
    for (int p = 0; p < t.layout().points(); ++p) {
      const int month = (p + 1) * Layout::kEvery;
      line.push_back({month, t.fan(t.layout().level(f), p, 0.5)});
      if (f == 0) band.push_back({month, t.fan(t.layout().level(f), p, 0.1), t.fan(t.layout().level(f), p, 0.9)});
    }
    Json s = {{"name", o.plan.numbers.firms[size_t(f)].name}, {"color", f}, {"data", line}};
    if (f == 0) s["band"] = band;
    series.push_back(std::move(s));
  }
  blocks.push_back(chart(
      "line", both("Capability of the released models", "已发布模型的能力"),
      {{"note",
        both("Median of the futures; the band holds 80 % of ours. Points of the Epoch Capabilities Index: GPT-5 is "
             "150, ten times the effective compute is about 13.5 points.",
             "各路径中位数；阴影为我方 80% 区间。单位为 Epoch 能力指数：GPT-5 为 150，有效算力每增十倍约 13.5 分。")},
       {"x", {{"title", both("month", "月")}, {"format", "int"}}},
       {"y", {{"title", both("points", "分")}, {"format", "fixed0"}}},
       {"series", series}}));
  if (!o.plan.reviews.empty()) {
    Json review = Json::array();
    for (const auto& r : o.plan.reviews)
      for (const auto& h : r.rows)
        review.push_back({r.run.name, h.quantity + (h.unit.empty() ? "" : ", " + h.unit),
                          figure(h.forecast, "number", report::Basis::Predicted, h.source),
                          figure(h.actual, "number", report::Basis::Measured, r.run.name + "/run.json"), h.error()});
    if (!review.empty())
      blocks.push_back(report::report_table(both("Forecast against what happened", "预测与实测"),
                                            {{both("run", "训练"), ""},
                                             {both("quantity", "量"), ""},
                                             {both("forecast", "预测"), ""},
                                             {both("actual", "实测"), ""},
                                             {both("error", "误差"), "percent"}},
                                            review));
    Json measured = Json::array();
    for (const auto& r : o.plan.reviews) {
      const std::string source = r.run.name + "/run.json";
      const auto cell = [&](const std::optional<double>& x, const char* format) {
        return x ? figure(*x, format, report::Basis::Measured, source) : Json(nullptr);
      };
      measured.push_back({r.run.name, cell(r.run.params, "compact"), cell(r.run.tokens, "compact"),
                          cell(r.run.tokens_per_s, "compact"), cell(r.run.mfu, "percent"), cell(r.run.loss, "fixed3"),
                          cell(r.run.wall_s, "duration")});
    }
    blocks.push_back(report::report_table(both("Measured runs", "实测训练"),
                                          {{both("run", "训练"), ""},
                                           {both("parameters", "参数量"), ""},
                                           {both("tokens", "词元"), ""},
                                           {both("tokens/s", "词元/秒"), ""},
                                           {both("MFU", "MFU"), ""},
                                           {both("loss", "损失"), ""},
                                           {both("time", "耗时"), ""}},
                                          measured));
  }
  return section(
      "roadmap", both("Roadmap and what it costs", "路线图与成本"),
      both(fmt::format("The models ahead take {} of R&D compute, experiments included. Chips are rented; each figure "
                       "names its basis.",
                       dollars(total)),
           fmt::format("后续模型共需研发算力 {}（含实验）。芯片按租用计价；每个数字均注明依据。", dollars(total))),
      blocks);
}

Json units_section(const Outcome& o) {
  const auto& n = o.plan.numbers;
  const auto& first = o.certain.front();
  Json rows = Json::array();
  for (size_t j = 0; j < n.products.size(); ++j) {
    const double price = first.price[j], cost = first.cost[j];
    if (price <= 0) continue;
    const auto basis = n.products[j].firm == 0 ? basis_of(o.plan.serving_cost.basis) : report::Basis::Predicted;
    const Json source = n.products[j].firm == 0
                            ? Json(o.plan.serving_cost.source)
                            : both("market file; implied where no cost is given", "市场文件；未给出者由价格反推");
    rows.push_back({n.products[j].name, n.firms[size_t(n.products[j].firm)].name, figure(cost, "usd", basis, source),
                    predicted(o, price, "usd"), (price - cost) / price, predicted(o, first.share[j], "percent")});
  }
  Json blocks = Json::array();
  double price = 0, cost = 0, share = 0;
  for (size_t j = 0; j < n.products.size(); ++j)
    if (n.products[j].firm == 0)
      price += first.share[j] * first.price[j], cost += first.share[j] * first.cost[j], share += first.share[j];
  if (share > 0) {
    price /= share, cost /= share;
    const double fleet = n.serving_floor, margin = price - cost;
    Json items = Json::array();
    items.push_back(kpi(both("Cost of a unit", "单位成本"),
                        figure(cost, "usd", basis_of(o.plan.serving_cost.basis), o.plan.serving_cost.source),
                        both("a unit is " + o.venture.industry.unit, "单位：" + o.venture.industry.unit)));
    items.push_back(
        kpi(both("Price", "价格"), predicted(o, price, "usd"), both("equilibrium in month 1", "第 1 月均衡价格")));
    items.push_back(kpi(both("Gross margin", "毛利率"), predicted(o, (price - cost) / price, "percent"),
                        both("before the smallest fleet", "未计最小机群")));
    items.push_back(kpi(both("Price floor", "价格下限"), figure(cost, "usd", basis_of(o.plan.serving_cost.basis),
                                                                both("marginal cost: below it every unit loses money",
                                                                     "边际成本：低于此价每单位亏损"))));
    if (fleet > 0 && margin > 0)
      items.push_back(
          kpi(both("Break-even load", "盈亏平衡负载"),
              figure(fleet / price, "compact", basis_of(o.plan.serving_floor.basis), o.plan.serving_floor.source),
              both("units a month that pay for the smallest fleet", "可覆盖最小机群的月销量")));
    blocks.push_back({{"type", "kpis"}, {"items", items}});
    // Build or buy: a fleet of one's own against an API, at a load of `x` units.
    const double api = o.plan.api_price.value;
    if (api > 0 && fleet > 0) {
      Json own = Json::array(), buy = Json::array();
      const double even = fleet / api;
      const double research = o.certain.front().research;
      const double with_research = api > cost ? (fleet + research) / (api - cost * 0) : 0;
      for (double x = even / 30; x <= std::max(even, with_research) * 30; x *= 1.5) {
        own.push_back({x, std::max(fleet, cost * x) + research});
        buy.push_back({x, api * x});
      }
      const double volume = api > cost ? std::max((fleet + research) / api, research / (api - cost)) : 0;
      Json fields = {{"note", both("Own model: this month's R&D compute, then the larger of the smallest fleet and "
                                   "marginal cost. API: the price that one would pay instead.",
                                   "自建：当月研发算力加上最小机群与边际成本中的较大者；外购：按 API 价格付费。")},
                     {"x", {{"title", both("units a month", "单位/月")}, {"scale", "log"}, {"format", "compact"}}},
                     {"y", {{"title", both("cost a month", "月成本")}, {"scale", "log"}, {"format", "usd_compact"}}},
                     {"series",
                      {{{"name", both("own model", "自建模型")}, {"color", 0}, {"data", own}},
                       {{"name", both("buy an API", "外购 API")}, {"color", 1}, {"dash", true}, {"data", buy}}}}};
      if (volume > 0) fields["marks"] = {{{"axis", "x"}, {"at", volume}, {"label", both("break-even", "盈亏平衡")}}};
      blocks.push_back(chart("line", both("Build or buy", "自建还是外购"), fields));
      blocks.push_back(
          {{"type", "text"},
           {"text",
            volume > 0
                ? both(fmt::format("Own model against an API at ${:.2f} a unit ({}): cheaper from **{}** units a month "
                                   "on; the plan sells {} in its first month.",
                                   api, o.plan.api_price.source, si(volume), si(first.units)),
                       fmt::format("对比每单位 ${:.2f} 的 API：月销量超过 **{}** 单位时自建更便宜；计划首月销量为 {}。",
                                   api, si(volume), si(first.units)))
                : both(fmt::format("The API at ${:.2f} a unit is below our marginal cost of ${:.2f}: no volume makes "
                                   "the own model cheaper.",
                                   api, cost),
                       fmt::format("API 价格每单位 ${:.2f}，低于我方边际成本 ${:.2f}：任何销量下自建均不更便宜。", api,
                                   cost))}});
    }
  }
  blocks.push_back(report::report_table(both("All products, month 1", "全部产品（第 1 月）"),
                                        {{both("product", "产品"), ""},
                                         {both("firm", "公司"), ""},
                                         {both("cost", "成本"), ""},
                                         {both("price", "价格"), ""},
                                         {both("margin", "毛利率"), "percent"},
                                         {both("share", "份额"), ""}},
                                        rows));
  return section("units", both("Unit economics", "单位经济"), nullptr, blocks);
}

Json plan_document(const Outcome& o) {
  Json sections = Json::array();
  const auto add = [&](Json s) {
    if (s.is_null()) return;
    if (s.contains("lead") && s["lead"].is_null()) s.erase("lead");
    sections.push_back(std::move(s));
  };
  add(verdict_section(o));
  if (o.venture.advantage) add(finance::story_section(finance::score_advantage(*o.venture.advantage)));
  add(roadmap_section(o)), add(units_section(o)), add(runway_section(o)), add(rounds_section(o));
  add(valuation_section(o)), add(market_section(o)), add(wargames_section(o)), add(sensitivity_section(o)),
      add(sweep_section(o));
  add(risk_section(o)), add(inputs_section(o));
  const auto hash = sha256_hex(to_text(sections));
  Json document = {
      {"title", both(o.venture.section.name + ": venture plan", o.venture.section.name + "：创业计划")},
      {"subtitle", both("Cost, market, cash and rounds in one loop: each month capability and price make demand, "
                        "demand makes cash, cash makes the next model.",
                        "成本、市场、现金与融资的闭环：每月由能力与价格决定需求，需求带来现金，现金造就下一个模型。")},
      {"facts",
       {{{"label", both("As of", "基准日")}, {"value", o.venture.operating.start.text()}},
        {{"label", both("Horizon", "期限")},
         {"value",
          both(fmt::format("{} months", o.venture.section.months), fmt::format("{} 个月", o.venture.section.months))}},
        {{"label", both("Futures", "路径数")}, {"value", grouped(static_cast<long long>(shown(o).paths()))}},
        {{"label", both("Seed", "种子")}, {"value", std::to_string(o.analysis.simulation.seed)}},
        {{"label", both("Report hash", "报告哈希")}, {"value", hash.substr(0, 16)}}}},
      {"sections", sections},
      {"footer", both("Made by Ingot " + std::string(version()) +
                          ". Probabilities are of this model of the world, not of the world; the marked assumptions "
                          "are ours to defend.",
                      "由 Ingot " + std::string(version()) + " 生成。概率仅就本模型而言；标注的假设由我方负责。")}};
  return document;
}

}  // namespace ingot::venture
