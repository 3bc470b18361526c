// Money: whole minor units (cents) of one currency. Never a double; adding two currencies is an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/plan/finance/rational.h"

namespace ingot::finance {

// ISO 4217 code and its number of decimals (JPY 0, USD 2, KWD 3).
class Currency {
 public:
  Currency() : Currency("USD") {}
  explicit Currency(std::string_view code);  // throws InvalidArgument unless three capital letters
  const std::string& code() const { return code_; }
  int decimals() const { return decimals_; }
  int64_t minor_per_major() const;
  friend bool operator==(const Currency&, const Currency&) = default;

  static constexpr const char* kExpected = "an ISO 4217 code of three capital letters, as in \"USD\"";
  static std::optional<Currency> from_config(const Json& value);
  Json to_config() const { return code_; }

 private:
  std::string code_;
  int decimals_ = 2;
};

struct Money {
  int64_t minor = 0;
  Currency currency;

  // All throw InvalidArgument on a currency mismatch or when 64 bits are left.
  friend Money operator+(const Money& a, const Money& b);
  friend Money operator-(const Money& a, const Money& b);
  Money times(const Rational& factor, Rounding rounding) const;
  Rational major() const { return {minor, currency.minor_per_major()}; }
  std::string text() const;  // "1,234,567.89 USD"
  friend bool operator==(const Money&, const Money&) = default;
};

// An amount as typed: 4_000_000, "1234.56" or "500000 EUR"; the currency "" is the file's own.
struct Amount {
  Rational value;
  std::string currency;
  static constexpr const char* kExpected = "an amount of money, as in 250_000, \"1234.56\" or \"250000 EUR\"";
  static std::optional<Amount> from_config(const Json& value);
  Json to_config() const;
};

// Throws InvalidArgument, naming `what`, when the amount is in another currency or has more decimals than it has.
Money to_money(const Amount& amount, const Currency& currency, std::string_view what);

// Splits a total into whole parts in proportion to the weights (largest remainder, ties to the lowest index).
// Requires weights >= 0 with a positive sum. The parts always sum to `total`.
std::vector<int64_t> largest_remainder(int64_t total, const std::vector<Rational>& weights);

}  // namespace ingot::finance
