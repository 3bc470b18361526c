#include "ingot/plan/finance/instruments.h"

#include "ingot/base/error.h"

namespace ingot::finance {

CapitalizationRules post_money_rules() { return {}; }

CapitalizationRules pre_money_rules() {
  CapitalizationRules rules;
  rules.this_security = rules.other_converting_securities = rules.promised_options = false;
  return rules;
}

Rational amount_due(const Convertible& c, const Date& at) {
  const Rational principal = c.principal.major();
  if (c.kind == ConvertibleKind::Safe || at <= c.issued) return principal;
  if (c.compounding == Compounding::Simple)
    return principal * (Rational(1) + c.rate * year_fraction(c.issued, at, c.day_count));
  Rational due = principal;
  Date from = c.issued;
  // 128 bits hold few exact compoundings of a rate with many digits: round each anniversary to 1e-10.
  for (Date next = from.add_months(12); next <= at; from = next, next = next.add_months(12))
    due = (due * (Rational(1) + c.rate)).round_to(10, Rounding::HalfEven);
  return due * (Rational(1) + c.rate * year_fraction(from, at, c.day_count));
}

Rational weighted_average_price(const Rational& cp1, const Rational& base, const Rational& money,
                                const Rational& issued) {
  require("anti-dilution", cp1 > Rational(0), "conversion price is ", cp1.decimal(), ", expected > 0");
  return cp1 * (base + money / cp1) / (base + issued);
}

}  // namespace ingot::finance
