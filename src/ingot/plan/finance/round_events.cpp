#include "ingot/plan/finance/round_events.h"

#include <algorithm>
#include <set>

#include "ingot/base/error.h"

namespace ingot::finance {

std::vector<Json> round_events(const CapTable& before, const RoundInput& input, const RoundResult& r) {
  std::vector<Json> events;
  const std::string date = input.terms.close.text(), series = input.terms.series, code = before.currency.code();
  const auto monetary = [&](const Rational& major) { return Json{{"amount", major.decimal(10)}, {"currency", code}}; };
  std::string common;
  Rational top = 0;
  for (const auto& c : before.classes) {
    if (!c.preferred && common.empty()) common = c.id;
    top = std::max(top, c.seniority);
    require("round", c.name != series, "class '", series, "' exists already, expected a new name for the series");
  }
  require("round", !common.empty(), "the company has no common stock for the new series to convert to");

  std::set<std::string> known;
  const auto stakeholder = [&](const std::string& name) {
    for (const auto& [id, known_name] : before.stakeholders)
      if (known_name == name) return id;
    const std::string id = "stakeholder " + name;
    if (known.insert(id).second)
      events.push_back({{"object_type", "STAKEHOLDER"},
                        {"id", id},
                        {"name", {{"legal_name", name}}},
                        {"stakeholder_type", "INSTITUTION"}});
    return id;
  };
  const auto new_class = [&](const std::string& name, const Rational& price, int64_t shares) {
    events.push_back({{"object_type", "STOCK_CLASS"},
                      {"id", "class " + name},
                      {"name", name},
                      {"class_type", "PREFERRED"},
                      {"default_id_prefix", "PS-"},
                      {"initial_shares_authorized", std::to_string(shares)},
                      {"votes_per_share", "1"},
                      {"price_per_share", monetary(price)},
                      {"seniority", (top + Rational(1)).decimal(10)},
                      {"conversion_rights", Json::array({{{"type", "STOCK_CLASS_CONVERSION_RIGHT"},
                                                          {"conversion_mechanism",
                                                           {{"type", "RATIO_CONVERSION"},
                                                            {"conversion_price", monetary(price)},
                                                            {"ratio", {{"numerator", "1"}, {"denominator", "1"}}},
                                                            {"rounding_type", "NORMAL"}}},
                                                          {"converts_to_stock_class_id", common}}})},
                      {"liquidation_preference_multiple", "1"},
                      {"comments", Json::array()}});
  };
  const auto issue = [&](const std::string& id, const std::string& holder, const std::string& name,
                         const Rational& price, int64_t shares) {
    const std::string who = stakeholder(holder);
    events.push_back({{"object_type", "TX_STOCK_ISSUANCE"},
                      {"id", "tx " + id},
                      {"security_id", id},
                      {"date", date},
                      {"security_law_exemptions", Json::array()},
                      {"stakeholder_id", who},
                      {"custom_id", id},
                      {"stock_class_id", "class " + name},
                      {"share_price", monetary(price)},
                      {"quantity", std::to_string(shares)},
                      {"stock_legend_ids", Json::array()}});
  };

  // 1. Anti-dilution: one ratio a class.
  std::set<std::string> adjusted;
  for (const auto& a : r.adjustments) {
    if (!adjusted.insert(a.security).second) continue;
    const auto& c = *std::find_if(before.classes.begin(), before.classes.end(),
                                  [&](const ShareClass& x) { return x.name == a.security; });
    events.push_back({{"object_type", "TX_STOCK_CLASS_CONVERSION_RATIO_ADJUSTMENT"},
                      {"id", series + " adjusts " + a.security},
                      {"date", date},
                      {"stock_class_id", c.id},
                      {"new_ratio_conversion_mechanism",
                       {{"type", "RATIO_CONVERSION"},
                        {"conversion_price", monetary(a.new_price)},
                        {"ratio", {{"numerator", c.price.decimal(10)}, {"denominator", a.new_price.decimal(10)}}},
                        {"rounding_type", "FLOOR"}}}});
  }
  // 2. Conversions into shadow series.
  for (const auto& c : r.conversions) {
    if (c.shares == 0) continue;
    const std::string name = series + " (" + c.id + ")", id = name + "-1";
    const Rational price =
        c.price > Rational(0) ? c.price : to_rational(round_big_to(c.exact_price, 10, Rounding::HalfUp));
    new_class(name, price, c.shares);
    issue(id, c.holder, name, price, c.shares);
    events.push_back({{"object_type", "TX_CONVERTIBLE_CONVERSION"},
                      {"id", "conversion of " + c.id},
                      {"security_id", c.id},
                      {"date", date},
                      {"trigger_id", c.id + " next financing"},
                      {"reason_text", "closing of " + series},
                      {"resulting_security_ids", Json::array({id})}});
  }
  // 3. New money.
  if (r.series_shares > 0) new_class(series, r.price, r.series_shares);
  int count = 0;
  for (const auto& line : r.lines)
    if (line.security == series && line.after > 0)
      issue(series + "-" + std::to_string(++count), line.holder, series, r.price, line.after);
  // 4. Pool.
  if (r.pool_increase > 0) {
    require("round", !before.plans.empty(), "the pool grows by ", r.pool_increase,
            " shares but the company has no plan to hold them");
    events.push_back({{"object_type", "TX_STOCK_PLAN_POOL_ADJUSTMENT"},
                      {"id", series + " pool"},
                      {"date", date},
                      {"stock_plan_id", before.plans.back().id},
                      {"shares_reserved", std::to_string(before.plans.back().reserved + r.pool_increase)}});
  }
  return events;
}

}  // namespace ingot::finance
