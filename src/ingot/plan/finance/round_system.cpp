#include "ingot/plan/finance/round_system.h"

#include <algorithm>

#include "ingot/base/error.h"

namespace ingot::finance {
namespace {

struct Point {
  BigRational v, n, p;
};

BigRational value(const Linear& a, const Point& x) { return a.c + a.v * x.v + a.n * x.n + a.p * x.p; }

// Gauss on three rows "form = 0". Empty when singular.
std::optional<Point> solve3(std::array<Linear, 3> rows) {
  std::array<std::array<BigRational, 4>, 3> m;
  for (size_t i = 0; i < 3; ++i) m[i] = {rows[i].v, rows[i].n, rows[i].p, -rows[i].c};
  for (size_t k = 0; k < 3; ++k) {
    size_t pivot = k;
    while (pivot < 3 && m[pivot][k] == 0) ++pivot;
    if (pivot == 3) return std::nullopt;
    std::swap(m[k], m[pivot]);
    for (size_t i = 0; i < 3; ++i) {
      if (i == k || m[i][k] == 0) continue;
      const BigRational f = m[i][k] / m[k][k];
      for (size_t j = k; j < 4; ++j) m[i][j] -= f * m[k][j];
    }
  }
  return Point{m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]};
}

struct Branches {  // the pieces that are active at a point
  std::vector<Linear> shares, extra;
  std::vector<std::string> controls;
  Linear increase;
  Linear extra_total() const {
    Linear sum;
    for (const auto& e : extra) sum += e;
    return sum;
  }
};

// The largest candidate at x wins; ties keep the earlier one.
void take_larger(const Linear& candidate, const std::string& name, const Point& x, Linear& best,
                 std::string& controls) {
  if (!controls.empty() && value(candidate, x) <= value(best, x)) return;
  best = candidate;
  controls = name;
}

Branches branches_at(const RoundInput& input, const RoundSystem& system, const Point& x) {
  Branches b;
  const auto& counts = system.counts;
  for (const auto& position : input.positions) {
    Linear extra;
    const BigRational cp1 = big(position.conversion_price), n = position.shares;
    if (position.protection != AntiDilution::None && x.v * cp1 > 1) {
      if (position.protection == AntiDilution::FullRatchet) {
        extra.v = n * cp1, extra.c = -n;
      } else {
        const BigRational at_cp1 = system.new_money / cp1;  // B
        const BigRational slope = n / (BigRational(protection_base(position, counts)) + at_cp1);
        extra.v = slope * system.new_money, extra.c = -slope * at_cp1;
      }
    }
    b.extra.push_back(extra);
  }
  const Linear extra_total = b.extra_total();

  for (size_t i = 0; i < input.convertibles.size(); ++i) {
    const auto& c = input.convertibles[i];
    const BigRational due = big(system.due[i]);
    Linear best;
    std::string controls;
    const auto of_capitalization = [&](const BigRational& ratio, const CapitalizationRules& rules,
                                       const std::string& name) {
      Linear base;
      if (rules.outstanding_shares) base += extra_total, base.c += counts.stock;
      if (rules.outstanding_options) base.c += counts.options;
      if (rules.unissued_options) base.c += counts.unissued;
      if (rules.promised_options) base.c += counts.promised;
      if (rules.pool_increase) base.p += 1;
      if (rules.new_money) base.v += system.new_money;
      if (rules.other_converting_securities) base.n += 1;
      // n = ratio (base + e (N - n) + d n)
      const int e = rules.other_converting_securities, d = rules.this_security;
      const BigRational factor = 1 + ratio * (e - d);
      require("round", factor > 0, "convertible '", c.id, "' takes ", decimal(BigRational(ratio * 100), 4),
              "% of the company, expected under 100%; check its amount and cap");
      take_larger((ratio / factor) * base, name, x, best, controls);
    };
    const auto package = [&](const Convertible& terms, const std::string& prefix) {
      if (terms.percent) of_capitalization(big(*terms.percent), terms.rules, prefix + "percent");
      if (terms.cap) of_capitalization(due / big(terms.cap->major()), terms.rules, prefix + "cap");
      Linear at_discount;
      at_discount.v = due / (1 - big(terms.discount));
      if (due > 0)
        take_larger(at_discount, prefix + (terms.discount > Rational(0) ? "discount" : "round price"), x, best,
                    controls);
    };
    package(c, "");
    if (system.elected[i] >= 0) {
      const auto& other = input.convertibles[size_t(system.elected[i])];
      package(other, "MFN -> " + other.id + ", ");
    }
    b.shares.push_back(best);
    b.controls.push_back(controls);
  }

  // Pool: unissued after the round = pool x T, never below what is there.
  if (input.terms.pool_increase) {
    b.increase.c = *input.terms.pool_increase;
  } else {
    Linear total = extra_total;
    total.c += counts.total(), total.n += 1, total.p += 1, total.v += system.new_money;
    Linear wanted = big(input.terms.pool) * total;
    wanted.c -= counts.unissued;
    if (value(wanted, x) > 0) b.increase = wanted;
  }
  return b;
}

// Rows N = sum n_i; P = increase; pre v = shares inside the pre-money (or v = 1 / price).
std::array<Linear, 3> rows_of(const RoundInput& input, const RoundSystem& system, const Branches& b) {
  std::array<Linear, 3> rows;
  rows[0].n = -1;
  for (const auto& s : b.shares) rows[0] += s;
  rows[1] = b.increase;
  rows[1].p -= 1;
  if (system.price) {
    rows[2].v = 1, rows[2].c = -1 / *system.price;
    return rows;
  }
  rows[2].c = system.counts.total();
  rows[2].v = -*system.pre_money;
  if (input.terms.pool_in_pre_money) rows[2].p += 1;
  if (input.terms.antidilution_in_pre_money) rows[2] += b.extra_total();
  for (size_t i = 0; i < b.shares.size(); ++i) {
    const auto& c = input.convertibles[i];
    if (c.kind == ConvertibleKind::Note && c.method == NoteMethod::PreMoney) continue;
    rows[2] += b.shares[i];
    if (c.kind == ConvertibleKind::Note && c.method == NoteMethod::DollarsInvested) rows[2].v -= big(system.due[i]);
  }
  return rows;
}

[[noreturn]] void no_solution(const RoundInput& input, const RoundSystem& system) {
  std::string claims;
  const auto add = [&](const std::string& text) { claims += (claims.empty() ? "" : ", ") + text; };
  for (size_t i = 0; i < input.convertibles.size(); ++i) {
    const auto& c = input.convertibles[i];
    if (c.cap) add("'" + c.id + "' " + decimal(BigRational(100 * big(system.due[i]) / big(c.cap->major())), 2) + "%");
    if (c.percent) add("'" + c.id + "' " + (*c.percent * Rational(100)).decimal(2) + "%");
  }
  for (const auto& p : input.positions)
    if (p.protection == AntiDilution::FullRatchet)
      add("full ratchet of '" + p.security + "' worth " + (Rational(p.shares) * p.conversion_price).decimal(2));
  if (input.terms.pool > Rational(0)) add("pool " + (input.terms.pool * Rational(100)).decimal(2) + "%");
  fail(ErrorKind::InvalidArgument, "round",
       "no positive price satisfies these terms: the claims leave nothing for the holders (", claims,
       "); raise the pre-money, or lower the pool or the claims");
}

}  // namespace

