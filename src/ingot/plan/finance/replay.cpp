// Event-sourced replay of OCF transactions. Order: by date, then as written. Limits (authorized shares, plan reserves)
// are checked at the end of each day, because a transfer closes one security and opens others on the same day.
#include <algorithm>
#include <set>

#include "ingot/base/error.h"
#include "ingot/base/toml.h"
#include "ingot/plan/finance/captable.h"

namespace ingot::finance {
namespace {

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Settings in comments: `ingot: key = value` lines, read as TOML.
Json settings(const Json& object) {
  std::string toml;
  if (const auto comments = object.find("comments"); comments != object.end() && comments->is_array())
    for (const auto& c : *comments)
      if (c.is_string() && c.get<std::string>().starts_with("ingot: ")) toml += c.get<std::string>().substr(7) + "\n";
  return parse_toml(toml, "comments of " + text(object, "id")).root;
}

struct Event {
  Date date;
  const Json* body;
  std::string where;  // "Transactions.ocf.json: 'id' (TX_STOCK_ISSUANCE)"
};

class Replay {
 public:
  Replay(const OcfPackage& package, std::optional<Date> as_of) : as_of_(as_of) {
    index(package);
    throw_if_any("captable", problems_);
    run();
    throw_if_any("captable", problems_);
    finish();
    throw_if_any("captable", problems_);
  }
  CapTable table;

 private:
  // 1. Objects, and the events in order.
  void index(const OcfPackage& package) {
    if (const auto issuer = package.manifest.find("issuer"); issuer != package.manifest.end()) {
      table.issuer = text(*issuer, "legal_name");
      issuer_id_ = text(*issuer, "id");
      if (const auto a = issuer->find("initial_shares_authorized"); a != issuer->end() && a->is_string())
        if (const auto n = parse_decimal(a->get<std::string>())) issuer_authorized_ = n->round(Rounding::Down);
    }
    const Json own = settings(package.manifest);
    table.promised = own.value("promised", int64_t{0});
    if (own.contains("currency")) table.currency = Currency(own["currency"].get<std::string>()), currency_known_ = true;
    std::set<std::string> ids;
    for (const auto& file : package.files)
      for (const auto& item : file.document.at("items")) {
        const auto type = text(item, "object_type"), id = text(item, "id");
        const std::string where = file.path + ": '" + id + "' (" + type + ")";
        if (!ids.insert(type.substr(0, 3) == "TX_" ? "tx " + id : type + id).second)
          problems_.push_back(where + ": id is used twice, expected unique ids");
        if (type == "STAKEHOLDER") {
          table.stakeholders[id] = item.contains("name") ? text(item["name"], "legal_name") : id;
        } else if (type == "STOCK_CLASS") {
          guarded(where, [&] { add_class(item, where); });
        } else if (type == "STOCK_PLAN") {
          guarded(where, [&] { add_plan(item, where); });
        } else if (type == "VESTING_TERMS") {
          vesting_terms_[id] = &item;
        } else if (type.starts_with("TX_") || type.starts_with("CE_")) {
          const auto date = Date::parse(text(item, "date"));
          if (!date)
            problems_.push_back(where + ": date is '" + text(item, "date") + "', expected " + Date::kExpected);
          else
            events_.push_back({*date, &item, where});
          if (type.ends_with("_ISSUANCE")) {
            const auto security = text(item, "security_id");
            if (!issuances_.emplace(security, &item).second)
              problems_.push_back(where + ": security_id '" + security + "' is issued twice, expected unique ids");
          }
          for (const auto& r : results_of(item)) resulting_.insert(r);
        }
      }
    std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.date < b.date; });
  }

  static std::vector<std::string> results_of(const Json& tx) {
    std::vector<std::string> ids;
    if (const auto list = tx.find("resulting_security_ids"); list != tx.end() && list->is_array())
      for (const auto& id : *list)
        if (id.is_string()) ids.push_back(id.get<std::string>());
    for (const char* key : {"resulting_security_id", "balance_security_id"})
      if (const auto id = text(tx, key); !id.empty()) ids.push_back(id);
    return ids;
  }

