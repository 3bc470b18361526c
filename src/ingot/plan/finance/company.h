// A company as a TOML file: its cap table in the words of a term sheet. company_package() turns it into the same OCF
// events that any other cap table is replayed from. Other sections (round, waterfall, operating ...) belong to their
// commands; `sections()` names them all, so that a misspelt section is an error everywhere.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/plan/finance/captable.h"

namespace ingot::finance {

enum class SafeTiming { Post, Pre };
enum class Protection { None, Broad, Narrow, Ratchet };

struct CompanyInfo {
  std::string name;
  Currency currency;
  Date formed = Date(2020, 1, 1);
  std::string country = "US";
  int64_t promised = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "legal name");
    v("currency", self.currency, "ISO 4217 code of every amount in the file");
    v("formed", self.formed, "date of formation");
    v("country", self.country, "country of formation, ISO 3166 code");
    v("promised", self.promised, "options promised and not granted yet");
  }
};

struct ClassTerms {
  std::string name;
  bool preferred = false;
  std::optional<int64_t> authorized;
  Rational price;
  Rational seniority = 1;
  Rational preference = 1;
  Participation participation = Participation::None;
  Rational cap = 0;
  Rational ratio = 1;
  Protection antidilution = Protection::None;
  std::optional<int64_t> antidilution_base;
  Fraction dividend;
  bool dividend_compounds = false;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "name of the class, used by [[issues]]");
    v("preferred", self.preferred, "preferred stock");
    v("authorized", self.authorized, "shares authorized; absent: unlimited");
    v("price", self.price, "original issue price a share");
    v("seniority", self.seniority, "higher is paid first; equal is pari passu");
    v("preference", self.preference, "liquidation preference, a multiple of the price");
    v("participation", self.participation, "none, full or capped");
    v("cap", self.cap, "capped: the most it gets, a multiple of the price, preference included");
    v("ratio", self.ratio, "common shares for one share");
    v("antidilution", self.antidilution, "none, broad, narrow or ratchet");
    v("antidilution_base", self.antidilution_base,
      "A of the formula; absent: all outstanding, or the preferred (narrow)");
    v("dividend", self.dividend, "cumulative dividend a year, a share of the price");
    v("dividend_compounds", self.dividend_compounds, "dividend compounds each year");
  }
};

struct Issue {
  std::string holder, share_class, vesting;
  int64_t shares = 0;
  std::optional<Rational> price;
  Date date;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("holder", self.holder, "who");
    v("class", self.share_class, "name of the class");
    v("shares", self.shares, "how many");
    v("price", self.price, "paid a share; absent: the class price");
    v("date", self.date, "of issue");
    v("vesting", self.vesting, "name of a [[vesting]] schedule");
  }
};

struct PlanTerms {
  std::string name, share_class;
  int64_t reserved = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "name of the plan");
    v("class", self.share_class, "class the options buy");
    v("reserved", self.reserved, "shares reserved");
  }
};

struct Grant {
  std::string holder, plan, vesting;
  int64_t shares = 0;
  Rational strike;
  Date date;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("holder", self.holder, "who");
    v("plan", self.plan, "name of the plan");
    v("shares", self.shares, "options");
    v("strike", self.strike, "exercise price a share");
    v("date", self.date, "of grant, and vesting start");
    v("vesting", self.vesting, "name of a [[vesting]] schedule");
  }
};

struct VestingTerms {
  std::string name;
  int months = 48, cliff = 12, every = 1;
  std::string allocation = "CUMULATIVE_ROUND_DOWN";
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "name, used by issues and grants");
    v("months", self.months, "until everything has vested");
    v("cliff", self.cliff, "months before the first shares vest");
    v("every", self.every, "months between instalments");
    v("allocation", self.allocation, "OCF allocation type");
  }
};

struct WarrantTerms {
  std::string holder, share_class;
  int64_t shares = 0;
  Rational strike;
  Date date;
  std::optional<Date> expires;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("holder", self.holder, "who");
    v("class", self.share_class, "class it buys");
    v("shares", self.shares, "shares it buys");
    v("strike", self.strike, "exercise price a share");
    v("date", self.date, "of issue");
    v("expires", self.expires, "last day of exercise");
  }
};

struct SafeTerms {
  std::string id, holder;
  Amount amount;
  std::optional<Amount> cap;
  Fraction discount;
  bool mfn = false;
  std::optional<Fraction> percent;
  SafeTiming timing = SafeTiming::Post;
  Date date;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("id", self.id, "short name; absent: SAFE-1, SAFE-2 ...");
    v("holder", self.holder, "who");
    v("amount", self.amount, "purchase amount");
    v("cap", self.cap, "valuation cap");
    v("discount", self.discount, "off the round's price, 0.2 = 80% of it");
    v("mfn", self.mfn, "most favoured nation: takes the best later SAFE");
    v("percent", self.percent, "fixed share of the capitalization instead of a cap");
    v("timing", self.timing, "post or pre (money)");
    v("date", self.date, "of issue");
  }
};

