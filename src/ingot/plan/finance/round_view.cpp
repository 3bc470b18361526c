#include <cstring>
#include <map>

#include <fmt/format.h>

#include "ingot/plan/finance/round.h"
#include "ingot/plan/finance/view.h"

namespace ingot::finance {
namespace {

// "cap", or "MFN -> SAFE Northlight, cap": the term is the last word.
std::string controls_zh(std::string controls) {
  for (const auto& [en, zh] :
       {std::pair{"cap", "估值上限"}, {"discount", "折扣"}, {"percent", "固定比例"}, {"round price", "本轮价格"}})
    if (controls.ends_with(en)) return controls.replace(controls.size() - std::strlen(en), std::string::npos, zh);
  return controls;
}

}  // namespace

View round_view(const RoundResult& r, const std::string& series) {
  View view;
  const auto before = [&](int64_t n) { return double(n) / double(r.total_before); };
  const auto after = [&](int64_t n) { return double(n) / double(r.total); };
  TextTable table({"holder", "security", "before", "%", "after", "%", "dilution"});
  Json rows = Json::array(), lines = Json::array();
  std::vector<std::string> holders;
  std::map<std::string, std::pair<int64_t, int64_t>> by_holder;
  for (const auto& l : r.lines) {
    const std::string dilution = l.before > 0 ? percent(1 - after(l.after) / before(l.before)) : "";
    table.add({l.holder, l.security, grouped(l.before), percent(before(l.before)), grouped(l.after),
               percent(after(l.after)), dilution});
    rows.push_back({shown(l.holder), shown(l.security), l.before, before(l.before), l.after, after(l.after)});
    lines.push_back({{"holder", l.holder},
                     {"security", l.security},
                     {"before", l.before},
                     {"before_share", before(l.before)},
                     {"after", l.after},
                     {"after_share", after(l.after)},
                     {"exact_after", decimal(l.exact_after)},
                     {"exact_share", decimal(BigRational(l.exact_after / r.exact_total), 14)}});
    if (!by_holder.contains(l.holder)) holders.push_back(l.holder);
    by_holder[l.holder].first += l.before, by_holder[l.holder].second += l.after;
  }
  table.add({"total", "", grouped(r.total_before), "100.00%", grouped(r.total), "100.00%", ""});
  view.tables.emplace_back("", table);

  Json conversions = Json::array(), adjustments = Json::array(), purchases = Json::array();
  Json converted = Json::array(), protected_rows = Json::array();
  if (!r.conversions.empty()) {
    TextTable of({"converts", "holder", "amount", "controlled by", "price", "shares"});
    for (const auto& c : r.conversions) {
      const std::string price = c.price == Rational(0) ? decimal(c.exact_price, 5) : c.price.decimal(10);
      of.add({c.id, c.holder, grouped_decimal(c.amount, 2), c.controls, price, grouped(c.shares)});
      converted.push_back(
          {c.id, c.holder, grouped_decimal(c.amount, 2), both(c.controls, controls_zh(c.controls)), price, c.shares});
      conversions.push_back({{"id", c.id},
                             {"holder", c.holder},
                             {"amount", c.amount.decimal(10)},
                             {"controls", c.controls},
                             {"price", price},
                             {"shares", c.shares},
                             {"exact_price", fraction(c.exact_price)},
                             {"exact_shares", decimal(c.exact_shares)}});
    }
    view.tables.emplace_back("conversions", of);
  }
  if (!r.adjustments.empty()) {
    TextTable of({"protected", "class", "conversion price", "adjusted", "extra shares"});
    for (const auto& a : r.adjustments) {
      of.add({a.holder, a.security, a.old_price.decimal(6), a.new_price.decimal(6), grouped(a.extra_shares)});
      protected_rows.push_back({a.holder, a.security, a.old_price.decimal(6), a.new_price.decimal(6), a.extra_shares});
      adjustments.push_back({{"holder", a.holder},
                             {"class", a.security},
                             {"old_price", a.old_price.decimal(10)},
                             {"new_price", a.new_price.decimal(10)},
                             {"extra_shares", a.extra_shares}});
    }
    view.tables.emplace_back("anti-dilution", of);
  }
  for (const auto& p : r.purchases) purchases.push_back({{"holder", p.holder}, {"amount", money_json(p.amount)}});
  const Currency& currency = r.new_money.currency;
  view.notes.push_back(fmt::format("{}: {} new at {} a share; pre-money {}, post-money {}", series, r.new_money.text(),
                                   r.price.decimal(10), r.pre_money.text(), r.post_money.text()));
  view.notes.push_back(fmt::format("effective pre-money (price x shares held before): {} {}; pool {} shares ({} new)",
                                   grouped_decimal(r.effective_pre_money, 2), currency.code(), grouped(r.pool),
                                   grouped(r.pool_increase)));
  view.notes.push_back(fmt::format("exact before rounding: price {} = {}, {} shares", fraction(r.exact_price),
                                   decimal(r.exact_price), decimal(r.exact_total)));
  view.json = {{"series", series},
               {"price", r.price.decimal(10)},
               {"pre_money", money_json(r.pre_money)},
               {"new_money", money_json(r.new_money)},
               {"post_money", money_json(r.post_money)},
               {"effective_pre_money", r.effective_pre_money.decimal(10)},
               {"total_before", r.total_before},
               {"total", r.total},
               {"series_shares", r.series_shares},
               {"pool", r.pool},
               {"pool_increase", r.pool_increase},
               {"exact",
                {{"price", fraction(r.exact_price)},
                 {"price_decimal", decimal(r.exact_price)},
                 {"total", decimal(r.exact_total)},
                 {"series_shares", decimal(r.exact_series)}}},
               {"lines", lines},
               {"conversions", conversions},
               {"adjustments", adjustments},
               {"purchases", purchases}};

  Json categories = Json::array(), old_shares = Json::array(), new_shares = Json::array();
  for (const auto& h : holders)
    categories.push_back(shown(h)), old_shares.push_back(before(by_holder[h].first)),
        new_shares.push_back(after(by_holder[h].second));
  view.sections.push_back(section(
      "round", series, both("Before and after the round", "融资前后对比"),
      Json::array(
          {{{"type", "kpis"},
            {"items", Json::array({{{"label", both("Price a share", "每股价格")}, {"value", r.price.decimal(10)}},
                                   {{"label", both("Pre-money", "投前估值")},
                                    {"value", to_major(r.pre_money.minor, currency)},
                                    {"format", ascii_lower(currency.code()) + "_compact"}},
                                   {{"label", both("Effective pre-money", "有效投前估值")},
                                    {"value", r.effective_pre_money.to_double()},
                                    {"format", ascii_lower(currency.code()) + "_compact"}},
                                   {{"label", both("Post-money", "投后估值")},
                                    {"value", to_major(r.post_money.minor, currency)},
                                    {"format", ascii_lower(currency.code()) + "_compact"}}})}},
           chart("bar", both("Ownership", "持股比例"),
                 {{"categories", categories},
                  {"horizontal", true},
                  {"y", {{"format", "percent"}}},
                  {"x", {{"format", "percent"}}},
                  {"series", Json::array({{{"name", both("before", "融资前")}, {"data", old_shares}},
                                          {{"name", both("after", "融资后")}, {"data", new_shares}}})}}),
           report_table(both("Pro forma", "备考股权结构表"),
                        {{both("Holder", "持有人"), ""},
                         {both("Security", "证券"), ""},
                         {both("Before", "融资前"), "int"},
                         {"%", "percent"},
                         {both("After", "融资后"), "int"},
                         {"%", "percent"}},
                        rows)})));
  auto& blocks = view.sections.back()["blocks"];
  if (!converted.empty())
    blocks.push_back(report_table(both("Conversions", "转换"),
                                  {{both("Converts", "证券"), ""},
                                   {both("Holder", "持有人"), ""},
                                   {both("Amount", "金额"), ""},
                                   {both("Controlled by", "适用条款"), ""},
                                   {both("Price", "价格"), ""},
                                   {both("Shares", "股数"), "int"}},
                                  converted));
  if (!protected_rows.empty())
    blocks.push_back(report_table(both("Anti-dilution", "反稀释"),
                                  {{both("Protected", "受保护方"), ""},
                                   {both("Class", "类别"), ""},
                                   {both("Conversion price", "转换价"), ""},
                                   {both("Adjusted", "调整后"), ""},
                                   {both("Extra shares", "增加股数"), "int"}},
                                  protected_rows));
  return view;
}

}  // namespace ingot::finance
