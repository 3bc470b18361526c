#include <cmath>

#include <fmt/format.h>

#include "ingot/plan/finance/plan_view.h"

namespace ingot::finance {
namespace {

std::string money(double value) { return grouped(std::llround(value)); }

}  // namespace

View valuation_view(const ValuationReport& r) {
  View view;
  const std::string format = ascii_lower(r.currency.code()) + "_compact";
  TextTable table({"method", "low", "middle", "high", "what moves it"});
  Json estimates = Json::array(), field = Json::array(), methods = Json::array();
  for (const auto& e : r.estimates) {
    table.add({e.method.en, money(e.low), money(e.mid), money(e.high), e.basis.en});
    estimates.push_back(
        {{"method", e.method.en}, {"low", e.low}, {"mid", e.mid}, {"high", e.high}, {"basis", e.basis.en}});
    const Json name = both(e.method);
    field.push_back({{"label", name}, {"low", e.low}, {"mid", e.mid}, {"high", e.high}});
    methods.push_back({name, e.low, e.mid, e.high, both(e.basis)});
  }
  view.tables.emplace_back("", table);
  view.json = {{"currency", r.currency.code()}, {"estimates", estimates}};
  if (r.vc) {
    view.json["vc"] = {{"post_money", r.vc->post_money},
                       {"pre_money", r.vc->pre_money},
                       {"multiple", r.vc->multiple},
                       {"ownership_now", r.vc->ownership_now},
                       {"ownership_at_exit", r.vc->ownership_at_exit},
                       {"exit_proceeds", r.vc->exit_proceeds},
                       {"new_shares", r.vc->new_shares},
                       {"price", r.vc->price}};
    view.notes.push_back(fmt::format(
        "VC method: post-money {}, the investment buys {} now and {} at the exit, {:.4f} a share",
        money(r.vc->post_money), percent(r.vc->ownership_now), percent(r.vc->ownership_at_exit), r.vc->price));
  }
  if (!r.vc_rounds.empty()) {
    TextTable rounds({"round", "share at exit", "retention", "share now", "post-money", "price"});
    Json list = Json::array();
    for (const auto& x : r.vc_rounds) {
      rounds.add({x.name, percent(x.final_share), percent(x.retention), percent(x.share_now), money(x.post_money),
                  fmt::format("{:.4f}", x.price)});
      list.push_back({{"name", x.name},
                      {"final_share", x.final_share},
                      {"retention", x.retention},
                      {"share_now", x.share_now},
                      {"post_money", x.post_money},
                      {"pre_money", x.pre_money},
                      {"price", x.price}});
    }
    view.tables.emplace_back("VC method over several rounds", rounds);
    view.json["vc_rounds"] = list;
  }
  if (r.dcf)
    view.json["dcf"] = {{"explicit_value", r.dcf->explicit_value},
                        {"terminal_value", r.dcf->terminal_value},
                        {"terminal_present", r.dcf->terminal_present},
                        {"value", r.dcf->value}};
  Json class_rows = Json::array();
  if (r.opm || r.pwerm) {
    std::vector<std::string> header = {"class"};
    if (r.opm) header.insert(header.end(), {"OPM value", "a share"});
    if (r.pwerm) header.insert(header.end(), {"scenarios", "a share"});
    if (!r.hybrid.empty()) header.emplace_back("hybrid a share");
    TextTable classes(header);
    Json list = Json::array();
    for (size_t i = 0; i < r.class_names.size(); ++i) {
      const auto share = [](double v) { return fmt::format("{:.4f}", v); };
      std::vector<std::string> row = {r.class_names[i]};
      if (r.opm) row.insert(row.end(), {money(r.opm->values[i]), share(r.opm->per_share[i])});
      if (r.pwerm) row.insert(row.end(), {money(r.pwerm->values[i]), share(r.pwerm->per_share[i])});
      if (!r.hybrid.empty()) row.push_back(share(r.hybrid[i]));
      classes.add(row);
      Json shares = Json::array({shown(r.class_names[i])});
      if (r.opm) shares.push_back(r.opm->per_share[i]);
      if (r.pwerm) shares.push_back(r.pwerm->per_share[i]);
      if (!r.hybrid.empty()) shares.push_back(r.hybrid[i]);
      class_rows.push_back(shares);
      Json c = {{"class", r.class_names[i]}};
      if (r.opm) c["opm_value"] = r.opm->values[i], c["opm_per_share"] = r.opm->per_share[i];
      if (r.pwerm) c["pwerm_value"] = r.pwerm->values[i], c["pwerm_per_share"] = r.pwerm->per_share[i];
      if (!r.hybrid.empty()) c["hybrid_per_share"] = r.hybrid[i];
      list.push_back(c);
    }
    view.tables.emplace_back("by class", classes);
    view.json["classes"] = list;
  }
  if (r.opm) {
    Json tranches = Json::array();
    for (const auto& t : r.opm->tranches) tranches.push_back({{"strike", t.strike}, {"call", t.call}});
    view.json["opm"] = {{"equity", r.opm->equity}, {"tranches", tranches}};
    view.notes.push_back(fmt::format("option-pricing method: equity {}", money(r.opm->equity)));
  }
  Json blocks = Json::array({chart("football", both("Valuation football field", "估值区间图"),
                                   {{"items", field}, {"x", {{"format", format}, {"scale", "log"}}}}),
                             report_table(both("Methods", "方法"),
                                          {{both("Method", "方法"), ""},
                                           {both("Low", "低"), format},
                                           {both("Middle", "中"), format},
                                           {both("High", "高"), format},
                                           {both("What moves it", "主要变量"), ""}},
                                          methods)});
  if (!class_rows.empty()) {
    std::vector<std::pair<Json, std::string>> columns = {{both("Class", "类别"), ""}};
    if (r.opm) columns.emplace_back(both("Option pricing", "期权定价法"), "fixed4");
    if (r.pwerm) columns.emplace_back(both("Scenarios", "情景加权"), "fixed4");
    if (!r.hybrid.empty()) columns.emplace_back(both("Hybrid", "混合法"), "fixed4");
    blocks.push_back(report_table(both("By class, a share", "各类别每股价值"), columns, class_rows));
  }
  if (!r.vc_rounds.empty()) {
    Json rows = Json::array();
    for (const auto& x : r.vc_rounds)
      rows.push_back({x.name, x.final_share, x.retention, x.share_now, x.post_money, x.price});
    blocks.push_back(report_table(both("VC method over several rounds", "多轮风险投资法"),
                                  {{both("Round", "轮次"), ""},
                                   {both("Share at exit", "退出时持股"), "percent"},
                                   {both("Retention", "保留比例"), "percent"},
                                   {both("Share now", "当前持股"), "percent"},
                                   {both("Post-money", "投后估值"), format},
                                   {both("Price a share", "每股价格"), "fixed4"}},
                                  rows));
  }
  if (r.comparables) {
    TextTable rounds({"company", "round", "date", "post-money", "evidence", "source"});
    Json list = Json::array(), rows = Json::array();
    for (const auto& x : r.comparables->rounds) {
      rounds.add({x.company, x.round, x.date.text(), money(*x.post_money), x.evidence, x.source});
      rows.push_back({x.company, x.round, x.date.text(), *x.post_money, x.source});
      list.push_back({{"company", x.company},
                      {"round", x.round},
                      {"date", x.date.text()},
                      {"post_money", *x.post_money},
                      {"amount", x.amount ? Json(*x.amount) : Json()},
                      {"evidence", x.evidence},
                      {"source", x.source}});
    }
    view.tables.emplace_back("comparable rounds, USD", rounds);
    view.json["comparables"] = {{"rounds", list},
                                {"median_post_money", r.comparables->post_money.median},
                                {"median_dilution", r.comparables->dilution.median}};
    view.notes.push_back(
        fmt::format("comparable rounds sold a median {} of the company", percent(r.comparables->dilution.median)));
    blocks.push_back(report_table(both("Comparable rounds", "可比融资"),
                                  {{both("Company", "公司"), ""},
                                   {both("Round", "轮次"), ""},
                                   {both("Date", "日期"), ""},
                                   {both("Post-money", "投后估值"), format},
                                   {both("Source", "来源"), ""}},
                                  rows));
  }
  if (r.moic) {
    std::string rates;
    for (const double x : r.irr) rates += (rates.empty() ? "" : ", ") + fmt::format("{:.4f}%", 100 * x);
    view.notes.push_back(fmt::format("IRR (ACT/365): {}; money multiple {:.4g}",
                                     r.irr.empty() ? "no rate makes these flows worth 0" : rates, *r.moic));
    if (r.irr.size() > 1)
      view.notes.push_back(fmt::format(
          "{} rates solve it: the flows change sign more than once; none of them alone is the return", r.irr.size()));
    blocks.push_back(
        {{"type", "text"},
         {"text",
          both(fmt::format("IRR (ACT/365): {}; money multiple {:.4g}.", rates.empty() ? "none" : rates, *r.moic),
               fmt::format("内部收益率（ACT/365）：{}；资金倍数 {:.4g}。", rates.empty() ? "无解" : rates, *r.moic))}});
    view.json["irr"] = r.irr;
    view.json["moic"] = *r.moic;
  }
  if (!r.estimates.empty()) {
    // Medians, so that one method far from the others moves them little.
    std::vector<double> lows, mids, highs;
    for (const auto& e : r.estimates) lows.push_back(e.low), mids.push_back(e.mid), highs.push_back(e.high);
    const double low = quartiles(lows).median, mid = quartiles(mids).median, high = quartiles(highs).median;
    view.json["reasonable"] = {{"low", low}, {"middle", mid}, {"high", high}};
    const Json kpis = {
        {"type", "kpis"},
        {"items",
         Json::array(
             {{{"label", both("A reasonable valuation: low", "合理估值：低")}, {"value", low}, {"format", format}},
              {{"label", both("Middle", "中")}, {"value", mid}, {"format", format}},
              {{"label", both("High", "高")}, {"value", high}, {"format", format}}})}};
    blocks.insert(blocks.begin(), kpis);
    view.notes.push_back(
        fmt::format("a reasonable valuation: {} to {} {}, middle {} (medians of the methods' lows, highs and middles)",
                    money(low), money(high), r.currency.code(), money(mid)));
  }
  view.sections.push_back(
      section("valuation", both("Valuation", "估值"), both("Methods side by side", "多种方法并列"), blocks));
  return view;
}

}  // namespace ingot::finance
