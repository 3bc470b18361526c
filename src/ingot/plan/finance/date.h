// Calendar dates (proleptic Gregorian) and the two day counts of convertible notes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingot/plan/finance/rational.h"

namespace ingot::finance {

class Date {
 public:
  Date() = default;                                        // 1970-01-01
  Date(int year, int month, int day);                      // throws InvalidArgument when there is no such day
  static std::optional<Date> parse(std::string_view iso);  // "2024-01-15"
  int year() const;
  int month() const;
  int day() const;
  int64_t serial() const { return days_; }  // days since 1970-01-01
  Date add_days(int64_t days) const;
  // Day 29-31 falls back to the last day of a shorter month; `day` 0 keeps this date's day.
  Date add_months(int months, int day = 0) const;
  std::string text() const;
  friend auto operator<=>(const Date&, const Date&) = default;

  static constexpr const char* kExpected = "a date as in 2024-01-15";
  static std::optional<Date> from_config(const Json& value);
  Json to_config() const { return text(); }

 private:
  int64_t days_ = 0;
};

enum class DayCount { Actual365, Thirty360 };

// ACT/365: days / 365. 30/360 (ISDA bond basis): (360 dy + 30 dm + dd) / 360 with day 31 read as 30.
Rational year_fraction(const Date& from, const Date& to, DayCount convention);

}  // namespace ingot::finance
