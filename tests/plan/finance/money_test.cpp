#include "ingot/plan/finance/money.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/plan/finance/date.h"
#include "ingot/plan/finance/instruments.h"
#include "support/error_of.h"

namespace ingot::finance {
namespace {

TEST(Rational, KeepsExactFractions) {
  EXPECT_EQ((Rational(1, 3) + Rational(1, 6)).fraction(), "1/2");
  EXPECT_EQ((Rational(2, 3) * Rational(9, 4)).fraction(), "3/2");
  EXPECT_EQ((Rational(-1, 2) / Rational(1, -4)).fraction(), "2");
  EXPECT_LT(Rational(-1, 2), Rational(-1, 3));
  EXPECT_EQ(parse_decimal("+10000000.00"), Rational(10000000));
  EXPECT_EQ(parse_decimal("-0.35"), Rational(-7, 20));
  EXPECT_FALSE(parse_decimal("1e5"));
  EXPECT_FALSE(parse_decimal("."));
  EXPECT_EQ(Rational(10, 4).decimal(), "2.5");
  EXPECT_EQ(Rational(-1, 3).decimal(4), "-0.3333");
}

TEST(Rational, RoundsAsNamed) {
  const Rational half(5, 2), minus_half(-5, 2);
  EXPECT_EQ(half.round(Rounding::HalfUp), 3);
  EXPECT_EQ(half.round(Rounding::HalfEven), 2);
  EXPECT_EQ(Rational(7, 2).round(Rounding::HalfEven), 4);
  EXPECT_EQ(half.round(Rounding::Down), 2);
  EXPECT_EQ(half.round(Rounding::Up), 3);
  EXPECT_EQ(minus_half.round(Rounding::HalfUp), -3);
  EXPECT_EQ(minus_half.round(Rounding::Down), -3);
  EXPECT_EQ(minus_half.round(Rounding::Up), -2);
  EXPECT_EQ(Rational(171056, 100000).round_to(2, Rounding::Up).decimal(), "1.72");
}

TEST(Rational, OverflowIsAnError) {
  const Rational big(Int128(1) << 100, 3);
  EXPECT_NE(error_of([&] { (void)(big * big); }).find("leaves 128 bits"), std::string::npos);
  EXPECT_NE(error_of([&] { (void)big.round(Rounding::Down); }).find("fit 64 bits"), std::string::npos);
}

TEST(Fraction, ReadsPercentagesAndRefusesMoreThanAll) {
  EXPECT_EQ(Fraction::from_config("20%")->value, Rational(1, 5));
  EXPECT_EQ(Fraction::from_config(0.2)->value, Rational(1, 5));
  EXPECT_FALSE(Fraction::from_config("120%"));
  EXPECT_FALSE(Fraction::from_config(20));
  EXPECT_FALSE(Fraction::from_config(-0.1));
}

TEST(Money, RefusesMixedCurrenciesAndOddCents) {
  const Money usd{100, Currency("USD")}, eur{100, Currency("EUR")};
  EXPECT_NE(error_of([&] { (void)(usd + eur); }).find("USD and EUR"), std::string::npos);
  EXPECT_EQ(to_money(*Amount::from_config("1234.56"), Currency("USD"), "x").minor, 123456);
  EXPECT_NE(
      error_of([&] { to_money(*Amount::from_config(1.234), Currency("USD"), "cash"); }).find("at most 2 decimals"),
      std::string::npos);
  EXPECT_NE(error_of([&] { to_money(*Amount::from_config("5 EUR"), Currency("USD"), "cash"); }).find("cash is in EUR"),
            std::string::npos);
  EXPECT_EQ(to_money(*Amount::from_config(500), Currency("JPY"), "x").minor, 500);
  EXPECT_EQ((Money{-184036632, Currency("USD")}.text()), "-1,840,366.32 USD");
  EXPECT_EQ((Money{-5, Currency("USD")}.text()), "-0.05 USD");
}

// Worked example M3 (own, exact rationals): 100,000,001 cents.
TEST(Money, SplitsByLargestRemainder) {
  EXPECT_EQ(largest_remainder(100000001, {1, 1, 1}), (std::vector<int64_t>{33333334, 33333334, 33333333}));
  EXPECT_EQ(largest_remainder(100000001, {7, 11, 13, 17}),
            (std::vector<int64_t>{14583333, 22916667, 27083334, 35416667}));
}

TEST(Date, KnowsTheCalendar) {
  EXPECT_FALSE(Date::parse("2023-02-29"));
  EXPECT_EQ(Date(2024, 1, 31).add_months(1).text(), "2024-02-29");
  EXPECT_EQ(Date(2024, 1, 31).add_months(-2).text(), "2023-11-30");
  EXPECT_EQ(Date(2024, 1, 15).add_months(3, 31).text(), "2024-04-30");
  EXPECT_EQ(Date(2025, 7, 15).serial() - Date(2024, 1, 15).serial(), 547);
  EXPECT_EQ(year_fraction(Date(2024, 1, 31), Date(2024, 3, 31), DayCount::Thirty360), Rational(1, 6));
}

// Worked example S7: 500,000 at 8% simple, ACT/365, 547 days; interest 59,945.205479.
TEST(Note, AccruesInterest) {
  Convertible note{.kind = ConvertibleKind::Note,
                   .principal = {50000000, Currency("USD")},
                   .issued = Date(2024, 1, 15),
                   .rate = Rational(8, 100)};
  EXPECT_EQ((amount_due(note, Date(2025, 7, 15)) - Rational(500000)).decimal(6), "59945.205479");
  note.day_count = DayCount::Thirty360;
  EXPECT_EQ(amount_due(note, Date(2025, 7, 15)), Rational(560000));
  note.compounding = Compounding::Annual;
  EXPECT_EQ(amount_due(note, Date(2025, 7, 15)), Rational(561600));
}

}  // namespace
}  // namespace ingot::finance
