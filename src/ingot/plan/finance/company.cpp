#include "ingot/plan/finance/company.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ingot/base/error.h"

namespace ingot::finance {
namespace {

Json monetary(const Rational& major, const Currency& currency) {
  return {{"amount", major.decimal(10)}, {"currency", currency.code()}};
}

std::string stakeholder_id(const std::string& name) { return "stakeholder " + name; }
std::string class_id(const std::string& name) { return "class " + name; }
std::string plan_id(const std::string& name) { return "plan " + name; }
std::string vesting_id(const std::string& name) { return "vesting " + name; }

class Builder {
 public:
  explicit Builder(const Company& company) : company_(company), currency_(company.info.currency) {}

  OcfPackage build() {
    Json comments = {"ingot: currency = \"" + currency_.code() + "\""};
    if (company_.info.promised > 0) comments.push_back(fmt::format("ingot: promised = {}", company_.info.promised));
    package_.manifest = {{"ocf_version", "1.2.1-alpha+main"},
                         {"file_type", "OCF_MANIFEST_FILE"},
                         {"issuer",
                          {{"object_type", "ISSUER"},
                           {"id", "issuer"},
                           {"legal_name", company_.info.name},
                           {"formation_date", company_.info.formed.text()},
                           {"country_of_formation", company_.info.country},
                           {"tax_ids", Json::array()}}},
                         {"as_of", company_.info.formed.text()},
                         {"generated_at", ""},
                         {"comments", comments}};
    classes();
    vesting();
    plans();
    stock();
    options();
    warrants();
    safes();
    notes();
    for (const auto& name : holders_)
      add("OCF_STAKEHOLDERS_FILE", {{"object_type", "STAKEHOLDER"},
                                    {"id", stakeholder_id(name)},
                                    {"name", {{"legal_name", name}}},
                                    {"stakeholder_type", "INDIVIDUAL"}});
    package_.manifest["as_of"] = last_.text();
    refresh_manifest(package_, last_.text() + "T00:00:00Z");
    return std::move(package_);
  }

 private:
  void add(const char* file_type, Json item) {
    file_for(package_, file_type).document["items"].push_back(std::move(item));
  }

  void transaction(Json item, const Date& date) {
    last_ = std::max(last_, date);
    add("OCF_TRANSACTIONS_FILE", std::move(item));
  }

  const std::string& holder(const std::string& name) {
    if (std::find(holders_.begin(), holders_.end(), name) == holders_.end()) holders_.push_back(name);
    return name;
  }

  // Fields common to all issuances.
  Json issuance(const char* type, const std::string& id, const std::string& who, const Date& date) {
    return {{"object_type", type},
            {"id", "tx " + id},
            {"security_id", id},
            {"date", date.text()},
            {"security_law_exemptions", Json::array()},
            {"stakeholder_id", stakeholder_id(holder(who))},
            {"custom_id", id}};
  }

