#include "ingot/plan/finance/round.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "ingot/base/error.h"
#include "ingot/plan/finance/round_system.h"

namespace ingot::finance {
namespace {

Rational rounded(const BigRational& value, const RoundTerms& terms) {
  return to_rational(round_big_to(value, terms.price_places, terms.price_rounding));
}

int64_t floor_shares(const BigRational& shares) { return round_big(shares, Rounding::Down); }

RoundCounts count(const RoundInput& input) {
  RoundCounts c;
  for (const auto& p : input.positions) {
    switch (p.kind) {
      case PositionKind::Stock:
        c.stock += p.shares;
        break;
      case PositionKind::Option:
      case PositionKind::Warrant:
        c.options += p.shares;
        break;
      case PositionKind::Promised:
        c.promised += p.shares;
        break;
      case PositionKind::Unissued:
        c.unissued += p.shares;
        break;
    }
    if (p.preferred) c.preferred += p.shares;
  }
  return c;
}

void check(const RoundInput& input) {
  Problems problems;
  const auto& t = input.terms;
  const int given = int(t.pre_money.has_value()) + int(t.post_money.has_value()) + int(t.price.has_value());
  if (given != 1)
    problems.push_back("got " + std::to_string(given) + " of pre_money, post_money and price, expected exactly one");
  for (const auto& p : input.positions) {
    if (p.shares < 0)
      problems.push_back("'" + p.holder + "' holds " + std::to_string(p.shares) + " shares, expected >= 0");
    if (p.protection != AntiDilution::None && p.conversion_price <= Rational(0))
      problems.push_back("'" + p.security + "' is protected but its conversion price is " +
                         p.conversion_price.decimal() + ", expected > 0");
  }
  for (const auto& i : t.investments)
    if (i.amount.minor <= 0)
      problems.push_back("investor '" + i.holder + "' brings " + i.amount.text() + ", expected > 0");
  if (t.investments.empty()) problems.push_back("no investor brings money, expected at least one [[round.investors]]");
  for (const auto& c : input.convertibles) {
    if (c.principal.minor < 0)
      problems.push_back("convertible '" + c.id + "' has " + c.principal.text() + ", expected >= 0");
    if (c.cap && c.cap->minor <= 0)
      problems.push_back("convertible '" + c.id + "' has cap " + c.cap->text() + ", expected > 0");
    if (c.discount < Rational(0) || c.discount >= Rational(1))
      problems.push_back("convertible '" + c.id + "' has discount " + c.discount.decimal() +
                         ", expected 0 <= discount < 1");
  }
  if (t.pool < Rational(0) || t.pool >= Rational(1))
    problems.push_back("pool is " + t.pool.decimal() + ", expected 0 <= pool < 1");
  if (count(input).total() <= 0) problems.push_back("the company has 0 shares before the round, expected some");
  throw_if_any("round", problems);
}

// MFN: the later post-money package that gives most shares a dollar at the root; the earliest at ties.
std::vector<int> elect(const RoundInput& input, const RoundRoot& root, const std::vector<Rational>& due) {
  std::vector<int> elected(input.convertibles.size(), -1);
  for (size_t i = 0; i < elected.size(); ++i) {
    if (!input.convertibles[i].most_favoured) continue;
    for (size_t j = i + 1; j < elected.size(); ++j) {
      const auto& other = input.convertibles[j];
      if (other.kind != ConvertibleKind::Safe || other.most_favoured || due[j] == Rational(0)) continue;
      const auto per_dollar = [&](size_t k) { return BigRational(root.shares[k] / big(due[k])); };
      if (elected[i] < 0 || per_dollar(j) > per_dollar(size_t(elected[i]))) elected[i] = int(j);
    }
  }
  return elected;
}

struct Whole {  // one candidate of the integer stage
  Rational price;
  std::vector<int64_t> series, conversions, extra;
  std::vector<Rational> conversion_price, new_price;
  int64_t increase = 0, total = 0;
  int64_t series_total() const { return std::accumulate(series.begin(), series.end(), int64_t{0}); }
  bool same_shares(const Whole& o) const {
    return total == o.total && series == o.series && conversions == o.conversions && extra == o.extra &&
           increase == o.increase;
  }
};

class IntegerStage {
 public:
  IntegerStage(const RoundInput& input, const RoundSystem& system, const RoundRoot& root,
               const std::vector<Investment>& purchases)
      : input_(input), system_(system), root_(root), purchases_(purchases) {}

