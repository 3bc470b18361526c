#include "ingot/plan/finance/replay.h"

#include <algorithm>

#include "ingot/base/error.h"
#include "ingot/base/toml.h"

namespace ingot::finance {

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Json settings_of(const Json& object) {
  std::string toml;
  if (const auto comments = object.find("comments"); comments != object.end() && comments->is_array())
    for (const auto& c : *comments)
      if (c.is_string() && c.get<std::string>().starts_with("ingot: ")) toml += c.get<std::string>().substr(7) + "\n";
  return parse_toml(toml, "comments of " + text_of(object, "id")).root;
}

Replay::Replay(const OcfPackage& package, std::optional<Date> as_of) : as_of_(as_of) {
  index(package);
  throw_if_any("captable", problems_);
  run();
  throw_if_any("captable", problems_);
  finish();
  throw_if_any("captable", problems_);
}

// 1. Objects, and the events in order.
void Replay::index(const OcfPackage& package) {
  if (const auto issuer = package.manifest.find("issuer"); issuer != package.manifest.end()) {
    table.issuer = text_of(*issuer, "legal_name");
    issuer_id_ = text_of(*issuer, "id");
    if (const auto a = issuer->find("initial_shares_authorized"); a != issuer->end() && a->is_string())
      if (const auto n = parse_decimal(a->get<std::string>())) issuer_authorized_ = n->round(Rounding::Down);
  }
  const Json own = settings_of(package.manifest);
  table.promised = own.value("promised", int64_t{0});
  if (own.contains("currency")) table.currency = Currency(own["currency"].get<std::string>()), currency_known_ = true;
  std::set<std::string> ids;
  for (const auto& file : package.files)
    for (const auto& item : file.document.at("items")) {
      const auto type = text_of(item, "object_type"), id = text_of(item, "id");
      const std::string where = file.path + ": '" + id + "' (" + type + ")";
      if (!ids.insert(type.substr(0, 3) == "TX_" ? "tx " + id : type + id).second)
        problems_.push_back(where + ": id is used twice, expected unique ids");
      if (type == "STAKEHOLDER") {
        table.stakeholders[id] = item.contains("name") ? text_of(item["name"], "legal_name") : id;
      } else if (type == "STOCK_CLASS") {
        guarded(where, [&] { add_class(item, where); });
      } else if (type == "STOCK_PLAN") {
        guarded(where, [&] { add_plan(item, where); });
      } else if (type == "VESTING_TERMS") {
        vesting_terms_[id] = &item;
      } else if (type.starts_with("TX_") || type.starts_with("CE_")) {
        const auto date = Date::parse(text_of(item, "date"));
        if (!date)
          problems_.push_back(where + ": date is '" + text_of(item, "date") + "', expected " + Date::kExpected);
        else
          events_.push_back({*date, &item, where});
        if (type.ends_with("_ISSUANCE")) {
          const auto security = text_of(item, "security_id");
          if (!issuances_.emplace(security, &item).second)
            problems_.push_back(where + ": security_id '" + security + "' is issued twice, expected unique ids");
        }
        for (const auto& r : results_of(item)) resulting_.insert(r);
      }
    }
  std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.date < b.date; });
}

std::vector<std::string> Replay::results_of(const Json& tx) {
  std::vector<std::string> ids;
  if (const auto list = tx.find("resulting_security_ids"); list != tx.end() && list->is_array())
    for (const auto& id : *list)
      if (id.is_string()) ids.push_back(id.get<std::string>());
  for (const char* key : {"resulting_security_id", "balance_security_id"})
    if (const auto id = text_of(tx, key); !id.empty()) ids.push_back(id);
  return ids;
}

void Replay::guarded(const std::string& where, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    std::string message = e.what();  // drop the inner scope "[...] "
    if (const size_t close = message.find("] "); message.starts_with('[') && close != std::string::npos)
      message = message.substr(close + 2);
    problems_.push_back(where + ": " + message);
  } catch (const Json::exception& e) {
    problems_.push_back(where + ": a field has the wrong type: " + e.what());
  }
}

