// What each transaction does to the open securities.
#include <algorithm>

#include "ingot/base/error.h"
#include "ingot/plan/finance/replay.h"

namespace ingot::finance {

void Replay::apply(const Json& tx, const Date& date) {
  std::string type = text_of(tx, "object_type");
  if (type.starts_with("TX_PLAN_SECURITY_")) type = "TX_EQUITY_COMPENSATION_" + type.substr(17);
  for (const auto& id : results_of(tx))
    require("ocf", issuances_.contains(id), "resulting or balance security '", id,
            "' has no issuance, expected one in the package");
  if (type.ends_with("_ACCEPTANCE") || type.starts_with("CE_")) return;
  if (type == "TX_ISSUER_AUTHORIZED_SHARES_ADJUSTMENT") {
    issuer_authorized_ = shares(tx, "new_shares_authorized");
  } else if (type == "TX_STOCK_CLASS_AUTHORIZED_SHARES_ADJUSTMENT") {
    class_of(text_of(tx, "stock_class_id"), "stock_class_id").authorized = shares(tx, "new_shares_authorized");
  } else if (type == "TX_STOCK_CLASS_CONVERSION_RATIO_ADJUSTMENT") {
    const auto& ratio = tx.at("new_ratio_conversion_mechanism").at("ratio");
    class_of(text_of(tx, "stock_class_id"), "stock_class_id").conversion_ratio =
        number(ratio, "numerator") / number(ratio, "denominator");
  } else if (type == "TX_STOCK_CLASS_SPLIT") {
    split(tx, date);
  } else if (type == "TX_STOCK_PLAN_POOL_ADJUSTMENT") {
    plan_of(text_of(tx, "stock_plan_id"), "stock_plan_id").reserved = shares(tx, "shares_reserved");
  } else if (type == "TX_STOCK_PLAN_RETURN_TO_POOL") {
    auto& plan = plan_of(text_of(tx, "stock_plan_id"), "stock_plan_id");
    plan.used -= shares(tx, "quantity");
    require("ocf", plan.used >= 0, "quantity returns more than plan '", plan.id, "' has granted");
  } else if (type == "TX_VESTING_START" || type == "TX_VESTING_EVENT") {
    require("ocf", open_.contains(text_of(tx, "security_id")), "security_id is '", text_of(tx, "security_id"),
            "', expected the id of an outstanding security");
    facts_[text_of(tx, "security_id")][text_of(tx, "vesting_condition_id")] = date;
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
    same_total(sum, {text_of(tx, "resulting_security_id")}, "consolidated");
  } else if (type.starts_with("TX_CONVERTIBLE_")) {
    close_convertible(tx, type);
  } else {
    close(tx, type);
  }
}

void Replay::issue(const Json& tx, const std::string& type, const Date& date) {
  Holding h;
  h.security_id = text_of(tx, "security_id"), h.stakeholder_id = text_of(tx, "stakeholder_id");
  h.issued = date;
  require("ocf", table.stakeholders.contains(h.stakeholder_id), "stakeholder_id is '", h.stakeholder_id,
          "', expected the id of a stakeholder");
  if (type == "TX_CONVERTIBLE_ISSUANCE") return issue_convertible(tx, h);
  if (const auto terms = text_of(tx, "vesting_terms_id"); !terms.empty())
    require("ocf", vesting_terms_.contains(terms), "vesting_terms_id is '", terms,
            "', expected the id of vesting terms");
  h.class_id = text_of(tx, "stock_class_id"), h.plan_id = text_of(tx, "stock_plan_id");
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
    h.class_id = text_of(right, "converts_to_stock_class_id");
    if (tx.contains("quantity"))
      h.quantity = shares(tx, "quantity");
    else if (text_of(right.at("conversion_mechanism"), "type") == "FIXED_AMOUNT_CONVERSION")
      h.quantity = shares(right.at("conversion_mechanism"), "converts_to_quantity");
    if (!h.class_id.empty()) class_of(h.class_id, "converts_to_stock_class_id");
  }
  if (!h.plan_id.empty() && !resulting_.contains(h.security_id)) plan_of(h.plan_id, "stock_plan_id").used += h.quantity;
  order_.push_back(h.security_id);
  open_.emplace(h.security_id, std::move(h));
}

