// The exact stage of solve_round: a piecewise-linear system in v = 1 / price, N = shares from conversions and
// P = pool increase. Kept apart so that round.cpp reads as the integer stage of the documents.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "ingot/plan/finance/round.h"

namespace ingot::finance {

// c + kv v + kn N + kp P
struct Linear {
  BigRational c, v, n, p;
  Linear& operator+=(const Linear& o) { return c += o.c, v += o.v, n += o.n, p += o.p, *this; }
  friend Linear operator*(const BigRational& s, const Linear& a) { return {s * a.c, s * a.v, s * a.n, s * a.p}; }
};

struct RoundCounts {  // shares before the round by kind
  int64_t stock = 0, options = 0, promised = 0, unissued = 0, preferred = 0;
  int64_t total() const { return stock + options + promised + unissued; }
};

struct RoundSystem {
  RoundCounts counts;
  BigRational new_money;                 // major units
  std::optional<BigRational> pre_money;  // absent when the price is given
  std::optional<BigRational> price;
  std::vector<Rational> due;  // of each convertible
  std::vector<int> elected;   // MFN: the convertible whose package it takes, or -1
};

struct RoundRoot {
  BigRational v, total, conversions, pool_increase, series;
  std::vector<BigRational> shares;  // of each convertible
  std::vector<std::string> controls;
  std::vector<BigRational> extra;  // anti-dilution shares of each position
  int steps = 0;
};

RoundRoot solve_exact(const RoundInput& input, const RoundSystem& system);

// Base of the anti-dilution formula for one position.
int64_t protection_base(const Position& position, const RoundCounts& counts);

}  // namespace ingot::finance
