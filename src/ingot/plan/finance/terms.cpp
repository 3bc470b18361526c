#include "ingot/plan/finance/terms.h"

namespace ingot::finance {

RoundInput round_of(const CapTable& table, const RoundSection& s) {
  RoundInput input = round_input(table);
  auto& t = input.terms;
  const auto money = [&](const Amount& a, const std::string& what) {
    return to_money(a, table.currency, "round." + what);
  };
  Problems problems;
  const auto positive = [&](const char* key, const std::optional<Rational>& value) {
    if (value && !(*value > Rational(0)))
      problems.push_back(std::string("round.") + key + " is " + value->decimal() + ", expected > 0");
  };
  positive("pre_money", s.pre_money ? std::optional(s.pre_money->value) : std::nullopt);
  positive("post_money", s.post_money ? std::optional(s.post_money->value) : std::nullopt);
  positive("price", s.price);
  if (!(s.pool.value < Rational(1)))
    problems.push_back("round.pool is " + s.pool.value.decimal() + ", expected a share below 1");
  if (s.close && *s.close < table.as_of)
    problems.push_back("round.close is " + s.close->text() + ", expected " + table.as_of.text() +
                       ", the day of the last event, or later; an earlier cap table is had by --as-of");
  throw_if_any("round", problems);
  t.series = s.series;
  t.close = s.close.value_or(table.as_of);
  if (s.pre_money) t.pre_money = money(*s.pre_money, "pre_money");
  if (s.post_money) t.post_money = money(*s.post_money, "post_money");
  t.price = s.price;
  t.pool = s.pool.value;
  t.pool_increase = s.pool_increase;
  t.pool_in_pre_money = s.pool_in_pre_money;
  t.antidilution_in_pre_money = s.antidilution_in_pre_money;
  t.pro_rata_on_top = s.pro_rata_on_top;
  t.price_places = s.price_places;
  t.price_rounding = s.price_rounding;
  t.conversion_price_places = s.conversion_price_places;
  require("round", s.price_places >= 0 && s.price_places <= 10, "round.price_places is ", s.price_places,
          ", expected 0 to 10");
  require("round", s.conversion_price_places >= 0 && s.conversion_price_places <= 10,
          "round.conversion_price_places is ", s.conversion_price_places, ", expected 0 to 10");
  require("round", !s.pool_increase || *s.pool_increase >= 0, "round.pool_increase is ", s.pool_increase.value_or(0),
          ", expected >= 0");
  for (const auto& i : s.investors)
    t.investments.push_back({i.holder, money(i.amount, "investors '" + i.holder + "'")});
  for (const auto& p : s.pro_rata)
    t.pro_rata.push_back({p.holder, p.share ? std::optional(p.share->value) : std::nullopt});
  return input;
}

CapitalStructure exit_of(const CapTable& table, const ExitSection& s) {
  CapitalStructure structure = capital_structure(table, s.date.value_or(table.as_of));
  const Rational per_major = table.currency.minor_per_major();
  if (s.qualified_ipo_price) structure.qualified_ipo_price = *s.qualified_ipo_price * per_major;
  for (const auto& d : s.debts)
    structure.debts.push_back(
        {d.name, to_money(d.amount, table.currency, "exit.debts '" + d.name + "'").minor, d.seniority});
  for (const auto& c : s.carve_outs) {
    CarveOut out{c.name, c.share.value, {}};
    if (c.limit) out.limit = to_money(*c.limit, table.currency, "exit.carve_outs '" + c.name + "'").minor;
    structure.carve_outs.push_back(out);
  }
  return structure;
}

}  // namespace ingot::finance