int64_t protection_base(const Position& position, const RoundCounts& counts) {
  if (position.protection_base) return *position.protection_base;
  return position.protection == AntiDilution::NarrowBased ? counts.preferred : counts.stock + counts.options;
}

RoundRoot solve_exact(const RoundInput& input, const RoundSystem& system) {
  const BigRational held = system.counts.total();
  Point x{system.price ? BigRational(1 / *system.price) : BigRational(held / *system.pre_money), 0, 0};
  RoundRoot root;
  // Semi-smooth Newton on a monotone piecewise-linear system: each step solves the active pieces exactly and ends when
  // the pieces chosen at the solution are the ones it was solved with, that is when the residual is exactly 0.
  for (root.steps = 1; root.steps <= 200; ++root.steps) {
    const auto here = branches_at(input, system, x);
    const auto rows = rows_of(input, system, here);
    if (root.steps > 1 && value(rows[0], x) == 0 && value(rows[1], x) == 0 && value(rows[2], x) == 0) {
      if (x.v <= 0 || x.n < 0) no_solution(input, system);
      root.v = x.v, root.conversions = x.n, root.pool_increase = x.p;
      root.series = system.new_money * x.v;
      root.controls = here.controls;
      root.total = held + x.n + x.p + root.series;
      for (const auto& s : here.shares) root.shares.push_back(value(s, x));
      for (const auto& e : here.extra) root.extra.push_back(value(e, x)), root.total += root.extra.back();
      return root;
    }
    const auto next = solve3(rows);
    if (!next || next->v <= 0) no_solution(input, system);
    x = *next;
  }
  fail(ErrorKind::InvalidArgument, "round",
       "the terms did not settle on one set of controlling terms in 200 steps; "
       "they have no unique solution");
}

}  // namespace ingot::finance