  void classes() {
    for (const auto& c : company_.classes) {
      Json item = {{"object_type", "STOCK_CLASS"},
                   {"id", class_id(c.name)},
                   {"name", c.name},
                   {"class_type", c.preferred ? "PREFERRED" : "COMMON"},
                   {"default_id_prefix", c.preferred ? "PS-" : "CS-"},
                   {"initial_shares_authorized", c.authorized ? std::to_string(*c.authorized) : "UNLIMITED"},
                   {"votes_per_share", "1"},
                   {"price_per_share", monetary(c.price, currency_)},
                   {"seniority", c.seniority.decimal(10)}};
      Json comments = Json::array();
      if (c.preferred) {
        item["conversion_rights"] =
            Json::array({{{"type", "STOCK_CLASS_CONVERSION_RIGHT"},
                          {"conversion_mechanism",
                           {{"type", "RATIO_CONVERSION"},
                            {"conversion_price", monetary(c.price / c.ratio, currency_)},
                            {"ratio", {{"numerator", c.ratio.decimal(10)}, {"denominator", "1"}}},
                            {"rounding_type", "NORMAL"}}},
                          {"converts_to_stock_class_id", class_id(common_)}}});
        item["liquidation_preference_multiple"] = c.preference.decimal(10);
        if (c.participation == Participation::Capped) item["participation_cap_multiple"] = c.cap.decimal(10);
        if (c.participation == Participation::Full) comments.push_back("ingot: participation = \"full\"");
        if (c.dividend.value > Rational(0))
          comments.push_back("ingot: dividend = \"" + c.dividend.value.decimal(10) + "\"");
        if (c.dividend_compounds) comments.push_back("ingot: dividend_compounds = true");
        if (c.antidilution != Protection::None)
          comments.push_back("ingot: antidilution = \"" + enum_name(c.antidilution) + "\"");
        if (c.antidilution_base) comments.push_back(fmt::format("ingot: antidilution_base = {}", *c.antidilution_base));
      } else {
        item["conversion_rights"] = Json::array();
      }
      item["comments"] = comments;
      if (!c.preferred && common_.empty()) common_ = c.name;
      add("OCF_STOCK_CLASSES_FILE", item);
    }
  }

  void vesting() {
    for (const auto& t : company_.vesting) {
      const int times = t.months / t.every;
      Json period = {{"length", t.every},
                     {"type", "MONTHS"},
                     {"occurrences", times},
                     {"day_of_month", "VESTING_START_DAY_OR_LAST_DAY_OF_MONTH"}};
      if (t.cliff > t.every) period["cliff_installment"] = t.cliff / t.every;
      add("OCF_VESTING_TERMS_FILE",
          {{"object_type", "VESTING_TERMS"},
           {"id", vesting_id(t.name)},
           {"name", t.name},
           {"description", fmt::format("{} months, cliff {}, every {}", t.months, t.cliff, t.every)},
           {"allocation_type", t.allocation},
           {"vesting_conditions",
            {{{"id", "start"},
              {"quantity", "0"},
              {"trigger", {{"type", "VESTING_START_DATE"}}},
              {"next_condition_ids", {"monthly"}}},
             {{"id", "monthly"},
              {"portion", {{"numerator", "1"}, {"denominator", std::to_string(times)}}},
              {"trigger",
               {{"type", "VESTING_SCHEDULE_RELATIVE"}, {"period", period}, {"relative_to_condition_id", "start"}}},
              {"next_condition_ids", Json::array()}}}}});
    }
  }

  void start_vesting(const std::string& id, const std::string& terms, const Date& date) {
    if (terms.empty()) return;
    transaction({{"object_type", "TX_VESTING_START"},
                 {"id", "start " + id},
                 {"security_id", id},
                 {"date", date.text()},
                 {"vesting_condition_id", "start"}},
                date);
  }

  void plans() {
    for (const auto& p : company_.plans)
      add("OCF_STOCK_PLANS_FILE", {{"object_type", "STOCK_PLAN"},
                                   {"id", plan_id(p.name)},
                                   {"plan_name", p.name},
                                   {"initial_shares_reserved", std::to_string(p.reserved)},
                                   {"default_cancellation_behavior", "RETURN_TO_POOL"},
                                   {"stock_class_ids", {class_id(p.share_class.empty() ? common_ : p.share_class)}}});
  }

  void stock() {
    std::map<std::string, int> count;
    for (const auto& i : company_.issues) {
      const auto& c = *std::find_if(company_.classes.begin(), company_.classes.end(),
                                    [&](const ClassTerms& t) { return t.name == i.share_class; });
      const std::string id = fmt::format("{}-{}", i.share_class, ++count[i.share_class]);
      Json tx = issuance("TX_STOCK_ISSUANCE", id, i.holder, i.date);
      tx["stock_class_id"] = class_id(i.share_class);
      tx["share_price"] = monetary(i.price.value_or(c.price), currency_);
      tx["quantity"] = std::to_string(i.shares);
      tx["stock_legend_ids"] = Json::array();
      if (!i.vesting.empty()) tx["vesting_terms_id"] = vesting_id(i.vesting);
      transaction(tx, i.date);
      start_vesting(id, i.vesting, i.date);
    }
  }

