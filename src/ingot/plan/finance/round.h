// One priced round, solved for everything at once: SAFEs, notes, option pool, pro rata and anti-dilution.
// Two stages. Exact: the share count is the root of a piecewise-linear system over fractions. Integer: prices are
// rounded as the documents say, shares are floored, and the totals must reconcile to the last share.
#pragma once

#include <string>
#include <vector>

#include "ingot/plan/finance/big_rational.h"
#include "ingot/plan/finance/round_terms.h"

namespace ingot::finance {

struct RoundLine {
  std::string holder, security;
  PositionKind kind = PositionKind::Stock;
  int64_t before = 0, after = 0;
  BigRational exact_after;  // before any rounding
};

struct Conversion {
  std::string id, holder;
  Rational amount;          // principal and interest, major units
  std::string controls;     // "cap", "discount", "percent", "round price", "MFN -> <id>"
  BigRational exact_price;  // amount / exact shares
  Rational price;           // rounded as documented; 0 for a fixed percentage
  int64_t shares = 0;
  BigRational exact_shares;
};

struct Adjustment {  // of one protected class
  std::string holder, security;
  Rational old_price, new_price;
  int64_t extra_shares = 0;
};

struct RoundResult {
  std::vector<RoundLine> lines;
  std::vector<Conversion> conversions;
  std::vector<Adjustment> adjustments;
  std::vector<Investment> purchases;  // all new money, pro rata included
  Money new_money, pre_money, post_money;
  Rational price;  // a share of the new series, rounded
  BigRational exact_price, exact_total, exact_series;
  int64_t total = 0, total_before = 0, series_shares = 0, pool = 0, pool_increase = 0;
  Rational effective_pre_money;  // price x shares held before the round, major units
  int active_set_steps = 0;
};

// Throws InvalidArgument when terms are contradictory, when no positive price satisfies them (naming the claims that
// exceed the company), or when the integer totals cannot be reconciled.
RoundResult solve_round(const RoundInput& input);

// Extra share of the round bought by pro rata holders so that they hold `share` of the total when the others buy
// `others` of the company: others / (1 - share) - others (YC Post-Money SAFE User Guide, pro rata side letter).
Rational pro_rata_extra(const Rational& others, const Rational& share);

}  // namespace ingot::finance
