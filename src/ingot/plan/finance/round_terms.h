// What a priced round starts from: the positions before it, the convertibles and the term sheet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/finance/instruments.h"

namespace ingot::finance {

enum class PositionKind { Stock, Option, Warrant, Promised, Unissued };

// Shares before the round, as converted to common.
struct Position {
  std::string holder;
  std::string security;
  PositionKind kind = PositionKind::Stock;
  int64_t shares = 0;
  AntiDilution protection = AntiDilution::None;
  Rational conversion_price;               // CP1 of a protected class
  std::optional<int64_t> protection_base;  // A of the formula; absent: all outstanding (broad) or preferred (narrow)
  bool preferred = false;
};

struct Investment {
  std::string holder;
  Money amount;
};

// A holder's right to keep its share: takes `share` of the whole round.
struct ProRata {
  std::string holder;
  std::optional<Rational> share;  // absent: the holder's as-converted share just before the new money
};

struct RoundTerms {
  std::string series = "New Series";
  Date close;
  std::vector<Investment> investments;
  std::optional<Money> pre_money;  // exactly one of pre_money, post_money, price
  std::optional<Money> post_money;
  std::optional<Rational> price;
  Rational pool;                         // unissued pool as a share of the post-money
  std::optional<int64_t> pool_increase;  // instead of `pool`
  bool pool_in_pre_money = true;
  bool antidilution_in_pre_money = true;
  std::vector<ProRata> pro_rata;
  bool pro_rata_on_top = true;  // false: inside the amount that the investors bring
  int price_places = 5;         // NVCA prints 4
  Rounding price_rounding = Rounding::Up;
  int conversion_price_places = 4;  // of anti-dilution, 1/100 cent
};

struct RoundInput {
  std::vector<Position> positions;
  std::vector<Convertible> convertibles;
  RoundTerms terms;
};

}  // namespace ingot::finance