  void options() {
    int count = 0;
    for (const auto& g : company_.grants) {
      const std::string id = fmt::format("OPT-{}", ++count);
      Json tx = issuance("TX_EQUITY_COMPENSATION_ISSUANCE", id, g.holder, g.date);
      tx["stock_plan_id"] = plan_id(g.plan);
      tx["compensation_type"] = "OPTION";
      tx["quantity"] = std::to_string(g.shares);
      tx["exercise_price"] = monetary(g.strike, currency_);
      tx["expiration_date"] = g.date.add_months(120).text();
      tx["termination_exercise_windows"] = Json::array();
      if (!g.vesting.empty()) tx["vesting_terms_id"] = vesting_id(g.vesting);
      transaction(tx, g.date);
      start_vesting(id, g.vesting, g.date);
    }
  }

  void warrants() {
    int count = 0;
    for (const auto& w : company_.warrants) {
      const std::string id = fmt::format("WARRANT-{}", ++count);
      Json tx = issuance("TX_WARRANT_ISSUANCE", id, w.holder, w.date);
      tx["quantity"] = std::to_string(w.shares);
      tx["quantity_source"] = "INSTRUMENT_FIXED";
      tx["exercise_price"] = monetary(w.strike, currency_);
      tx["purchase_price"] = monetary(0, currency_);
      Json trigger = {{"trigger_id", id + " exercise"}, {"type", w.expires ? "ELECTIVE_IN_RANGE" : "ELECTIVE_AT_WILL"}};
      if (w.expires) {
        trigger["start_date"] = w.date.text();
        trigger["end_date"] = w.expires->text();
        tx["warrant_expiration_date"] = w.expires->text();
      }
      trigger["conversion_right"] = {
          {"type", "WARRANT_CONVERSION_RIGHT"},
          {"conversion_mechanism",
           {{"type", "FIXED_AMOUNT_CONVERSION"}, {"converts_to_quantity", std::to_string(w.shares)}}},
          {"converts_to_stock_class_id", class_id(w.share_class.empty() ? common_ : w.share_class)}};
      tx["exercise_triggers"] = Json::array({trigger});
      transaction(tx, w.date);
    }
  }

  Json convertible(const std::string& id, const std::string& who, const Date& date, const char* type,
                   const Amount& amount, Json mechanism) {
    Json tx = issuance("TX_CONVERTIBLE_ISSUANCE", id, who, date);
    tx["convertible_type"] = type;
    tx["investment_amount"] = monetary(to_money(amount, currency_, id).major(), currency_);
    tx["conversion_triggers"] = Json::array({{{"trigger_id", id + " next financing"},
                                              {"type", "AUTOMATIC_ON_CONDITION"},
                                              {"trigger_condition", "closing of the next priced equity financing"},
                                              {"conversion_right",
                                               {{"type", "CONVERTIBLE_CONVERSION_RIGHT"},
                                                {"conversion_mechanism", std::move(mechanism)},
                                                {"converts_to_future_round", true}}}}});
    tx["seniority"] = 1;
    return tx;
  }

  void safes() {
    int count = 0;
    for (const auto& s : company_.safes) {
      const std::string id = s.id.empty() ? fmt::format("SAFE-{}", ++count) : s.id;
      Json m;
      if (s.percent) {
        m = {{"type", "FIXED_PERCENT_OF_CAPITALIZATION_CONVERSION"},
             {"converts_to_percent", s.percent->value.decimal(10)}};
      } else {
        m = {{"type", "SAFE_CONVERSION"},
             {"conversion_mfn", s.mfn},
             {"conversion_timing", s.timing == SafeTiming::Post ? "POST_MONEY" : "PRE_MONEY"}};
        if (s.cap)
          m["conversion_valuation_cap"] = monetary(to_money(*s.cap, currency_, id + " cap").major(), currency_);
        if (s.discount.value > Rational(0)) m["conversion_discount"] = s.discount.value.decimal(10);
      }
      transaction(convertible(id, s.holder, s.date, "SAFE", s.amount, m), s.date);
    }
  }