Rational Replay::number(const Json& object, const char* key) {
  const auto value = parse_decimal(text_of(object, key));
  require("ocf", value.has_value(), key, " is ", object.contains(key) ? object[key].dump() : "absent",
          ", expected a decimal in quotes");
  return *value;
}

int64_t Replay::shares(const Json& object, const char* key) {
  const Rational n = number(object, key);
  require("ocf", n >= Rational(0), key, " is ", n.decimal(), ", expected >= 0");
  require("ocf", n.denominator() == 1, key, " is ", n.decimal(), ", expected a whole number of shares");
  return n.round(Rounding::Down);
}

// One currency a table, the first one seen.
Rational Replay::money(const Json& object, const char* key) {
  if (!object.contains(key)) return 0;
  const auto& m = object[key];
  const auto code = text_of(m, "currency");
  if (!currency_known_) table.currency = Currency(code), currency_known_ = true;
  require("ocf", code == table.currency.code(), key, " is in ", code, ", expected ", table.currency.code(),
          " like the rest of the table");
  return number(m, "amount");
}

void Replay::add_class(const Json& item, const std::string&) {
  ShareClass c;
  c.id = text_of(item, "id"), c.name = text_of(item, "name");
  c.preferred = text_of(item, "class_type") == "PREFERRED";
  const auto authorized = text_of(item, "initial_shares_authorized");
  if (authorized != "UNLIMITED" && authorized != "NOT APPLICABLE")
    c.authorized = shares(item, "initial_shares_authorized");
  c.seniority = number(item, "seniority");
  c.price = money(item, "price_per_share");
  if (item.contains("liquidation_preference_multiple"))
    c.preference_multiple = number(item, "liquidation_preference_multiple");
  if (item.contains("participation_cap_multiple")) {
    c.cap_multiple = number(item, "participation_cap_multiple");
    if (c.cap_multiple > c.preference_multiple) c.participation = Participation::Capped;
  }
  if (const auto rights = item.find("conversion_rights"); rights != item.end())
    for (const auto& right : *rights)
      if (text_of(right.at("conversion_mechanism"), "type") == "RATIO_CONVERSION") {
        const auto& ratio = right.at("conversion_mechanism").at("ratio");
        c.conversion_ratio = number(ratio, "numerator") / number(ratio, "denominator");
        converts_to_[c.id] = text_of(right, "converts_to_stock_class_id");
      }
  const Json own = settings_of(item);
  if (own.value("participation", std::string()) == "full") c.participation = Participation::Full;
  if (own.contains("dividend")) c.dividend = *Rational::from_config(own["dividend"]);
  c.dividend_compounds = own.value("dividend_compounds", false);
  const auto protection = own.value("antidilution", std::string("none"));
  c.antidilution = protection == "broad"     ? AntiDilution::BroadBased
                   : protection == "narrow"  ? AntiDilution::NarrowBased
                   : protection == "ratchet" ? AntiDilution::FullRatchet
                                             : AntiDilution::None;
  if (own.contains("antidilution_base")) c.antidilution_base = own["antidilution_base"].get<int64_t>();
  table.classes.push_back(c);
}

void Replay::add_plan(const Json& item, const std::string&) {
  Plan p;
  p.id = text_of(item, "id"), p.name = text_of(item, "plan_name");
  p.reserved = shares(item, "initial_shares_reserved");
  const auto behaviour = text_of(item, "default_cancellation_behavior");
  p.returns_to_pool = behaviour.empty() || behaviour == "RETURN_TO_POOL";
  table.plans.push_back(p);
  plan_class_[p.id] = item.contains("stock_class_id") ? text_of(item, "stock_class_id")
                      : item.contains("stock_class_ids") && !item["stock_class_ids"].empty()
                          ? item["stock_class_ids"][0].get<std::string>()
                          : "";
}

ShareClass& Replay::class_of(const std::string& id, const char* key) {
  for (auto& c : table.classes)
    if (c.id == id) return c;
  fail(ErrorKind::InvalidArgument, "ocf", key, " is '", id, "', expected the id of a stock class");
}