void Replay::issue_convertible(const Json& tx, const Holding& h) {
  Convertible c;
  c.id = h.security_id;
  c.holder = table.holder(h.stakeholder_id);
  c.issued = h.issued;
  c.kind = text_of(tx, "convertible_type") == "NOTE" ? ConvertibleKind::Note : ConvertibleKind::Safe;
  const Rational amount = money(tx, "investment_amount");
  c.principal = to_money({amount, ""}, table.currency, "investment_amount");
  require("ocf", amount >= Rational(0), "investment_amount is ", amount.decimal(), ", expected >= 0");
  if (tx.contains("seniority")) c.seniority = tx["seniority"].get<int64_t>();
  const auto& m = tx.at("conversion_triggers").at(0).at("conversion_right").at("conversion_mechanism");
  const auto mechanism = text_of(m, "type");
  if (m.contains("conversion_valuation_cap"))
    c.cap = to_money({money(m, "conversion_valuation_cap"), ""}, table.currency, "conversion_valuation_cap");
  if (m.contains("conversion_discount")) c.discount = number(m, "conversion_discount");
  c.most_favoured = m.value("conversion_mfn", false);
  if (mechanism == "FIXED_PERCENT_OF_CAPITALIZATION_CONVERSION") {
    c.percent = number(m, "converts_to_percent");
    require("ocf", *c.percent < Rational(1), "converts_to_percent is ", c.percent->decimal(), ", expected under 1");
  }
  if (text_of(m, "conversion_timing") == "PRE_MONEY" || mechanism == "CONVERTIBLE_NOTE_CONVERSION")
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
    c.day_count = text_of(m, "day_count_convention") == "30_360" ? DayCount::Thirty360 : DayCount::Actual365;
    if (text_of(m, "compounding_type") == "COMPOUNDING") c.compounding = Compounding::Annual;
    const auto method = settings_of(tx).value("note_method", std::string("percent_ownership"));
    c.method = method == "pre_money"          ? NoteMethod::PreMoney
               : method == "dollars_invested" ? NoteMethod::DollarsInvested
                                              : NoteMethod::PercentOwnership;
  }
  convertible_order_.push_back(c.id);
  convertibles_.emplace(c.id, std::move(c));
}

void Replay::close_convertible(const Json& tx, const std::string& type) {
  const auto id = text_of(tx, "security_id");
  const auto found = convertibles_.find(id);
  require("ocf", found != convertibles_.end(), "security_id is '", id,
          "', expected the id of an outstanding convertible");
  if (type == "TX_CONVERTIBLE_TRANSFER") {
    int64_t sum = 0;
    for (const auto& r : results_of(tx))
      sum += to_money({money(*issuances_.at(r), "investment_amount"), ""}, table.currency, "investment_amount").minor;
    require("ocf", sum == found->second.principal.minor, "transfer results sum to ", Money{sum, table.currency}.text(),
            ", expected ", found->second.principal.text());
  }
  convertibles_.erase(found);
}

void Replay::same_total(int64_t quantity, const std::vector<std::string>& results, const char* what) {
  int64_t sum = 0;
  for (const auto& id : results) sum += shares(*issuances_.at(id), "quantity");
  require("ocf", sum == quantity, what, " securities sum to ", sum, " shares, expected ", quantity);
}

// Transfers, exercises, conversions, repurchases, cancellations, releases, reissuances, retractions.
void Replay::close(const Json& tx, const std::string& type) {
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
    same_total(text_of(tx, "balance_security_id").empty() ? quantity : h.quantity, results, "resulting");
  } else if (type.ends_with("_EXERCISE") || type.ends_with("_RELEASE")) {
    same_total(quantity, results, "exercised");
  } else if (type == "TX_STOCK_REISSUANCE") {
    same_total(h.quantity, results, "reissued");
  } else if (type == "TX_STOCK_CONVERSION") {
    const auto& from = class_of(h.class_id, "stock_class_id");
    std::erase(results, text_of(tx, "balance_security_id"));
    same_total((Rational(quantity) * from.conversion_ratio).round(Rounding::Down), results, "converted");
  }
  if (const auto balance = text_of(tx, "balance_security_id"); !balance.empty() && !type.ends_with("_TRANSFER"))
    same_total(h.quantity - quantity, {balance}, "balance");
  const bool cancelled = type.ends_with("_CANCELLATION") || type.ends_with("_RETRACTION");
  if (cancelled && !h.plan_id.empty()) {
    auto& plan = plan_of(h.plan_id, "stock_plan_id");
    if (plan.returns_to_pool || type.ends_with("_RETRACTION")) plan.used -= quantity;
  }
  const bool keeps = quantity < h.quantity && text_of(tx, "balance_security_id").empty() &&
                     (partial_stays || cancelled || type == "TX_STOCK_REPURCHASE" || type.ends_with("_TRANSFER") ||
                      type == "TX_STOCK_CONVERSION");
  if (keeps)
    h.quantity -= quantity;
  else
    open_.erase(h.security_id);
}

// Whole shares after a split: fractions are dropped, holder by holder. Prices and strikes divide by the ratio.
void Replay::split(const Json& tx, const Date& date) {
  auto& c = class_of(text_of(tx, "stock_class_id"), "stock_class_id");
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

}  // namespace ingot::finance