  Whole run() const {
    // From the exact root first: when only flooring separates the two, that is the answer. Rounded prices can make
    // several share counts reproduce themselves; then the smallest one stands, which is what a spreadsheet reaches
    // from the shares before the round upwards.
    Whole w = settle(at_root());
    if (off(w.total, root_.total)) w = settle(before_round());
    if (step(w, w.total).same_shares(w)) return w;
    // A short cycle: look for a total near it that reproduces itself.
    const int64_t middle = w.total, width = 64 + lines();
    for (int64_t d = 0; d <= 2 * width; ++d) {
      const int64_t total = middle + (d % 2 ? -(d + 1) / 2 : d / 2);
      Whole fixed = w;
      for (int i = 0; i < 100; ++i) {
        Whole next = step(fixed, total);
        if (next.total == total && next.conversions == fixed.conversions && next.series == fixed.series) return next;
        fixed = std::move(next);
      }
    }
    fail(ErrorKind::InvalidArgument, "round", "UNRECONCILED: no whole share count within ", width, " of ", middle,
         " reproduces itself with prices rounded to ", input_.terms.price_places,
         " places; use more price_places or another rounding");
  }

 private:
  int64_t lines() const {
    return int64_t(input_.positions.size() + input_.convertibles.size() + purchases_.size() + 1);
  }
  // Further from the exact count than flooring each line can bring it.
  bool off(int64_t count, const BigRational& exact) const { return abs(BigRational(count - exact)) > lines(); }

  Whole at_root() const {
    Whole w;
    w.total = floor_shares(root_.total);
    w.increase = floor_shares(root_.pool_increase);
    for (const auto& s : root_.shares) w.conversions.push_back(floor_shares(s));
    for (const auto& e : root_.extra) w.extra.push_back(floor_shares(e));
    return w;
  }
  Whole before_round() const {
    Whole w;
    w.total = system_.counts.total();
    w.conversions.assign(input_.convertibles.size(), 0);
    w.extra.assign(input_.positions.size(), 0);
    return w;
  }
  Whole settle(Whole w) const {
    for (int i = 0; i < 500; ++i) {
      Whole next = step(w, w.total);
      if (next.same_shares(w)) return next;
      w = std::move(next);
    }
    return w;
  }

  // money / shares as the documents round it. A price whose exact value needs no rounding is kept when only flooring
  // moved the shares, so that 1.80 does not become 1.80001.
  Rational price_of(const BigRational& money, int64_t shares, const BigRational& exact) const {
    if (exact > 0 && !off(shares, money / exact) &&
        round_big_to(exact, input_.terms.price_places, Rounding::Down) == exact)
      return rounded(exact, input_.terms);
    return rounded(money / BigRational(shares), input_.terms);
  }

  // The documents read in order, from the total and the counts of the step before.
  Whole step(const Whole& last, int64_t total) const {
    const auto& terms = input_.terms;
    Whole w;
    // 1. Price: post-money over the shares that share it.
    if (system_.price) {
      w.price = *terms.price;
    } else {
      BigRational money = *system_.pre_money + system_.new_money;
      int64_t outside = 0;
      for (size_t i = 0; i < input_.convertibles.size(); ++i) {
        const auto& c = input_.convertibles[i];
        if (c.kind != ConvertibleKind::Note) continue;
        if (c.method == NoteMethod::PreMoney) outside += last.conversions[i];
        if (c.method == NoteMethod::DollarsInvested) money += big(system_.due[i]);
      }
      if (!terms.pool_in_pre_money) outside += last.increase;
      if (!terms.antidilution_in_pre_money)
        outside += std::accumulate(last.extra.begin(), last.extra.end(), int64_t{0});
      w.price = price_of(money, total - outside, 1 / root_.v);
    }
    require("round", w.price > Rational(0), "the price rounds to 0 at ", terms.price_places,
            " places; use more price_places or a split");
    // 2. New series, floored for each buyer.
    for (const auto& p : purchases_) w.series.push_back(floor_shares(big(p.amount.major()) / big(w.price)));
    // 3. Pool.
    w.increase =
        terms.pool_increase
            ? *terms.pool_increase
            : std::max<int64_t>(0, floor_shares(big(terms.pool) * BigRational(total)) - system_.counts.unissued);
    // 4. Anti-dilution: conversion price to 1/100 cent, then floored shares.
    for (const auto& p : input_.positions) {
      Rational price = p.conversion_price;
      int64_t extra = 0;
      if (p.protection != AntiDilution::None && w.price < p.conversion_price) {
        price = p.protection == AntiDilution::FullRatchet
                    ? w.price
                    : weighted_average_price(p.conversion_price, protection_base(p, system_.counts),
                                             total_money().major(), w.series_total());
        price = price.round_to(terms.conversion_price_places, Rounding::HalfUp);
        extra = floor_shares(BigRational(p.shares) * big(p.conversion_price) / big(price)) - p.shares;
      }
      w.extra.push_back(extra);
      w.new_price.push_back(price);
    }
    // 5. Conversions.
    const int64_t converting = std::accumulate(last.conversions.begin(), last.conversions.end(), int64_t{0});
    const int64_t extra = std::accumulate(w.extra.begin(), w.extra.end(), int64_t{0});
    for (size_t i = 0; i < input_.convertibles.size(); ++i) {
      const auto& c = input_.convertibles[i];
      const BigRational due = big(system_.due[i]);
      int64_t best = 0;
      Rational best_price = 0;
      const auto offer = [&](int64_t shares, const Rational& price) {
        if (shares > best) best = shares, best_price = price;
      };
      const auto package = [&](const Convertible& t) {
        const auto& r = t.rules;
        const auto& n = system_.counts;
        const int64_t capitalization = (r.outstanding_shares ? n.stock + extra : 0) +
                                       (r.outstanding_options ? n.options : 0) + (r.unissued_options ? n.unissued : 0) +
                                       (r.promised_options ? n.promised : 0) + (r.pool_increase ? w.increase : 0) +
                                       (r.new_money ? w.series_total() : 0) +
                                       (r.other_converting_securities ? converting - last.conversions[i] : 0) +
                                       (r.this_security ? last.conversions[i] : 0);
        if (t.percent) offer(floor_shares(big(*t.percent) * BigRational(capitalization)), 0);
        if (t.cap && capitalization > 0) {
          const Rational price = price_of(big(t.cap->major()), capitalization,
                                          root_.shares[i] == 0 ? BigRational(0) : BigRational(due / root_.shares[i]));
          if (price > Rational(0)) offer(floor_shares(due / big(price)), price);
        }
        const Rational price = rounded((1 - big(t.discount)) * big(w.price), terms);
        if (price > Rational(0)) offer(floor_shares(due / big(price)), price);
      };
      package(c);
      if (system_.elected[i] >= 0) package(input_.convertibles[size_t(system_.elected[i])]);
      w.conversions.push_back(best);
      w.conversion_price.push_back(best_price);
    }
    w.total = system_.counts.total() + w.series_total() + w.increase + extra +
              std::accumulate(w.conversions.begin(), w.conversions.end(), int64_t{0});
    return w;
  }

