// The instruments that a priced round converts: SAFEs, convertible notes and protected preferred stock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/finance/date.h"
#include "ingot/plan/finance/money.h"

namespace ingot::finance {

// What counts in the "company capitalization" that a cap divides: the eight switches of OCF's
// CapitalizationDefinitionRules (issue 357). The defaults are those of the YC post-money SAFE (v1.1).
struct CapitalizationRules {
  bool outstanding_shares = true;
  bool outstanding_options = true;
  bool unissued_options = true;
  bool this_security = true;
  bool other_converting_securities = true;
  bool promised_options = true;
  bool pool_increase = false;
  bool new_money = false;
};
CapitalizationRules post_money_rules();
CapitalizationRules pre_money_rules();  // capitalization before any conversion, unissued pool included

enum class ConvertibleKind { Safe, Note };

// How the note's dollars meet a fixed pre-money valuation (names as used by Cooley and Foresight).
enum class NoteMethod {
  PreMoney,          // price from the shares before the notes: notes dilute the new investors too
  PercentOwnership,  // notes inside the pre-money: the new investors get new / post exactly
  DollarsInvested,   // post-money = pre + new + principal and interest; only the discount falls on the old holders
};

enum class Compounding { Simple, Annual };

struct Convertible {
  std::string id;
  std::string holder;
  ConvertibleKind kind = ConvertibleKind::Safe;
  Money principal;
  Date issued;
  std::optional<Money> cap;
  Rational discount;                // 0.2 = converts at 80% of the round's price
  bool most_favoured = false;       // MFN: takes the best later package
  std::optional<Rational> percent;  // fixed share of the capitalization, as in YC's 7%
  CapitalizationRules rules = post_money_rules();
  // Notes only.
  Rational rate;  // a year
  DayCount day_count = DayCount::Actual365;
  Compounding compounding = Compounding::Simple;
  NoteMethod method = NoteMethod::PercentOwnership;
  std::optional<Date> maturity;
  int64_t seniority = 1;       // OCF: 1 is the highest among convertibles
  Rational exit_multiple = 1;  // of the claim, in a sale before conversion
};

// Principal plus interest, in major units, exact: P (1 + r t), or P (1 + r)^years (1 + r t_rest) when compounded.
Rational amount_due(const Convertible& convertible, const Date& at);

enum class AntiDilution { None, BroadBased, NarrowBased, FullRatchet };

// CP2 = CP1 (A + B) / (A + C): A shares before, B = money / CP1, C = shares issued (NVCA charter, 4.4.4(d)).
Rational weighted_average_price(const Rational& cp1, const Rational& base, const Rational& money,
                                const Rational& issued);

}  // namespace ingot::finance
