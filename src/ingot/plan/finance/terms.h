// The [round] and [exit] sections of a company file, and what they ask of the solvers.
#pragma once

#include "ingot/plan/finance/company.h"

namespace ingot::finance {

struct InvestorTerms {
  std::string holder;
  Amount amount;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("holder", self.holder, "who");
    v("amount", self.amount, "new money");
  }
};

struct ProRataTerms {
  std::string holder;
  std::optional<Fraction> share;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("holder", self.holder, "who");
    v("share", self.share, "of the whole round; absent: the holder's share of the company before the money");
  }
};

struct RoundSection {
  std::string series = "New Series";
  std::optional<Date> close;
  std::optional<Amount> pre_money, post_money;
  std::optional<Rational> price;
  Fraction pool;
  std::optional<int64_t> pool_increase;
  bool pool_in_pre_money = true, antidilution_in_pre_money = true, pro_rata_on_top = true;
  int price_places = 5, conversion_price_places = 4;
  Rounding price_rounding = Rounding::Up;
  std::vector<InvestorTerms> investors;
  std::vector<ProRataTerms> pro_rata;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("series", self.series, "name of the new class");
    v("close", self.close, "closing date; absent: the date of the last event");
    v("pre_money", self.pre_money, "fixed pre-money valuation; or post_money, or price");
    v("post_money", self.post_money, "fixed post-money valuation");
    v("price", self.price, "fixed price a share");
    v("pool", self.pool, "unissued pool after the round, a share of the post-money");
    v("pool_increase", self.pool_increase, "pool increase in shares, instead of pool");
    v("pool_in_pre_money", self.pool_in_pre_money, "the increase dilutes the old holders only");
    v("antidilution_in_pre_money", self.antidilution_in_pre_money, "the pre-money includes anti-dilution shares");
    v("pro_rata_on_top", self.pro_rata_on_top, "pro rata money comes on top of the investors' amounts");
    v("price_places", self.price_places, "decimals of a price a share");
    v("price_rounding", self.price_rounding, "up, down, half_up or half_even");
    v("conversion_price_places", self.conversion_price_places, "decimals of an adjusted conversion price");
    v("investors", self.investors, "new money");
    v("pro_rata", self.pro_rata, "rights to take part");
  }
};

struct DebtTerms {
  std::string name;
  Amount amount;
  int64_t seniority = 1;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "creditor");
    v("amount", self.amount, "due at the exit");
    v("seniority", self.seniority, "higher is paid first");
  }
};

struct CarveOutTerms {
  std::string name = "Management";
  Fraction share;
  std::optional<Amount> limit;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "who");
    v("share", self.share, "of the proceeds after debt");
    v("limit", self.limit, "at most");
  }
};

struct ExitSection {
  std::vector<Amount> values;
  std::optional<Date> date;
  ExitKind kind = ExitKind::Sale;
  std::optional<Rational> qualified_ipo_price;
  std::vector<DebtTerms> debts;
  std::vector<CarveOutTerms> carve_outs;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("values", self.values, "exit values to split");
    v("date", self.date, "of the exit, for dividends and interest; absent: the date of the last event");
    v("kind", self.kind, "sale or ipo");
    v("qualified_ipo_price", self.qualified_ipo_price, "price a share at which an IPO converts all preferred");
    v("debts", self.debts, "paid first");
    v("carve_outs", self.carve_outs, "paid after debt");
  }
};

RoundInput round_of(const CapTable& table, const RoundSection& section);
CapitalStructure exit_of(const CapTable& table, const ExitSection& section);

}  // namespace ingot::finance

namespace ingot {
template <>
struct EnumNames<finance::ExitKind> {
  static constexpr std::pair<const char*, finance::ExitKind> kValues[] = {{"sale", finance::ExitKind::Sale},
                                                                          {"ipo", finance::ExitKind::Ipo}};
};
}  // namespace ingot