struct NoteTerms {
  std::string id, holder;
  Amount amount;
  Fraction rate;
  DayCount day_count = DayCount::Actual365;
  Compounding compounding = Compounding::Simple;
  std::optional<Amount> cap;
  Fraction discount;
  NoteMethod method = NoteMethod::PercentOwnership;
  SafeTiming cap_basis = SafeTiming::Pre;
  Date date;
  std::optional<Date> maturity;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("id", self.id, "short name; absent: NOTE-1, NOTE-2 ...");
    v("holder", self.holder, "who");
    v("amount", self.amount, "principal");
    v("rate", self.rate, "interest a year");
    v("day_count", self.day_count, "act_365 or 30_360");
    v("compounding", self.compounding, "simple or annual");
    v("cap", self.cap, "valuation cap");
    v("discount", self.discount, "off the round's price");
    v("method", self.method, "pre_money, percent_ownership or dollars_invested");
    v("cap_basis", self.cap_basis, "cap divides the shares before (pre) or after (post) conversions");
    v("date", self.date, "of issue, from when interest runs");
    v("maturity", self.maturity, "when it is due");
  }
};

struct Company {
  CompanyInfo info;
  std::vector<ClassTerms> classes;
  std::vector<Issue> issues;
  std::vector<PlanTerms> plans;
  std::vector<Grant> grants;
  std::vector<VestingTerms> vesting;
  std::vector<WarrantTerms> warrants;
  std::vector<SafeTerms> safes;
  std::vector<NoteTerms> notes;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("company", self.info, "the issuer");
    v("classes", self.classes, "stock classes");
    v("issues", self.issues, "shares issued");
    v("plans", self.plans, "option plans");
    v("grants", self.grants, "options granted");
    v("vesting", self.vesting, "vesting schedules");
    v("warrants", self.warrants, "warrants");
    v("safes", self.safes, "SAFEs, in order of issue");
    v("notes", self.notes, "convertible notes");
  }
  Problems validate() const;
};

// Sections that the other commands read from the same file.
const std::vector<std::string>& other_sections();

// Reads the cap table sections; unknown keys and sections are errors with their place.
Company read_company(const std::filesystem::path& path);
Company read_company(const Document& document);

// The company's history as OCF. Throws InvalidArgument on a name that does not exist.
OcfPackage company_package(const Company& company);

}  // namespace ingot::finance

namespace ingot {
template <>
struct EnumNames<finance::Participation> {
  static constexpr std::pair<const char*, finance::Participation> kValues[] = {
      {"none", finance::Participation::None},
      {"full", finance::Participation::Full},
      {"capped", finance::Participation::Capped}};
};
template <>
struct EnumNames<finance::Protection> {
  static constexpr std::pair<const char*, finance::Protection> kValues[] = {{"none", finance::Protection::None},
                                                                            {"broad", finance::Protection::Broad},
                                                                            {"narrow", finance::Protection::Narrow},
                                                                            {"ratchet", finance::Protection::Ratchet}};
};
template <>
struct EnumNames<finance::SafeTiming> {
  static constexpr std::pair<const char*, finance::SafeTiming> kValues[] = {{"post", finance::SafeTiming::Post},
                                                                            {"pre", finance::SafeTiming::Pre}};
};
template <>
struct EnumNames<finance::DayCount> {
  static constexpr std::pair<const char*, finance::DayCount> kValues[] = {{"act_365", finance::DayCount::Actual365},
                                                                          {"30_360", finance::DayCount::Thirty360}};
};
template <>
struct EnumNames<finance::Compounding> {
  static constexpr std::pair<const char*, finance::Compounding> kValues[] = {{"simple", finance::Compounding::Simple},
                                                                             {"annual", finance::Compounding::Annual}};
};
template <>
struct EnumNames<finance::NoteMethod> {
  static constexpr std::pair<const char*, finance::NoteMethod> kValues[] = {
      {"pre_money", finance::NoteMethod::PreMoney},
      {"percent_ownership", finance::NoteMethod::PercentOwnership},
      {"dollars_invested", finance::NoteMethod::DollarsInvested}};
};
template <>
struct EnumNames<finance::Rounding> {
  static constexpr std::pair<const char*, finance::Rounding> kValues[] = {{"up", finance::Rounding::Up},
                                                                          {"down", finance::Rounding::Down},
                                                                          {"half_up", finance::Rounding::HalfUp},
                                                                          {"half_even", finance::Rounding::HalfEven}};
};
}  // namespace ingot
