#include "ingot/plan/finance/view.h"

#include <cstring>
#include <map>

#include <fmt/format.h>

namespace ingot::finance {

double to_major(int64_t minor, const Currency& currency) { return double(minor) / double(currency.minor_per_major()); }

std::string grouped_decimal(const Rational& value, int places) {
  auto text = value.decimal(places);
  const size_t negative = text.starts_with("-");
  for (size_t at = std::min(text.find('.'), text.size()); at > negative + 3;) text.insert(at -= 3, ",");
  return text;
}

Json money_json(const Money& money) {
  return {{"amount", money.major().decimal(money.currency.decimals())}, {"currency", money.currency.code()}};
}

Json shown(const std::string& name) {
  static const std::pair<const char*, const char*> kNames[] = {{"Unissued pool", "未授予期权池"},
                                                               {"Pool", "期权池"},
                                                               {"Promised options", "已承诺期权"},
                                                               {"Options", "期权"},
                                                               {"Warrants", "认股权证"}};
  for (const auto& [en, zh] : kNames)
    if (name == en || name.starts_with(std::string(en) + " @ ")) return both(name, zh + name.substr(std::strlen(en)));
  return name;
}

View captable_view(const CapTable& t) {
  View view;
  const auto total = t.fully_diluted();
  const auto share = [&](int64_t n) { return total == 0 ? 0.0 : double(n) / double(total); };
  TextTable table({"holder", "security", "shares", "as converted", "vested", "price", "fully diluted"});
  Json rows = Json::array(), holdings = Json::array();
  std::vector<std::string> names;
  std::map<std::string, int64_t> by_holder;
  const auto add = [&](const std::string& holder, const std::string& security, int64_t shares, int64_t converted,
                       int64_t vested, const std::string& price) {
    table.add(
        {holder, security, grouped(shares), grouped(converted), grouped(vested), price, percent(share(converted))});
    rows.push_back({shown(holder), shown(security), shares, converted, share(converted)});
    if (!by_holder.contains(holder)) names.push_back(holder);
    by_holder[holder] += converted;
    holdings.push_back({{"holder", holder},
                        {"security", security},
                        {"shares", shares},
                        {"as_converted", converted},
                        {"vested", vested},
                        {"price", price},
                        {"fully_diluted", share(converted)}});
  };
  for (const auto& h : t.holdings) {
    const std::string security = h.kind == PositionKind::Option    ? "Options"
                                 : h.kind == PositionKind::Warrant ? "Warrants"
                                                                   : t.share_class(h.class_id).name;
    add(t.holder(h.stakeholder_id), security, h.quantity, t.as_converted(h), h.vested, h.price.decimal(6));
  }
  if (t.promised > 0) add("Promised options", "Options", t.promised, t.promised, 0, "");
  for (const auto& p : t.plans) add("Unissued pool", p.name, p.available(), p.available(), 0, "");
  table.add({"total", "", "", grouped(total), "", "", percent(share(total))});
  view.tables.emplace_back("", table);

  Json classes = Json::array(), convertibles = Json::array(), class_rows = Json::array(), due_rows = Json::array();
  TextTable of_classes({"class", "authorized", "issued", "price", "seniority", "converts 1 to"});
  for (const auto& c : t.classes) {
    const std::string authorized = c.authorized ? grouped(*c.authorized) : "unlimited";
    of_classes.add({c.name, authorized, grouped(c.issued), c.price.decimal(6), c.seniority.decimal(4),
                    c.conversion_ratio.decimal(6)});
    class_rows.push_back(
        {c.name, authorized, c.issued, c.price.decimal(6), c.seniority.decimal(4), c.conversion_ratio.decimal(6)});
    classes.push_back({{"name", c.name},
                       {"authorized", c.authorized ? Json(*c.authorized) : Json("unlimited")},
                       {"issued", c.issued},
                       {"price", c.price.decimal(10)},
                       {"conversion_ratio", c.conversion_ratio.decimal(10)}});
  }
  view.tables.emplace_back("classes", of_classes);
  if (!t.convertibles.empty()) {
    TextTable of_convertibles({"convertible", "holder", "principal", "cap", "discount", "due"});
    for (const auto& c : t.convertibles) {
      const Rational due = amount_due(c, t.as_of);
      const std::string cap = c.cap ? c.cap->text() : c.most_favoured ? "MFN" : "";
      const double discount = (c.percent ? *c.percent : c.discount).to_double();
      of_convertibles.add({c.id, c.holder, c.principal.text(), cap,
                           c.percent ? percent(discount) + " fixed" : percent(discount, 0), grouped_decimal(due, 2)});
      due_rows.push_back({c.id, c.holder, c.principal.text(), cap, discount, grouped_decimal(due, 2)});
      convertibles.push_back({{"id", c.id},
                              {"holder", c.holder},
                              {"principal", money_json(c.principal)},
                              {"cap", c.cap ? money_json(*c.cap) : Json()},
                              {"discount", c.discount.to_double()},
                              {"due", due.decimal(6)}});
    }
    view.tables.emplace_back("not converted yet", of_convertibles);
  }
  view.notes.push_back(fmt::format("{} as of {}: {} events, {} shares outstanding as converted, {} fully diluted",
                                   t.issuer, t.as_of.text(), t.num_events, grouped(t.outstanding()), grouped(total)));
  view.json = {{"issuer", t.issuer},
               {"as_of", t.as_of.text()},
               {"currency", t.currency.code()},
               {"outstanding", t.outstanding()},
               {"fully_diluted", total},
               {"holdings", holdings},
               {"classes", classes},
               {"convertibles", convertibles}};
  Json categories = Json::array(), shares = Json::array();
  for (const auto& name : names) {
    categories.push_back(shown(name));
    shares.push_back(share(by_holder[name]));
  }
  Json blocks = Json::array();
  if (total > 0)
    blocks.push_back(chart("bar", both("Fully diluted ownership", "完全稀释持股比例"),
                           {{"categories", categories},
                            {"horizontal", true},
                            {"y", {{"format", "percent"}}},
                            {"series", Json::array({{{"name", both("share", "比例")}, {"data", shares}}})}}));
  blocks.push_back(report_table(both("Holders", "持有人"),
                                {{both("Holder", "持有人"), ""},
                                 {both("Security", "证券"), ""},
                                 {both("Shares", "股数"), "int"},
                                 {both("As converted", "转换后股数"), "int"},
                                 {both("Fully diluted", "完全稀释"), "percent"}},
                                rows));
  blocks.push_back(report_table(both("Classes", "股份类别"),
                                {{both("Class", "类别"), ""},
                                 {both("Authorized", "授权股数"), "int"},
                                 {both("Issued", "已发行"), "int"},
                                 {both("Price", "价格"), ""},
                                 {both("Seniority", "优先级"), ""},
                                 {both("Converts 1 to", "每股转换为"), ""}},
                                class_rows));
  if (!due_rows.empty())
    blocks.push_back(report_table(both("Not converted yet", "尚未转换"),
                                  {{both("Convertible", "可转换证券"), ""},
                                   {both("Holder", "持有人"), ""},
                                   {both("Principal", "本金"), ""},
                                   {both("Cap", "估值上限"), ""},
                                   {both("Discount or share", "折扣或固定比例"), "percent"},
                                   {both("Due", "应付"), ""}},
                                  due_rows));
  view.sections.push_back(section("captable", both("Cap table", "股权结构表"),
                                  both("As of " + t.as_of.text(), "截至 " + t.as_of.text()), blocks));
  return view;
}

}  // namespace ingot::finance