  void notes() {
    int count = 0;
    for (const auto& n : company_.notes) {
      const std::string id = n.id.empty() ? fmt::format("NOTE-{}", ++count) : n.id;
      Json m = {{"type", "CONVERTIBLE_NOTE_CONVERSION"},
                {"interest_rates",
                 Json::array({{{"rate", n.rate.value.decimal(10)}, {"accrual_start_date", n.date.text()}}})},
                {"day_count_convention", n.day_count == DayCount::Thirty360 ? "30_360" : "ACTUAL_365"},
                {"interest_payout", "DEFERRED"},
                {"interest_accrual_period", n.compounding == Compounding::Annual ? "ANNUAL" : "DAILY"},
                {"compounding_type", n.compounding == Compounding::Annual ? "COMPOUNDING" : "SIMPLE"}};
      if (n.maturity) m["interest_rates"][0]["accrual_end_date"] = n.maturity->text();
      if (n.discount.value > Rational(0)) m["conversion_discount"] = n.discount.value.decimal(10);
      if (n.cap) m["conversion_valuation_cap"] = monetary(to_money(*n.cap, currency_, id + " cap").major(), currency_);
      const bool post = n.cap_basis == SafeTiming::Post;
      m["capitalization_definition_rules"] = {{"include_outstanding_shares", true},
                                              {"include_outstanding_options", true},
                                              {"include_outstanding_unissued_options", true},
                                              {"include_this_security", post},
                                              {"include_other_converting_securities", post},
                                              {"include_option_pool_topup_for_promised_options", post},
                                              {"include_additional_option_pool_topup", false},
                                              {"include_new_money", false}};
      Json tx = convertible(id, n.holder, n.date, "NOTE", n.amount, m);
      tx["comments"] = {"ingot: note_method = \"" + enum_name(n.method) + "\""};
      transaction(tx, n.date);
    }
  }