  Money total_money() const {
    Money sum{0, purchases_.front().amount.currency};
    for (const auto& p : purchases_) sum = sum + p.amount;
    return sum;
  }

  const RoundInput& input_;
  const RoundSystem& system_;
  const RoundRoot& root_;
  const std::vector<Investment>& purchases_;
};

// Shares of the round that go to pro rata holders; an absent share is the holder's part of the company before the
// money.
std::vector<Rational> pro_rata_shares(const RoundInput& input, const RoundRoot& root) {
  std::vector<Rational> shares;
  for (const auto& right : input.terms.pro_rata) {
    if (right.share) {
      shares.push_back(*right.share);
      continue;
    }
    BigRational held = 0;
    for (size_t i = 0; i < input.positions.size(); ++i)
      if (input.positions[i].holder == right.holder) held += BigRational(input.positions[i].shares) + root.extra[i];
    for (size_t i = 0; i < input.convertibles.size(); ++i)
      if (input.convertibles[i].holder == right.holder) held += root.shares[i];
    // To 1e-10, as OCF writes a percentage: the share then settles instead of growing digits for ever.
    const BigRational share =
        round_big_to(held / (root.total - root.series - root.pool_increase), 10, Rounding::HalfEven);
    shares.push_back(to_rational(share));
  }
  return shares;
}

std::vector<Investment> purchases_with(const RoundTerms& terms, const std::vector<Rational>& shares) {
  auto purchases = terms.investments;
  Rational sum = 0;
  for (const auto& s : shares) sum += s;
  require("round", sum < Rational(1), "pro rata rights take ", (sum * Rational(100)).decimal(2),
          "% of the round, expected under 100%");
  if (shares.empty()) return purchases;
  Money base{0, purchases.front().amount.currency};
  for (const auto& p : purchases) base = base + p.amount;
  const Rational whole = terms.pro_rata_on_top ? base.major() / (Rational(1) - sum) : base.major();
  if (!terms.pro_rata_on_top)
    for (auto& p : purchases) p.amount = p.amount.times(Rational(1) - sum, Rounding::HalfUp);
  for (size_t i = 0; i < shares.size(); ++i) {
    const Rational minor = whole * shares[i] * Rational(base.currency.minor_per_major());
    const Money amount{minor.round(Rounding::HalfUp), base.currency};
    if (amount.minor > 0) purchases.push_back({terms.pro_rata[i].holder, amount});
  }
  return purchases;
}

}  // namespace

Rational pro_rata_extra(const Rational& others, const Rational& share) {
  require("round", share < Rational(1), "pro rata share is ", share.decimal(), ", expected under 1");
  return others / (Rational(1) - share) - others;
}

RoundResult solve_round(const RoundInput& input) {
  check(input);
  const auto& terms = input.terms;
  const Currency currency = terms.investments.front().amount.currency;
  RoundSystem system;
  system.counts = count(input);
  for (const auto& c : input.convertibles) {
    require("round", c.principal.currency == currency, "convertible '", c.id, "' is in ", c.principal.currency.code(),
            ", expected ", currency.code(), " like the round");
    system.due.push_back(amount_due(c, terms.close));
  }
  system.elected.assign(input.convertibles.size(), -1);
  if (terms.price) system.price = big(*terms.price);

  // Outer loop: MFN elections and pro rata shares depend on the root; both must be the ones it was solved with.
  std::vector<Rational> shares(terms.pro_rata.size(), 0);
  for (size_t i = 0; i < shares.size(); ++i)
    if (terms.pro_rata[i].share) shares[i] = *terms.pro_rata[i].share;
  RoundRoot root;
  std::vector<Investment> purchases;
  RoundResult result;
  for (int pass = 0;; ++pass) {
    require("round", pass < 100, "MFN elections or pro rata shares did not settle in 100 passes");
    purchases = purchases_with(terms, shares);
    result.new_money = {0, currency};
    for (const auto& p : purchases) result.new_money = result.new_money + p.amount;
    system.new_money = big(result.new_money.major());
    if (terms.pre_money) system.pre_money = big(terms.pre_money->major());
    if (terms.post_money) {
      const Money pre = *terms.post_money - result.new_money;
      require("round", pre.minor > 0, "post_money is ", terms.post_money->text(), ", expected more than the new money ",
              result.new_money.text());
      system.pre_money = big(pre.major());
    }
    root = solve_exact(input, system);
    const auto elected = elect(input, root, system.due);
    const auto next = pro_rata_shares(input, root);
    result.active_set_steps += root.steps;
    if (elected == system.elected && next == shares) break;
    system.elected = elected;
    shares = next;
  }

  const Whole w = IntegerStage(input, system, root, purchases).run();
  result.price = w.price;
  result.exact_price = 1 / root.v;
  result.exact_total = root.total;
  result.exact_series = root.series;
  result.total = w.total;
  result.total_before = system.counts.total();
  result.series_shares = w.series_total();
  result.pool_increase = w.increase;
  result.pool = system.counts.unissued + w.increase;
  result.purchases = purchases;
  result.effective_pre_money = w.price * Rational(result.total_before);
  const auto to_money_down = [&](const BigRational& major) {
    return Money{round_big(major * BigRational(currency.minor_per_major()), Rounding::HalfUp), currency};
  };
  result.pre_money =
      system.pre_money ? to_money_down(*system.pre_money) : to_money_down(*system.price * (root.total - root.series));
  result.post_money =
      system.pre_money ? result.pre_money + result.new_money : to_money_down(*system.price * root.total);

  for (size_t i = 0; i < input.positions.size(); ++i) {
    const auto& p = input.positions[i];
    if (p.kind == PositionKind::Unissued) continue;
    result.lines.push_back({p.holder, p.security, p.kind, p.shares, p.shares + w.extra[i], p.shares + root.extra[i]});
    if (w.extra[i] > 0)
      result.adjustments.push_back({p.holder, p.security, p.conversion_price, w.new_price[i], w.extra[i]});
  }
  for (size_t i = 0; i < input.convertibles.size(); ++i) {
    const auto& c = input.convertibles[i];
    result.conversions.push_back(
        {c.id, c.holder, system.due[i], root.controls[i],
         root.shares[i] == 0 ? BigRational(0) : BigRational(big(system.due[i]) / root.shares[i]), w.conversion_price[i],
         w.conversions[i], root.shares[i]});
    result.lines.push_back({c.holder, c.id, PositionKind::Stock, 0, w.conversions[i], root.shares[i]});
  }
  for (size_t i = 0; i < purchases.size(); ++i)
    result.lines.push_back({purchases[i].holder, terms.series, PositionKind::Stock, 0, w.series[i],
                            big(purchases[i].amount.major()) * root.v});
  result.lines.push_back({"Unissued pool", "Pool", PositionKind::Unissued, system.counts.unissued, result.pool,
                          BigRational(system.counts.unissued) + root.pool_increase});

  int64_t sum = 0;
  for (const auto& line : result.lines) sum += line.after;
  INGOT_INVARIANT(sum == result.total, "round lines sum to ", sum, ", expected ", result.total);
  return result;
}

}  // namespace ingot::finance
