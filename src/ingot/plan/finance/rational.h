// Exact fractions with __int128 parts, every operation checked for overflow: money, rates and prices.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingot/base/json.h"

namespace ingot::finance {

__extension__ using Int128 = __int128;

enum class Rounding { HalfUp, HalfEven, Down, Up };  // Down: towards minus infinity; Up: towards plus infinity

std::string to_string(Int128 value);

class Rational {
 public:
  constexpr Rational() = default;
  constexpr Rational(int64_t value) : numerator_(value) {}  // NOLINT: a whole number is a fraction
  Rational(Int128 numerator, Int128 denominator);           // throws when denominator is 0

  Int128 numerator() const { return numerator_; }
  Int128 denominator() const { return denominator_; }  // > 0, coprime with the numerator

  // All throw InvalidArgument when a part leaves 128 bits.
  Rational operator-() const;
  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator-(const Rational& a, const Rational& b);
  friend Rational operator*(const Rational& a, const Rational& b);
  friend Rational operator/(const Rational& a, const Rational& b);
  Rational& operator+=(const Rational& b) { return *this = *this + b; }
  Rational& operator-=(const Rational& b) { return *this = *this - b; }
  friend bool operator==(const Rational& a, const Rational& b) = default;
  friend std::strong_ordering operator<=>(const Rational& a, const Rational& b);

  int64_t round(Rounding rounding) const;                  // throws when the result leaves 64 bits
  Rational round_to(int places, Rounding rounding) const;  // a decimal with `places` digits
  double to_double() const { return double(numerator_) / double(denominator_); }
  // Decimal text with at most `places` digits, half up, trailing zeros dropped.
  std::string decimal(int places = 10) const;
  std::string fraction() const;  // "7/4" or "3"

  // Config hooks (base/config.h): 1.25, "1.25", "5/4". A TOML float is taken as the decimal that was typed.
  static constexpr const char* kExpected = "a number, a decimal in quotes or a fraction as in \"5/4\"";
  static std::optional<Rational> from_config(const Json& value);
  Json to_config() const;

 private:
  Int128 numerator_ = 0;
  Int128 denominator_ = 1;
};

// "12", "-0.35", "+10000000.00": digits with at most 18 decimals, nothing else.
std::optional<Rational> parse_decimal(std::string_view text);

// A share of a whole in [0, 1]: 0.2, "0.2" or "20%".
struct Fraction {
  Rational value;
  static constexpr const char* kExpected = "a share between 0 and 1, as in 0.2 or \"20%\"";
  static std::optional<Fraction> from_config(const Json& value);
  Json to_config() const { return value.to_config(); }
};

}  // namespace ingot::finance
