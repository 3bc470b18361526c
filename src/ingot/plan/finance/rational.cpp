#include "ingot/plan/finance/rational.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/plan/finance/big_rational.h"

namespace ingot::finance {
namespace {

[[noreturn]] void overflow() {
  fail(ErrorKind::InvalidArgument, "money", "an exact fraction leaves 128 bits; use rounder amounts, prices or rates");
}

Int128 magnitude(Int128 v) { return v < 0 ? -v : v; }

Int128 gcd(Int128 a, Int128 b) {
  a = magnitude(a), b = magnitude(b);
  while (b != 0) {
    // Most operands fit 64 bits, where the remainder is 10 times cheaper.
    if (a == Int128(uint64_t(a)) && b == Int128(uint64_t(b))) {
      uint64_t x = uint64_t(a), y = uint64_t(b);
      while (y != 0) x = std::exchange(y, x % y);
      return Int128(x);
    }
    a = std::exchange(b, a % b);
  }
  return a;
}

Int128 multiply(Int128 a, Int128 b) {
  Int128 r;
  if (__builtin_mul_overflow(a, b, &r)) overflow();
  return r;
}

Int128 add(Int128 a, Int128 b) {
  Int128 r;
  if (__builtin_add_overflow(a, b, &r)) overflow();
  return r;
}

Int128 power10(int places) {
  Int128 r = 1;
  for (int i = 0; i < places; ++i) r *= 10;
  return r;
}

// floor(n / d) with d > 0, and the remainder in [0, d).
template <typename T>
T divide_rounded(const T& n, const T& d, Rounding rounding) {
  T q = n / d, r = n % d;
  if (r < 0) q -= 1, r += d;
  if (r == 0 || rounding == Rounding::Down) return q;
  if (rounding == Rounding::Up) return q + 1;
  const T twice = r - (d - r);
  if (twice > 0) return q + 1;
  if (twice < 0) return q;
  if (rounding == Rounding::HalfUp) return n < 0 ? q : T(q + 1);  // away from zero at a tie
  return q % 2 == 0 ? q : T(q + 1);
}

std::string trim_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace

std::string to_string(Int128 value) {
  if (value == 0) return "0";
  std::string text;
  const bool negative = value < 0;
  while (value != 0) {
    const int digit = int(value % 10);
    text += char('0' + (digit < 0 ? -digit : digit));
    value /= 10;
  }
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

Rational::Rational(Int128 numerator, Int128 denominator) {
  require("money", denominator != 0, "a denominator is 0, expected another number");
  const Int128 g = gcd(numerator, denominator) * (denominator < 0 ? -1 : 1);
  numerator_ = numerator / g;
  denominator_ = denominator / g;
}

Rational Rational::operator-() const {
  Rational r = *this;
  r.numerator_ = -r.numerator_;
  return r;
}

Rational operator+(const Rational& a, const Rational& b) {
  const Int128 g = gcd(a.denominator_, b.denominator_);
  const Int128 scale = b.denominator_ / g;
  return {add(multiply(a.numerator_, scale), multiply(b.numerator_, a.denominator_ / g)),
          multiply(a.denominator_, scale)};
}

Rational operator-(const Rational& a, const Rational& b) { return a + -b; }

Rational operator*(const Rational& a, const Rational& b) {
  const Int128 g = gcd(a.numerator_, b.denominator_), h = gcd(b.numerator_, a.denominator_);
  Rational r;  // coprime by construction
  r.numerator_ = multiply(a.numerator_ / g, b.numerator_ / h);
  r.denominator_ = multiply(a.denominator_ / h, b.denominator_ / g);
  return r;
}

Rational operator/(const Rational& a, const Rational& b) {
  require("money", b.numerator_ != 0, "a division by 0 in an exact amount");
  return a * Rational(b.denominator_, b.numerator_);
}

std::strong_ordering operator<=>(const Rational& a, const Rational& b) {
  // Whole parts first, so that a comparison overflows only when the fractional cross product does.
  const Int128 qa = divide_rounded(a.numerator_, a.denominator_, Rounding::Down);
  const Int128 qb = divide_rounded(b.numerator_, b.denominator_, Rounding::Down);
  if (qa != qb) return qa < qb ? std::strong_ordering::less : std::strong_ordering::greater;
  const Int128 l = multiply(a.numerator_ - qa * a.denominator_, b.denominator_);
  const Int128 r = multiply(b.numerator_ - qb * b.denominator_, a.denominator_);
  return l < r ? std::strong_ordering::less : l > r ? std::strong_ordering::greater : std::strong_ordering::equal;
}

int64_t Rational::round(Rounding rounding) const {
  const Int128 q = divide_rounded(numerator_, denominator_, rounding);
  require("money", q >= std::numeric_limits<int64_t>::min() && q <= std::numeric_limits<int64_t>::max(), "value is ",
          to_string(q), ", expected to fit 64 bits (9.2e18)");
  return int64_t(q);
}

Rational Rational::round_to(int places, Rounding rounding) const {
  const Int128 scale = power10(places);
  return {divide_rounded(multiply(numerator_, scale), denominator_, rounding), scale};
}

BigRational big(const Rational& value) {
  using boost::multiprecision::cpp_int;
  return BigRational(cpp_int(value.numerator()), cpp_int(value.denominator()));
}

std::string Rational::decimal(int places) const { return finance::decimal(big(*this), places); }

std::string Rational::fraction() const {
  return denominator_ == 1 ? to_string(numerator_) : to_string(numerator_) + "/" + to_string(denominator_);
}

std::optional<Rational> Rational::from_config(const Json& value) {
  if (value.is_number_integer()) return Rational(value.get<int64_t>());
  if (value.is_number_float()) {
    const double x = value.get<double>();
    // The shortest text that reads back as x is what was typed, up to 15 digits.
    return parse_decimal(fmt::format("{}", x).find('e') == std::string::npos ? fmt::format("{}", x)
                                                                             : fmt::format("{:.12f}", x));
  }
  if (!value.is_string()) return std::nullopt;
  const auto text = value.get<std::string>();
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return parse_decimal(text);
  const auto n = parse_decimal(text.substr(0, slash)), d = parse_decimal(text.substr(slash + 1));
  if (!n || !d || *d == Rational(0)) return std::nullopt;
  return *n / *d;
}

Json Rational::to_config() const {
  if (denominator_ == 1 && numerator_ == Int128(int64_t(numerator_))) return int64_t(numerator_);
  const auto text = decimal(18);
  return parse_decimal(text) == *this ? text : fraction();
}

std::optional<Rational> parse_decimal(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) negative = text[0] == '-', text.remove_prefix(1);
  Int128 n = 0, scale = 1;
  bool dot = false, digits = false;
  int places = 0;
  for (const char c : text) {
    if (c == '_' && digits) continue;  // 4_000_000, as TOML writes it
    if (c == '.' && !dot) {
      dot = true;
    } else if (c >= '0' && c <= '9') {
      if (n > Int128(1) << 118 || (dot && ++places > 18)) return std::nullopt;
      n = n * 10 + (c - '0');
      if (dot) scale *= 10;
      digits = true;
    } else {
      return std::nullopt;
    }
  }
  if (!digits) return std::nullopt;
  return Rational(negative ? -n : n, scale);
}

std::optional<Fraction> Fraction::from_config(const Json& value) {
  std::optional<Rational> r;
  if (value.is_string() && value.get<std::string>().ends_with('%')) {
    const auto text = value.get<std::string>();
    r = parse_decimal(std::string_view(text).substr(0, text.size() - 1));
    if (r) r = *r / Rational(100);
  } else {
    r = Rational::from_config(value);
  }
  if (!r || *r < Rational(0) || *r > Rational(1)) return std::nullopt;
  return Fraction{*r};
}

int64_t round_big(const BigRational& value, Rounding rounding) {
  using boost::multiprecision::cpp_int;
  const cpp_int q = divide_rounded<cpp_int>(numerator(value), denominator(value), rounding);
  require("money", q >= std::numeric_limits<int64_t>::min() && q <= std::numeric_limits<int64_t>::max(), "value is ",
          q.str(), ", expected to fit 64 bits (9.2e18)");
  return q.convert_to<int64_t>();
}

Rational to_rational(const BigRational& value) {
  using boost::multiprecision::cpp_int;
  const auto fits = [](const cpp_int& v) { return v == 0 || boost::multiprecision::msb(cpp_int(abs(v))) < 126; };
  if (!fits(numerator(value)) || !fits(denominator(value))) overflow();
  return {numerator(value).convert_to<Int128>(), denominator(value).convert_to<Int128>()};
}

BigRational round_big_to(const BigRational& value, int places, Rounding rounding) {
  using boost::multiprecision::cpp_int;
  const cpp_int scale = pow(cpp_int(10), unsigned(places));
  return BigRational(divide_rounded<cpp_int>(cpp_int(numerator(value) * scale), denominator(value), rounding), scale);
}

std::string decimal(const BigRational& value, int places) {
  using boost::multiprecision::cpp_int;
  const cpp_int scale = pow(cpp_int(10), unsigned(places));
  cpp_int n = divide_rounded<cpp_int>(cpp_int(numerator(value) * scale), denominator(value), Rounding::HalfUp);
  const bool negative = n < 0;
  if (negative) n = -n;
  std::string digits = n.str();
  if (int(digits.size()) <= places) digits.insert(0, size_t(places) + 1 - digits.size(), '0');
  if (places > 0) digits.insert(digits.size() - size_t(places), ".");
  return trim_zeros((negative ? "-" : "") + digits);
}

std::string fraction(const BigRational& value) {
  return denominator(value) == 1 ? numerator(value).str() : numerator(value).str() + "/" + denominator(value).str();
}

}  // namespace ingot::finance