  void guarded(const std::string& where, const std::function<void()>& action) {
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

  Rational number(const Json& object, const char* key) {
    const auto value = parse_decimal(text(object, key));
    require("ocf", value.has_value(), key, " is ", object.contains(key) ? object[key].dump() : "absent",
            ", expected a decimal in quotes");
    return *value;
  }
  int64_t shares(const Json& object, const char* key) {
    const Rational n = number(object, key);
    require("ocf", n >= Rational(0), key, " is ", n.decimal(), ", expected >= 0");
    require("ocf", n.denominator() == 1, key, " is ", n.decimal(), ", expected a whole number of shares");
    return n.round(Rounding::Down);
  }
  // One currency a table, the first one seen.
  Rational money(const Json& object, const char* key) {
    if (!object.contains(key)) return 0;
    const auto& m = object[key];
    const auto code = text(m, "currency");
    if (!currency_known_) table.currency = Currency(code), currency_known_ = true;
    require("ocf", code == table.currency.code(), key, " is in ", code, ", expected ", table.currency.code(),
            " like the rest of the table");
    return number(m, "amount");
  }

  void add_class(const Json& item, const std::string&) {
    ShareClass c;
    c.id = text(item, "id"), c.name = text(item, "name");
    c.preferred = text(item, "class_type") == "PREFERRED";
    const auto authorized = text(item, "initial_shares_authorized");
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
        if (text(right.at("conversion_mechanism"), "type") == "RATIO_CONVERSION") {
          const auto& ratio = right.at("conversion_mechanism").at("ratio");
          c.conversion_ratio = number(ratio, "numerator") / number(ratio, "denominator");
          converts_to_[c.id] = text(right, "converts_to_stock_class_id");
        }
    const Json own = settings(item);
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

  void add_plan(const Json& item, const std::string&) {
    Plan p;
    p.id = text(item, "id"), p.name = text(item, "plan_name");
    p.reserved = shares(item, "initial_shares_reserved");
    const auto behaviour = text(item, "default_cancellation_behavior");
    p.returns_to_pool = behaviour.empty() || behaviour == "RETURN_TO_POOL";
    table.plans.push_back(p);
    plan_class_[p.id] = item.contains("stock_class_id") ? text(item, "stock_class_id")
                        : item.contains("stock_class_ids") && !item["stock_class_ids"].empty()
                            ? item["stock_class_ids"][0].get<std::string>()
                            : "";
  }

  ShareClass& class_of(const std::string& id, const char* key) {
    for (auto& c : table.classes)
      if (c.id == id) return c;
    fail(ErrorKind::InvalidArgument, "ocf", key, " is '", id, "', expected the id of a stock class");
  }
  Plan& plan_of(const std::string& id, const char* key) {
    for (auto& p : table.plans)
      if (p.id == id) return p;
    fail(ErrorKind::InvalidArgument, "ocf", key, " is '", id, "', expected the id of a stock plan");
  }
  Holding& open(const Json& tx) {
    const auto id = text(tx, "security_id");
    const auto found = open_.find(id);
    require("ocf", found != open_.end(), "security_id is '", id, "', expected the id of an outstanding security",
            issuances_.contains(id) ? " (it is not issued yet or already closed)" : "");
    return found->second;
  }

  // 2. Events.
  void run() {
    for (size_t i = 0; i < events_.size(); ++i) {
      if (as_of_ && events_[i].date > *as_of_) break;
      guarded(events_[i].where, [&] { apply(*events_[i].body, events_[i].date); });
      ++table.num_events;
      table.as_of = events_[i].date;
      if (i + 1 == events_.size() || events_[i + 1].date > events_[i].date) check_limits(events_[i].where);
    }
    if (as_of_) table.as_of = *as_of_;
  }

  void apply(const Json& tx, const Date& date) {
    std::string type = text(tx, "object_type");
    if (type.starts_with("TX_PLAN_SECURITY_")) type = "TX_EQUITY_COMPENSATION_" + type.substr(17);
    for (const auto& id : results_of(tx))
      require("ocf", issuances_.contains(id), "resulting or balance security '", id,
              "' has no issuance, expected one in the package");
    if (type.ends_with("_ACCEPTANCE") || type.starts_with("CE_")) return;
    if (type == "TX_ISSUER_AUTHORIZED_SHARES_ADJUSTMENT") {
      issuer_authorized_ = shares(tx, "new_shares_authorized");
    } else if (type == "TX_STOCK_CLASS_AUTHORIZED_SHARES_ADJUSTMENT") {
      class_of(text(tx, "stock_class_id"), "stock_class_id").authorized = shares(tx, "new_shares_authorized");
    } else if (type == "TX_STOCK_CLASS_CONVERSION_RATIO_ADJUSTMENT") {
      const auto& ratio = tx.at("new_ratio_conversion_mechanism").at("ratio");
      class_of(text(tx, "stock_class_id"), "stock_class_id").conversion_ratio =
          number(ratio, "numerator") / number(ratio, "denominator");
    } else if (type == "TX_STOCK_CLASS_SPLIT") {
      split(tx, date);
    } else if (type == "TX_STOCK_PLAN_POOL_ADJUSTMENT") {
      plan_of(text(tx, "stock_plan_id"), "stock_plan_id").reserved = shares(tx, "shares_reserved");
    } else if (type == "TX_STOCK_PLAN_RETURN_TO_POOL") {
      auto& plan = plan_of(text(tx, "stock_plan_id"), "stock_plan_id");
      plan.used -= shares(tx, "quantity");
      require("ocf", plan.used >= 0, "quantity returns more than plan '", plan.id, "' has granted");
    } else if (type == "TX_VESTING_START" || type == "TX_VESTING_EVENT") {
      require("ocf", open_.contains(text(tx, "security_id")), "security_id is '", text(tx, "security_id"),
              "', expected the id of an outstanding security");
      facts_[text(tx, "security_id")][text(tx, "vesting_condition_id")] = date;
    } else if (type == "TX_VESTING_ACCELERATION") {
      accelerated_[open(tx).security_id] += shares(tx, "quantity");
    } else if (type == "TX_EQUITY_COMPENSATION_REPRICING") {
      open(tx).price = money(tx, "new_exercise_price");
    } else if (type.ends_with("_ISSUANCE")) {
      issue(tx, type, date);
    } else if (type == "TX_STOCK_CONSOLIDATION") {
      int64_t sum = 0;
      for (const auto& id : tx.at("security_ids")) {
        const Json one = {{"security_id", id}};
        sum += open(one).quantity;
        open_.erase(id.get<std::string>());
      }
      same_total(sum, {text(tx, "resulting_security_id")}, "consolidated");
    } else if (type.starts_with("TX_CONVERTIBLE_")) {
      close_convertible(tx, type);
    } else {
      close(tx, type);
    }
  }

  void issue(const Json& tx, const std::string& type, const Date& date) {
    Holding h;
    h.security_id = text(tx, "security_id"), h.stakeholder_id = text(tx, "stakeholder_id");
    h.issued = date;
    require("ocf", table.stakeholders.contains(h.stakeholder_id), "stakeholder_id is '", h.stakeholder_id,
            "', expected the id of a stakeholder");
    if (type == "TX_CONVERTIBLE_ISSUANCE") return issue_convertible(tx, h);
    if (const auto terms = text(tx, "vesting_terms_id"); !terms.empty())
      require("ocf", vesting_terms_.contains(terms), "vesting_terms_id is '", terms,
              "', expected the id of vesting terms");
    h.class_id = text(tx, "stock_class_id"), h.plan_id = text(tx, "stock_plan_id");
    if (type == "TX_STOCK_ISSUANCE") {
      class_of(h.class_id, "stock_class_id");
      h.quantity = shares(tx, "quantity");
      h.price = money(tx, "share_price");
    } else if (type == "TX_EQUITY_COMPENSATION_ISSUANCE") {
      h.kind = PositionKind::Option;
      h.quantity = shares(tx, "quantity");
      h.price = money(tx, "exercise_price");
      if (!h.plan_id.empty()) plan_of(h.plan_id, "stock_plan_id");
      if (h.class_id.empty()) h.class_id = plan_class_[h.plan_id];
    } else {
      h.kind = PositionKind::Warrant;
      h.price = money(tx, "exercise_price");
      const auto& right = tx.at("exercise_triggers").at(0).at("conversion_right");
      h.class_id = text(right, "converts_to_stock_class_id");
      if (tx.contains("quantity"))
        h.quantity = shares(tx, "quantity");
      else if (text(right.at("conversion_mechanism"), "type") == "FIXED_AMOUNT_CONVERSION")
        h.quantity = shares(right.at("conversion_mechanism"), "converts_to_quantity");
      if (!h.class_id.empty()) class_of(h.class_id, "converts_to_stock_class_id");
    }
    if (!h.plan_id.empty() && !resulting_.contains(h.security_id))
      plan_of(h.plan_id, "stock_plan_id").used += h.quantity;
    order_.push_back(h.security_id);
    open_.emplace(h.security_id, std::move(h));
  }

  void issue_convertible(const Json& tx, const Holding& h) {
    Convertible c;
    c.id = h.security_id;
    c.holder = table.holder(h.stakeholder_id);
    c.issued = h.issued;
    c.kind = text(tx, "convertible_type") == "NOTE" ? ConvertibleKind::Note : ConvertibleKind::Safe;
    const Rational amount = money(tx, "investment_amount");
    c.principal = to_money({amount, ""}, table.currency, "investment_amount");
    require("ocf", amount >= Rational(0), "investment_amount is ", amount.decimal(), ", expected >= 0");
    if (tx.contains("seniority")) c.seniority = tx["seniority"].get<int64_t>();
    const auto& m = tx.at("conversion_triggers").at(0).at("conversion_right").at("conversion_mechanism");
    const auto mechanism = text(m, "type");
    if (m.contains("conversion_valuation_cap"))
      c.cap = to_money({money(m, "conversion_valuation_cap"), ""}, table.currency, "conversion_valuation_cap");
    if (m.contains("conversion_discount")) c.discount = number(m, "conversion_discount");
    c.most_favoured = m.value("conversion_mfn", false);
    if (mechanism == "FIXED_PERCENT_OF_CAPITALIZATION_CONVERSION") {
      c.percent = number(m, "converts_to_percent");
      require("ocf", *c.percent < Rational(1), "converts_to_percent is ", c.percent->decimal(), ", expected under 1");
    }
    if (text(m, "conversion_timing") == "PRE_MONEY" || mechanism == "CONVERTIBLE_NOTE_CONVERSION")
      c.rules = pre_money_rules();
    if (const auto r = m.find("capitalization_definition_rules"); r != m.end()) {
      c.rules = {r->at("include_outstanding_shares"),           r->at("include_outstanding_options"),
                 r->at("include_outstanding_unissued_options"), r->at("include_this_security"),
                 r->at("include_other_converting_securities"),  r->at("include_option_pool_topup_for_promised_options"),
                 r->at("include_additional_option_pool_topup"), r->at("include_new_money")};
    }
    if (const auto e = m.find("exit_multiple"); e != m.end())
      c.exit_multiple = number(*e, "numerator") / number(*e, "denominator");
    if (mechanism == "CONVERTIBLE_NOTE_CONVERSION") {
      const auto& rates = m.at("interest_rates");
      if (!rates.empty()) c.rate = number(rates.at(0), "rate");
      require("ocf", rates.size() <= 1, "interest_rates has ", rates.size(),
              " steps, expected one; issue one note a rate");
      c.day_count = text(m, "day_count_convention") == "30_360" ? DayCount::Thirty360 : DayCount::Actual365;
      if (text(m, "compounding_type") == "COMPOUNDING") c.compounding = Compounding::Annual;
      const auto method = settings(tx).value("note_method", std::string("percent_ownership"));
      c.method = method == "pre_money"          ? NoteMethod::PreMoney
                 : method == "dollars_invested" ? NoteMethod::DollarsInvested
                                                : NoteMethod::PercentOwnership;
    }
    convertible_order_.push_back(c.id);
    convertibles_.emplace(c.id, std::move(c));
  }

  void close_convertible(const Json& tx, const std::string& type) {
    const auto id = text(tx, "security_id");
    const auto found = convertibles_.find(id);
    require("ocf", found != convertibles_.end(), "security_id is '", id,
            "', expected the id of an outstanding convertible");
    if (type == "TX_CONVERTIBLE_TRANSFER") {
      int64_t sum = 0;
      for (const auto& r : results_of(tx))
        sum += to_money({money(*issuances_.at(r), "investment_amount"), ""}, table.currency, "investment_amount").minor;
      require("ocf", sum == found->second.principal.minor, "transfer results sum to ",
              Money{sum, table.currency}.text(), ", expected ", found->second.principal.text());
    }
    convertibles_.erase(found);
  }

  void same_total(int64_t quantity, const std::vector<std::string>& results, const char* what) {
    int64_t sum = 0;
    for (const auto& id : results) sum += shares(*issuances_.at(id), "quantity");
    require("ocf", sum == quantity, what, " securities sum to ", sum, " shares, expected ", quantity);
  }

  // Transfers, exercises, conversions, repurchases, cancellations, releases, reissuances, retractions.
  void close(const Json& tx, const std::string& type) {
    Holding& h = open(tx);
    const bool partial_stays = type == "TX_EQUITY_COMPENSATION_EXERCISE" || type == "TX_EQUITY_COMPENSATION_RELEASE";
    int64_t quantity = h.quantity;
    for (const char* key : {"quantity", "quantity_converted"})
      if (tx.contains(key)) quantity = shares(tx, key);
    require("ocf", quantity <= h.quantity, "quantity is ", quantity, ", expected at most the ", h.quantity,
            " outstanding");
    auto results = results_of(tx);
    if (type.ends_with("_TRANSFER")) {
      // `quantity` is what moves; the balance security holds the rest.
      same_total(text(tx, "balance_security_id").empty() ? quantity : h.quantity, results, "resulting");
    } else if (type.ends_with("_EXERCISE") || type.ends_with("_RELEASE")) {
      same_total(quantity, results, "exercised");
    } else if (type == "TX_STOCK_REISSUANCE") {
      same_total(h.quantity, results, "reissued");
    } else if (type == "TX_STOCK_CONVERSION") {
      const auto& from = class_of(h.class_id, "stock_class_id");
      std::erase(results, text(tx, "balance_security_id"));
      same_total((Rational(quantity) * from.conversion_ratio).round(Rounding::Down), results, "converted");
    }
    if (const auto balance = text(tx, "balance_security_id"); !balance.empty() && !type.ends_with("_TRANSFER"))
      same_total(h.quantity - quantity, {balance}, "balance");
    const bool cancelled = type.ends_with("_CANCELLATION") || type.ends_with("_RETRACTION");
    if (cancelled && !h.plan_id.empty()) {
      auto& plan = plan_of(h.plan_id, "stock_plan_id");
      if (plan.returns_to_pool || type.ends_with("_RETRACTION")) plan.used -= quantity;
    }
    const bool keeps = quantity < h.quantity && text(tx, "balance_security_id").empty() &&
                       (partial_stays || cancelled || type == "TX_STOCK_REPURCHASE" || type.ends_with("_TRANSFER") ||
                        type == "TX_STOCK_CONVERSION");
    if (keeps)
      h.quantity -= quantity;
    else
      open_.erase(h.security_id);
  }

  // Whole shares after a split: fractions are dropped, holder by holder. Prices and strikes divide by the ratio.
  void split(const Json& tx, const Date& date) {
    auto& c = class_of(text(tx, "stock_class_id"), "stock_class_id");
    const Rational ratio = number(tx.at("split_ratio"), "numerator") / number(tx.at("split_ratio"), "denominator");
    require("ocf", ratio > Rational(0), "split_ratio is ", ratio.fraction(), ", expected > 0");
    const auto scaled = [&](int64_t n) { return (Rational(n) * ratio).round(Rounding::Down); };
    for (auto& [id, h] : open_)
      if (h.class_id == c.id) h.quantity = scaled(h.quantity), h.price = h.price / ratio;
    for (auto& [id, n] : accelerated_)
      if (const auto h = open_.find(id); h != open_.end() && h->second.class_id == c.id) n = scaled(n);
    if (c.authorized) c.authorized = scaled(*c.authorized);
    c.price = c.price / ratio;
    for (auto& p : table.plans)
      if (plan_class_[p.id] == c.id) p.reserved = scaled(p.reserved), p.used = scaled(p.used);
    for (auto& other : table.classes)
      if (const auto to = converts_to_.find(other.id); to != converts_to_.end() && to->second == c.id)
        other.conversion_ratio = other.conversion_ratio * ratio;
    splits_[c.id].emplace_back(date, ratio);
  }

  void check_limits(const std::string& where) {
    int64_t all = 0;
    for (auto& c : table.classes) {
      c.issued = 0;
      for (const auto& [id, h] : open_)
        if (h.kind == PositionKind::Stock && h.class_id == c.id) c.issued += h.quantity;
      all += c.issued;
      if (c.authorized && c.issued > *c.authorized)
        problems_.push_back(where + ": class '" + c.name + "' has " + std::to_string(c.issued) +
                            " shares issued, expected at most the " + std::to_string(*c.authorized) + " authorized");
    }
    if (issuer_authorized_ && all > *issuer_authorized_)
      problems_.push_back(where + ": the company has " + std::to_string(all) + " shares issued, expected at most the " +
                          std::to_string(*issuer_authorized_) + " authorized");
    for (const auto& p : table.plans)
      if (p.used > p.reserved)
        problems_.push_back(where + ": plan '" + p.name + "' has granted " + std::to_string(p.used) +
                            " shares, expected at most the " + std::to_string(p.reserved) + " reserved");
  }

  // 3. Snapshot, in order of issue; vested counts.
  void finish() {
    for (const auto& id : order_) {
      const auto found = open_.find(id);
      if (found == open_.end()) continue;
      Holding h = found->second;
      h.vested = h.quantity;
      const Json& tx = *issuances_.at(id);
      const auto terms = text(tx, "vesting_terms_id");
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

  std::optional<Date> as_of_;
  Problems problems_;
  bool currency_known_ = false;
  std::string issuer_id_;
  std::optional<int64_t> issuer_authorized_;
  std::vector<Event> events_;
  std::map<std::string, const Json*> issuances_, vesting_terms_;
  std::set<std::string> resulting_;
  std::map<std::string, std::string> converts_to_, plan_class_;
  std::map<std::string, Holding> open_;
  std::vector<std::string> order_, convertible_order_;
  std::map<std::string, Convertible> convertibles_;
  std::map<std::string, VestingFacts> facts_;
  std::map<std::string, int64_t> accelerated_;
  std::map<std::string, std::vector<std::pair<Date, Rational>>> splits_;
};

}  // namespace

CapTable replay(const OcfPackage& package, std::optional<Date> as_of) {
  return std::move(Replay(package, as_of).table);
}

}  // namespace ingot::finance