Plan& Replay::plan_of(const std::string& id, const char* key) {
  for (auto& p : table.plans)
    if (p.id == id) return p;
  fail(ErrorKind::InvalidArgument, "ocf", key, " is '", id, "', expected the id of a stock plan");
}

Holding& Replay::open(const Json& tx) {
  const auto id = text_of(tx, "security_id");
  const auto found = open_.find(id);
  require("ocf", found != open_.end(), "security_id is '", id, "', expected the id of an outstanding security",
          issuances_.contains(id) ? " (it is not issued yet or already closed)" : "");
  return found->second;
}

// 2. Events.
void Replay::run() {
  std::string issuer;  // the last event of the day that issued something, else its last event
  bool issued = false;
  for (size_t i = 0; i < events_.size(); ++i) {
    if (as_of_ && events_[i].date > *as_of_) break;
    guarded(events_[i].where, [&] { apply(*events_[i].body, events_[i].date); });
    ++table.num_events;
    table.as_of = events_[i].date;
    const bool issues = text_of(*events_[i].body, "object_type").find("ISSUANCE") != std::string::npos;
    if (issues || !issued) issuer = events_[i].where;
    issued = issued || issues;
    if (i + 1 < events_.size() && !(events_[i + 1].date > events_[i].date)) continue;
    check_limits(issuer);
    issued = false;
  }
  if (as_of_) table.as_of = *as_of_;
}

void Replay::check_limits(const std::string& where) {
  int64_t all = 0;
  const auto exceeded = [&](const std::string& who, int64_t has, const char* what, int64_t limit, const char* rule) {
    if (has <= limit || !exceeded_.insert(who).second) return;  // once, on the day that it begins
    problems_.push_back(where + ": " + who + " has " + std::to_string(has) + " shares " + what +
                        ", expected at most the " + std::to_string(limit) + " " + rule);
  };
  for (auto& c : table.classes) {
    c.issued = 0;
    for (const auto& [id, h] : open_)
      if (h.kind == PositionKind::Stock && h.class_id == c.id) c.issued += h.quantity;
    all += c.issued;
    if (c.authorized) exceeded("class '" + c.name + "'", c.issued, "issued", *c.authorized, "authorized");
  }
  if (issuer_authorized_) exceeded("the company", all, "issued", *issuer_authorized_, "authorized");
  for (const auto& p : table.plans) exceeded("plan '" + p.name + "'", p.used, "granted", p.reserved, "reserved");
}

// 3. Snapshot, in order of issue; vested counts.
void Replay::finish() {
  for (const auto& id : order_) {
    const auto found = open_.find(id);
    if (found == open_.end()) continue;
    Holding h = found->second;
    h.vested = h.quantity;
    const Json& tx = *issuances_.at(id);
    const auto terms = text_of(tx, "vesting_terms_id");
    guarded("vesting of '" + id + "'", [&] {
      if (terms.empty() && !tx.contains("vestings")) return;
      std::vector<Vest> schedule;
      const int64_t granted = tx.contains("quantity") ? shares(tx, "quantity") : h.quantity;
      if (tx.contains("vestings"))
        for (const auto& v : tx["vestings"])
          schedule.push_back({*Date::from_config(v.at("date")), shares(v, "amount")});
      else
        schedule = vesting_schedule(*vesting_terms_.at(terms), granted, facts_[id]);
      int64_t vested = 0;
      for (const auto& v : schedule)
        if (v.date <= table.as_of) vested += v.shares;
      // A split after the grant scales what was allocated in grant shares.
      Rational scale = 1;
      for (const auto& [date, ratio] : splits_[h.class_id])
        if (date >= h.issued) scale = scale * ratio;
      vested = (Rational(vested) * scale).round(Rounding::Down) + accelerated_[id];
      h.vested = std::min(vested, h.quantity);
    });
    table.holdings.push_back(std::move(h));
  }
  for (const auto& id : convertible_order_)
    if (const auto found = convertibles_.find(id); found != convertibles_.end())
      table.convertibles.push_back(found->second);
}

CapTable replay(const OcfPackage& package, std::optional<Date> as_of) {
  return std::move(Replay(package, as_of).table);
}

}  // namespace ingot::finance
