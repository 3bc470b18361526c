#include "ingot/plan/finance/money.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/base/text_table.h"

namespace ingot::finance {
namespace {

bool is_code(std::string_view code) {
  return code.size() == 3 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// ISO 4217 currencies whose minor unit is not 1/100.
int decimals_of(std::string_view code) {
  for (const auto* c :
       {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"})
    if (code == c) return 0;
  for (const auto* c : {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
    if (code == c) return 3;
  return 2;
}

}  // namespace

Currency::Currency(std::string_view code) : code_(code), decimals_(decimals_of(code)) {
  require("money", is_code(code), "currency is '", code, "', expected ", kExpected);
}

int64_t Currency::minor_per_major() const { return decimals_ == 0 ? 1 : decimals_ == 3 ? 1000 : 100; }

std::optional<Currency> Currency::from_config(const Json& value) {
  if (!value.is_string() || !is_code(value.get<std::string>())) return std::nullopt;
  return Currency(value.get<std::string>());
}

Money operator+(const Money& a, const Money& b) {
  require("money", a.currency == b.currency, "amounts are in ", a.currency.code(), " and ", b.currency.code(),
          ", expected one currency; convert one of them first");
  Money r = a;
  require("money", !__builtin_add_overflow(a.minor, b.minor, &r.minor), "sum of ", a.text(), " and ", b.text(),
          " leaves 64 bits");
  return r;
}

Money operator-(const Money& a, const Money& b) { return a + Money{-b.minor, b.currency}; }

Money Money::times(const Rational& factor, Rounding rounding) const {
  return {(Rational(minor) * factor).round(rounding), currency};
}

std::string Money::text() const {
  const int64_t per = currency.minor_per_major();
  const auto whole = minor / per;
  std::string text = (minor < 0 && whole == 0 ? "-" : "") + grouped(whole);
  if (per > 1) text += fmt::format(".{:0{}}", std::abs(minor % per), currency.decimals());
  return text + " " + currency.code();
}

std::optional<Amount> Amount::from_config(const Json& value) {
  if (value.is_string()) {
    auto text = value.get<std::string>();
    if (const size_t space = text.find(' '); space != std::string::npos) {
      const auto number = parse_decimal(text.substr(0, space));
      const auto code = text.substr(space + 1);
      if (!number || !is_code(code)) return std::nullopt;
      return Amount{*number, code};
    }
  }
  const auto number = Rational::from_config(value);
  return number ? std::optional(Amount{*number, ""}) : std::nullopt;
}

Json Amount::to_config() const {
  return currency.empty() ? value.to_config() : Json(value.decimal(10) + " " + currency);
}

Money to_money(const Amount& amount, const Currency& currency, std::string_view what) {
  require("money", amount.currency.empty() || amount.currency == currency.code(), what, " is in ", amount.currency,
          ", expected ", currency.code(), " like the rest of the file; convert it first");
  const Rational minor = amount.value * Rational(currency.minor_per_major());
  require("money", minor.denominator() == 1, what, " is ", amount.value.decimal(12), ", expected at most ",
          currency.decimals(), " decimals for ", currency.code());
  return {minor.round(Rounding::Down), currency};
}

std::vector<int64_t> largest_remainder(int64_t total, const std::vector<Rational>& weights) {
  Rational sum = 0;
  for (const auto& w : weights) {
    require("money", w >= Rational(0), "a weight is ", w.fraction(), ", expected >= 0");
    sum += w;
  }
  require("money", sum > Rational(0), "the weights sum to 0, expected a positive weight");
  std::vector<int64_t> parts;
  std::vector<Rational> remainders;
  int64_t given = 0;
  for (const auto& w : weights) {
    const Rational exact = Rational(total) * w / sum;
    parts.push_back(exact.round(Rounding::Down));
    remainders.push_back(exact - Rational(parts.back()));
    given += parts.back();
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return remainders[a] > remainders[b]; });
  for (size_t i = 0; given < total; ++i, ++given) ++parts[order[i]];
  return parts;
}

}  // namespace ingot::finance
