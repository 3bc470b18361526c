#include "ingot/plan/finance/captable.h"

#include <algorithm>
#include <set>

#include "ingot/base/error.h"

namespace ingot::finance {

const ShareClass& CapTable::share_class(const std::string& id) const {
  for (const auto& c : classes)
    if (c.id == id) return c;
  fail(ErrorKind::NotFound, "captable", "no stock class '", id, "'");
}

int64_t CapTable::as_converted(const Holding& h) const {
  if (h.class_id.empty()) return h.quantity;
  return (Rational(h.quantity) * share_class(h.class_id).conversion_ratio).round(Rounding::Down);
}

int64_t CapTable::outstanding() const {
  int64_t sum = 0;
  for (const auto& h : holdings)
    if (h.kind == PositionKind::Stock) sum += as_converted(h);
  return sum;
}

int64_t CapTable::fully_diluted() const {
  int64_t sum = promised;
  for (const auto& h : holdings) sum += as_converted(h);
  for (const auto& p : plans) sum += p.available();
  return sum;
}

std::string CapTable::holder(const std::string& id) const {
  const auto found = stakeholders.find(id);
  return found == stakeholders.end() ? id : found->second;
}

RoundInput round_input(const CapTable& table) {
  RoundInput input;
  for (const auto& h : table.holdings) {
    Position p;
    p.holder = table.holder(h.stakeholder_id);
    p.kind = h.kind;
    p.shares = table.as_converted(h);
    p.security = h.kind == PositionKind::Option ? "Options" : h.kind == PositionKind::Warrant ? "Warrants" : "";
    if (h.kind == PositionKind::Stock) {
      const auto& c = table.share_class(h.class_id);
      p.security = c.name;
      p.preferred = c.preferred;
      p.protection = c.antidilution;
      p.protection_base = c.antidilution_base;
      p.conversion_price = c.price / c.conversion_ratio;
    }
    // One line a holder and security; protected shares of one class share one conversion price.
    const auto same = std::find_if(input.positions.begin(), input.positions.end(), [&](const Position& q) {
      return q.holder == p.holder && q.security == p.security && q.kind == p.kind;
    });
    if (same != input.positions.end())
      same->shares += p.shares;
    else
      input.positions.push_back(p);
  }
  if (table.promised > 0)
    input.positions.push_back({"Promised options", "Options", PositionKind::Promised, table.promised});
  int64_t pool = 0;
  for (const auto& p : table.plans) pool += p.available();
  if (pool > 0) input.positions.push_back({"Unissued pool", "Pool", PositionKind::Unissued, pool});
  input.convertibles = table.convertibles;
  return input;
}

namespace {

// Dividend accrued on one holding at `date`, major units.
Rational dividend(const ShareClass& c, const Holding& h, const Date& date) {
  if (c.dividend == Rational(0) || date <= h.issued) return 0;
  Convertible accrual;
  accrual.kind = ConvertibleKind::Note;
  accrual.principal = {1'000'000, Currency("USD")};  // of 10,000.00, scaled below: same interest arithmetic as a note
  accrual.issued = h.issued;
  accrual.rate = c.dividend;
  accrual.compounding = c.dividend_compounds ? Compounding::Annual : Compounding::Simple;
  const Rational growth = (amount_due(accrual, date) / Rational(10'000) - Rational(1)).round_to(12, Rounding::HalfEven);
  return Rational(h.quantity) * c.price * growth;
}

int64_t minor(const Rational& major, const Currency& currency) {
  return (major * Rational(currency.minor_per_major())).round(Rounding::HalfUp);
}

}  // namespace

CapitalStructure capital_structure(const CapTable& table, const Date& date) {
  CapitalStructure s;
  const auto& currency = table.currency;
  // OCF ranks are decimals: number them.
  std::set<Rational> ranks;
  for (const auto& c : table.classes)
    if (c.preferred) ranks.insert(c.seniority);
  for (const auto& c : table.classes) {
    WaterfallClass w;
    w.name = c.name;
    w.seniority = 1 + int64_t(std::distance(ranks.begin(), ranks.lower_bound(c.seniority)));
    Rational accrued = 0;
    int64_t quantity = 0;
    for (const auto& h : table.holdings)
      if (h.kind == PositionKind::Stock && h.class_id == c.id)
        w.shares += table.as_converted(h), quantity += h.quantity, accrued += dividend(c, h, date);
    if (quantity == 0) continue;
    if (c.preferred) {
      w.kind = ClaimKind::Preferred;
      w.participation = c.participation;
      w.claim = minor(Rational(quantity) * c.price * c.preference_multiple + accrued, currency);
      w.cap = c.participation == Participation::Capped
                  ? std::max(w.claim, minor(Rational(quantity) * c.price * c.cap_multiple, currency))
                  : 0;
    }
    s.classes.push_back(w);
  }
  // Options and warrants, one claim a strike.
  std::map<std::pair<PositionKind, Rational>, int64_t> strikes;
  int64_t capitalization = table.promised;
  for (const auto& h : table.holdings) {
    capitalization += table.as_converted(h);
    if (h.kind != PositionKind::Stock) strikes[{h.kind, h.price}] += table.as_converted(h);
  }
  for (const auto& [key, shares] : strikes)
    s.classes.push_back(
        {.name = (key.first == PositionKind::Warrant ? "Warrants @ " : "Options @ ") + key.second.decimal(4),
         .kind = ClaimKind::Option,
         .shares = shares,
         .strike = key.second * Rational(currency.minor_per_major())});
  // Convertibles: the claim, or shares at the cap. All of them count in each other's capitalization
  // (docs/waterfall.md).
  Rational owned = 0;
  std::vector<Rational> part(table.convertibles.size(), 0);
  for (size_t i = 0; i < part.size(); ++i) {
    const auto& c = table.convertibles[i];
    std::optional<Money> cap = c.cap;
    if (c.most_favoured && !cap)
      for (size_t j = i + 1; j < part.size(); ++j)
        if (const auto& other = table.convertibles[j].cap; other && (!cap || other->minor < cap->minor)) cap = other;
    if (cap) part[i] = amount_due(c, date) / cap->major();
    if (c.percent) part[i] = std::max(part[i], *c.percent);
    if (c.rules.this_security) owned += part[i];
  }
  require("waterfall", owned < Rational(1), "the SAFEs own ", (owned * Rational(100)).decimal(2),
          "% of the company, expected under 100%");
  Rational base = capitalization;
  for (size_t i = 0; i < part.size(); ++i)
    if (!table.convertibles[i].rules.this_security) base += part[i] * Rational(capitalization);
  const int64_t top = int64_t(ranks.size()) + 1;
  int64_t lowest = 1;
  for (const auto& c : table.convertibles) lowest = std::max(lowest, c.seniority);
  for (size_t i = 0; i < part.size(); ++i) {
    const auto& c = table.convertibles[i];
    const Rational whole = c.rules.this_security ? base / (Rational(1) - owned) : Rational(capitalization);
    WaterfallClass w;
    w.name = c.id + " (" + c.holder + ")";
    w.kind = ClaimKind::Preferred;
    w.shares = (part[i] * whole).round(Rounding::Down);
    Rational claim = amount_due(c, date) * c.exit_multiple;
    if (part[i] == Rational(0) && c.discount > Rational(0)) claim = claim / (Rational(1) - c.discount);
    w.claim = minor(claim, currency);
    // Notes are debt and come before stock; a SAFE ranks with the lowest preferred (YC SAFE, section 1(d)).
    w.seniority = c.kind == ConvertibleKind::Note ? top + lowest - c.seniority : 1;
    s.classes.push_back(w);
  }
  return s;
}

}  // namespace ingot::finance
