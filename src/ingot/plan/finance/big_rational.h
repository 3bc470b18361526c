// Unbounded exact fractions, for the round solver, where many independent denominators multiply. A header of its own:
// Boost.Multiprecision costs seconds a file.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include "ingot/plan/finance/rational.h"

namespace ingot::finance {

using BigRational = boost::multiprecision::cpp_rational;

BigRational big(const Rational& value);
int64_t round_big(const BigRational& value, Rounding rounding);  // throws when the result leaves 64 bits
BigRational round_big_to(const BigRational& value, int places, Rounding rounding);
Rational to_rational(const BigRational& value);  // throws when it leaves 128 bits
std::string decimal(const BigRational& value, int places = 10);
std::string fraction(const BigRational& value);

}  // namespace ingot::finance
