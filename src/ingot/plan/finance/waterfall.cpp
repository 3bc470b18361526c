#include "ingot/plan/finance/waterfall.h"

#include <algorithm>
#include <map>
#include <set>

#include "ingot/base/error.h"

namespace ingot::finance {
namespace {

// One class as a function of q, once every preference is paid in full.
struct Piece {
  Rational value, slope;  // at q and just above it
};

Piece claim_at(const WaterfallClass& c, const Rational& q) {
  const Rational common = Rational(c.shares) * q;
  switch (c.kind) {
    case ClaimKind::Common:
      return {common, c.shares};
    case ClaimKind::Option:
      return q >= c.strike ? Piece{Rational(c.shares) * (q - c.strike), c.shares} : Piece{0, 0};
    case ClaimKind::Preferred:
      break;
  }
  const Rational claim = c.claim;
  if (c.participation == Participation::Full) return {claim + common, c.shares};
  const Rational limit = c.participation == Participation::Capped ? Rational(std::max(c.cap, c.claim)) : claim;
  if (common >= limit) return {common, c.shares};
  if (c.participation == Participation::Capped && claim + common < limit) return {claim + common, c.shares};
  return {limit, 0};
}

Piece total_at(const CapitalStructure& s, const Rational& q) {
  Piece sum{0, 0};
  for (const auto& c : s.classes) {
    const auto piece = claim_at(c, q);
    sum.value += piece.value, sum.slope += piece.slope;
  }
  return sum;
}

// Levels of q at which some class changes slope, with what happens there.
std::map<Rational, std::vector<std::string>> kinks(const CapitalStructure& s) {
  std::map<Rational, std::vector<std::string>> at;
  for (const auto& c : s.classes) {
    if (c.shares == 0) continue;
    const Rational n = c.shares;
    if (c.kind == ClaimKind::Option) at[c.strike].push_back(c.name + " exercises");
    if (c.kind != ClaimKind::Preferred || c.participation == Participation::Full) continue;
    const Rational limit = c.participation == Participation::Capped ? std::max(c.cap, c.claim) : c.claim;
    if (c.participation == Participation::Capped && limit > Rational(c.claim))
      at[(limit - Rational(c.claim)) / n].push_back(c.name + " reaches its cap");
    at[limit / n].push_back(c.name + " converts");
  }
  return at;
}

// The unique q at which the claims exhaust `equity`. Requires equity >= the sum of preferences.
Rational solve_q(const CapitalStructure& s, const Rational& equity) {
  Rational q = 0;
  Piece here = total_at(s, q);
  for (const auto& [level, events] : kinks(s)) {
    if (level <= Rational(0)) continue;
    const Piece next = total_at(s, level);
    if (next.value >= equity) break;
    q = level, here = next;
  }
  if (here.slope == Rational(0)) return q;  // nobody shares the rest
  return q + (equity - here.value) / here.slope;
}

// Pays fixed claims by seniority, pari passu within a rank; returns what is left.
Rational pay_by_rank(const std::vector<std::pair<int64_t, Rational>>& claims, Rational cash,
                     std::vector<Rational>& paid) {
  std::map<int64_t, Rational, std::greater<>> rank_total;
  for (const auto& [rank, claim] : claims) rank_total[rank] += claim;
  for (const auto& [rank, total] : rank_total) {
    if (total == Rational(0)) continue;
    const Rational given = std::min(cash, total);
    for (size_t i = 0; i < claims.size(); ++i)
      if (claims[i].first == rank) paid[i] += claims[i].second * given / total;
    cash -= given;
  }
  return cash;
}

Rational preferences(const CapitalStructure& s) {
  Rational sum = 0;
  for (const auto& c : s.classes)
    if (c.kind == ClaimKind::Preferred) sum += Rational(c.claim);
  return sum;
}

struct Split {
  std::vector<Rational> payoffs;
  std::vector<bool> takes_common;
  Rational q;
};

Split split_equity(const CapitalStructure& s, const Rational& equity) {
  Split split;
  const bool paid_in_full = equity >= preferences(s);
  split.q = paid_in_full ? solve_q(s, equity) : Rational(0);
  std::vector<std::pair<int64_t, Rational>> claims;
  for (const auto& c : s.classes) {
    const bool preferred = c.kind == ClaimKind::Preferred;
    const auto common = Rational(c.shares) * split.q;
    const Rational limit = !preferred || c.participation == Participation::Full ? Rational(0)
                           : c.participation == Participation::Capped           ? Rational(std::max(c.cap, c.claim))
                                                                                : Rational(c.claim);
    split.takes_common.push_back(c.kind == ClaimKind::Option ? split.q > c.strike
                                 : preferred                 ? c.participation != Participation::Full && common > limit
                                                             : true);
    split.payoffs.push_back(paid_in_full ? claim_at(c, split.q).value : Rational(0));
    claims.emplace_back(c.seniority, preferred ? Rational(c.claim) : Rational(0));
  }
  if (!paid_in_full) pay_by_rank(claims, equity, split.payoffs);
  return split;
}

void check(const CapitalStructure& s, int64_t proceeds) {
  Problems problems;
  const auto positive = [&](int64_t value, const std::string& what) {
    if (value < 0) problems.push_back(what + " is " + std::to_string(value) + ", expected >= 0");
  };
  positive(proceeds, "proceeds");
  for (const auto& c : s.classes) {
    positive(c.shares, "shares of '" + c.name + "'");
    positive(c.claim, "preference of '" + c.name + "'");
    if (c.kind == ClaimKind::Option && c.strike < Rational(0))
      problems.push_back("strike of '" + c.name + "' is " + c.strike.decimal() + ", expected >= 0");
    if (c.participation == Participation::Capped && c.cap < c.claim)
      problems.push_back("cap of '" + c.name + "' is " + std::to_string(c.cap) + ", expected at least its preference " +
                         std::to_string(c.claim));
  }
  for (const auto& d : s.debts) positive(d.amount, "debt '" + d.name + "'");
  for (const auto& c : s.carve_outs)
    if (c.share < Rational(0) || c.share > Rational(1))
      problems.push_back("carve-out '" + c.name + "' is " + c.share.decimal() + ", expected between 0 and 1");
  throw_if_any("waterfall", problems);
}

std::vector<int64_t> whole(const std::vector<Rational>& exact, int64_t total) {
  Rational sum = 0;
  for (const auto& e : exact) sum += e;
  if (sum == Rational(0)) return std::vector<int64_t>(exact.size(), 0);
  return largest_remainder(total, exact);
}

}  // namespace

bool WaterfallResult::equilibrium() const {
  return std::none_of(certificate.begin(), certificate.end(), [](const Deviation& d) { return d.gains(); });
}

std::vector<Rational> class_payoffs(const CapitalStructure& structure, const Rational& equity) {
  return split_equity(structure, equity).payoffs;
}

std::vector<Rational> payoffs_given(const CapitalStructure& s, const Rational& equity,
                                    const std::vector<bool>& takes_common) {
  std::vector<Rational> payoffs(s.classes.size(), 0);
  std::vector<std::pair<int64_t, Rational>> claims;
  for (size_t i = 0; i < s.classes.size(); ++i) {
    const auto& c = s.classes[i];
    claims.emplace_back(c.seniority,
                        c.kind == ClaimKind::Preferred && !takes_common[i] ? Rational(c.claim) : Rational(0));
  }
  Rational rest = pay_by_rank(claims, equity, payoffs);
  if (rest == Rational(0)) return payoffs;  // an exercised option out of the money is shown as its strike lost below

  // Strikes join the pot; the pot is shared per share, and whoever reaches its limit drops out.
  std::vector<bool> shares_in(s.classes.size()), capped(s.classes.size(), false);
  for (size_t i = 0; i < s.classes.size(); ++i) {
    const auto& c = s.classes[i];
    shares_in[i] = c.kind == ClaimKind::Common || takes_common[i] ||
                   (c.kind == ClaimKind::Preferred && c.participation != Participation::None);
    if (c.kind == ClaimKind::Option && takes_common[i]) rest += Rational(c.shares) * c.strike;
  }
  for (;;) {
    Rational pot = rest;
    Int128 count = 0;
    for (size_t i = 0; i < s.classes.size(); ++i) {
      const auto& c = s.classes[i];
      if (capped[i])
        pot -= Rational(c.cap - c.claim);
      else if (shares_in[i])
        count += c.shares;
    }
    if (count == 0) break;
    const Rational each = pot / Rational(count, 1);
    // The class that hits its cap at the lowest price leaves first; everyone else then gets more.
    size_t first = s.classes.size();
    Rational lowest = each;
    for (size_t i = 0; i < s.classes.size(); ++i) {
      const auto& c = s.classes[i];
      if (capped[i] || c.participation != Participation::Capped || takes_common[i] || c.shares == 0) continue;
      const Rational level = Rational(c.cap - c.claim) / Rational(c.shares);
      if (level < lowest) lowest = level, first = i;
    }
    if (first < s.classes.size()) {
      capped[first] = true;
      continue;
    }
    for (size_t i = 0; i < s.classes.size(); ++i) {
      const auto& c = s.classes[i];
      if (capped[i])
        payoffs[i] = c.cap;
      else if (shares_in[i])
        payoffs[i] += Rational(c.shares) * each;
      if (c.kind == ClaimKind::Option && takes_common[i]) payoffs[i] -= Rational(c.shares) * c.strike;
    }
    break;
  }
  return payoffs;
}

WaterfallResult waterfall(const CapitalStructure& structure, int64_t proceeds, ExitKind kind) {
  check(structure, proceeds);
  WaterfallResult result;
  result.proceeds = proceeds;

  // 1. Debt by rank, then carve-outs of what is left.
  std::vector<std::pair<int64_t, Rational>> debt_claims;
  for (const auto& d : structure.debts) debt_claims.emplace_back(d.seniority, d.amount);
  std::vector<Rational> exact(structure.debts.size(), 0);
  const Rational after_debt = pay_by_rank(debt_claims, proceeds, exact);
  Rational equity = after_debt;
  for (const auto& c : structure.carve_outs) {
    Rational part = after_debt * c.share;
    if (c.limit) part = std::min(part, Rational(*c.limit));
    part = std::min(part, equity);
    exact.push_back(part);
    equity -= part;
  }
  // 2. Equity.
  CapitalStructure forced = structure;
  if (kind == ExitKind::Ipo && structure.qualified_ipo_price) {
    for (auto& c : forced.classes)
      if (c.kind == ClaimKind::Preferred) c.claim = c.cap = 0, c.participation = Participation::None;
    if (solve_q(forced, equity) < *structure.qualified_ipo_price) forced = structure;
  }
  const auto split = split_equity(forced, equity);
  result.common_price = split.q;
  // 3. Whole minor units that sum to the proceeds. Money that nobody has a claim to stays out of the table.
  exact.insert(exact.end(), split.payoffs.begin(), split.payoffs.end());
  Rational shared = 0;
  for (const auto& e : exact) shared += e;
  const auto paid = whole(exact, shared.round(Rounding::Down));
  for (size_t i = 0; i < exact.size(); ++i) {
    Payoff payoff{"", exact[i], paid[i], false};
    if (i < structure.debts.size()) {
      payoff.name = structure.debts[i].name;
      result.debts.push_back(payoff);
    } else if (const size_t j = i - structure.debts.size(); j < structure.carve_outs.size()) {
      payoff.name = structure.carve_outs[j].name;
      result.carve_outs.push_back(payoff);
    } else {
      const size_t k = j - structure.carve_outs.size();
      payoff.name = structure.classes[k].name;
      payoff.converts = split.takes_common[k] && structure.classes[k].kind != ClaimKind::Common;
      result.classes.push_back(payoff);
    }
  }
  // 4. Certificate.
  for (size_t i = 0; i < forced.classes.size(); ++i) {
    const auto& c = forced.classes[i];
    if (c.kind == ClaimKind::Common || c.shares == 0) continue;
    auto choices = split.takes_common;
    choices[i] = !choices[i];
    const bool option = c.kind == ClaimKind::Option;
    result.certificate.push_back(
        {c.name, choices[i] ? (option ? "exercise" : "convert") : (option ? "lapse" : "keep the preference"),
         split.payoffs[i], payoffs_given(forced, equity, choices)[i]});
  }
  return result;
}

std::vector<BreakPoint> break_points(const CapitalStructure& s) {
  check(s, 0);
  std::vector<BreakPoint> points;
  // 1. Preferences, from the most senior rank down.
  std::map<int64_t, Rational, std::greater<>> ranks;
  std::map<int64_t, std::string> names;
  for (const auto& c : s.classes)
    if (c.kind == ClaimKind::Preferred && c.claim > 0) {
      ranks[c.seniority] += Rational(c.claim);
      names[c.seniority] += (names[c.seniority].empty() ? "" : " + ") + c.name;
    }
  Rational equity = 0;
  std::string event = "first money";
  for (const auto& [rank, total] : ranks) {
    BreakPoint point{equity, 0, event, {}};
    for (const auto& c : s.classes)
      point.slopes.push_back(c.kind == ClaimKind::Preferred && c.seniority == rank ? Rational(c.claim) / total
                                                                                   : Rational(0));
    points.push_back(point);
    equity += total;
    event = names[rank] + " preference paid";
  }
  // 2. Levels of q.
  auto levels = kinks(s);
  levels.try_emplace(Rational(0));
  for (const auto& [q, events] : levels) {
    const Piece total = total_at(s, q);
    std::string text = q == Rational(0) ? event : "";
    for (const auto& e : events) text += (text.empty() ? "" : ", ") + e;
    BreakPoint point{total.value, q, text, {}};
    for (const auto& c : s.classes)
      point.slopes.push_back(total.slope == Rational(0) ? Rational(0) : claim_at(c, q).slope / total.slope);
    if (!points.empty() && points.back().equity == point.equity)
      point.event = points.back().event + ", " + text, points.pop_back();
    points.push_back(point);
  }
  return points;
}

}  // namespace ingot::finance