  const Company& company_;
  const Currency currency_;
  OcfPackage package_;
  std::string common_;
  std::vector<std::string> holders_;
  Date last_ = company_.info.formed;
};

}  // namespace

Problems Company::validate() const {
  Problems problems;
  const auto known = [&](const auto& list, const std::string& name, const std::string& where, const char* what,
                         bool optional) {
    if (optional && name.empty()) return;
    std::vector<std::string> names;
    for (const auto& item : list) names.push_back(item.name);
    if (std::find(names.begin(), names.end(), name) == names.end())
      problems.push_back(where + ": got \"" + name + "\", no " + what + " of this name" + suggest(name, names));
  };
  const auto positive = [&](int64_t n, const std::string& where) {
    if (n <= 0) problems.push_back(where + ": got " + std::to_string(n) + ", expected > 0");
  };
  if (info.name.empty()) problems.push_back("company.name: missing, expected the legal name");
  if (classes.empty()) problems.push_back("classes: missing, expected at least one [[classes]]");
  for (size_t i = 0; i < classes.size(); ++i) {
    const auto& c = classes[i];
    const auto at = fmt::format("classes[{}].", i);
    if (c.name.empty()) problems.push_back(at + "name: missing, expected a name");
    if (c.price < Rational(0)) problems.push_back(at + "price: got " + c.price.decimal() + ", expected >= 0");
    if (c.preference < Rational(0))
      problems.push_back(at + "preference: got " + c.preference.decimal() + ", expected >= 0");
    if (c.ratio <= Rational(0)) problems.push_back(at + "ratio: got " + c.ratio.decimal() + ", expected > 0");
    if (c.participation == Participation::Capped && c.cap < c.preference)
      problems.push_back(at + "cap: got " + c.cap.decimal() + ", expected at least the preference " +
                         c.preference.decimal());
    if (!c.preferred && c.participation != Participation::None)
      problems.push_back(at + "participation: common stock has none; set preferred = true");
    for (size_t j = 0; j < i; ++j)
      if (classes[j].name == c.name)
        problems.push_back(at + "name: \"" + c.name + "\" is used twice, expected unique names");
  }
  for (size_t i = 0; i < issues.size(); ++i) {
    const auto at = fmt::format("issues[{}].", i);
    known(classes, issues[i].share_class, at + "class", "class", false);
    known(vesting, issues[i].vesting, at + "vesting", "vesting schedule", true);
    positive(issues[i].shares, at + "shares");
    if (issues[i].holder.empty()) problems.push_back(at + "holder: missing, expected a name");
  }
  for (size_t i = 0; i < plans.size(); ++i) {
    positive(plans[i].reserved, fmt::format("plans[{}].reserved", i));
    known(classes, plans[i].share_class, fmt::format("plans[{}].class", i), "class", true);
  }
  for (size_t i = 0; i < grants.size(); ++i) {
    const auto at = fmt::format("grants[{}].", i);
    known(plans, grants[i].plan, at + "plan", "plan", false);
    known(vesting, grants[i].vesting, at + "vesting", "vesting schedule", true);
    positive(grants[i].shares, at + "shares");
    if (grants[i].strike < Rational(0))
      problems.push_back(at + "strike: got " + grants[i].strike.decimal() + ", expected >= 0");
  }
  for (size_t i = 0; i < vesting.size(); ++i) {
    const auto& t = vesting[i];
    if (t.every <= 0 || t.months <= 0 || t.months % t.every != 0 || t.cliff < 0 || t.cliff > t.months)
      problems.push_back(
          fmt::format("vesting[{}]: got months {}, every {}, cliff {}; expected months a multiple of every and 0 <= "
                      "cliff <= months",
                      i, t.months, t.every, t.cliff));
  }
  for (size_t i = 0; i < warrants.size(); ++i) {
    positive(warrants[i].shares, fmt::format("warrants[{}].shares", i));
    known(classes, warrants[i].share_class, fmt::format("warrants[{}].class", i), "class", true);
  }
  for (size_t i = 0; i < safes.size(); ++i) {
    const auto at = fmt::format("safes[{}].", i);
    if (safes[i].amount.value <= Rational(0))
      problems.push_back(at + "amount: got " + safes[i].amount.value.decimal() + ", expected > 0");
    if (safes[i].cap && safes[i].cap->value <= Rational(0))
      problems.push_back(at + "cap: got " + safes[i].cap->value.decimal() + ", expected > 0");
    if (safes[i].discount.value >= Rational(1)) problems.push_back(at + "discount: got 1, expected under 1");
  }
  for (size_t i = 0; i < notes.size(); ++i) {
    const auto at = fmt::format("notes[{}].", i);
    if (notes[i].amount.value <= Rational(0))
      problems.push_back(at + "amount: got " + notes[i].amount.value.decimal() + ", expected > 0");
    if (notes[i].cap && notes[i].cap->value <= Rational(0))
      problems.push_back(at + "cap: got " + notes[i].cap->value.decimal() + ", expected > 0");
    if (notes[i].maturity && *notes[i].maturity <= notes[i].date)
      problems.push_back(at + "maturity: got " + notes[i].maturity->text() + ", expected after " +
                         notes[i].date.text());
  }
  return problems;
}

const std::vector<std::string>& other_sections() {
  static const std::vector<std::string> names = {"round",       "exit",      "valuation", "operating",
                                                 "uncertainty", "financing", "investors", "advantage"};
  return names;
}

Company read_company(const std::filesystem::path& path) { return read_company(read_toml(path)); }

Company read_company(const Document& document) {
  Document own = document;
  for (const auto& section : other_sections()) own.root.erase(section);
  return read_config<Company>(own, "");
}

OcfPackage company_package(const Company& company) { return Builder(company).build(); }

}  // namespace ingot::finance
