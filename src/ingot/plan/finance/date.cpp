#include "ingot/plan/finance/date.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "ingot/base/error.h"

namespace ingot::finance {
namespace {

std::chrono::year_month_day civil(int64_t days) {
  return std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(days)));
}

std::chrono::year_month_day make(int year, int month, int day) {
  return {std::chrono::year(year), std::chrono::month(unsigned(month)), std::chrono::day(unsigned(day))};
}

int64_t days_of(const std::chrono::year_month_day& ymd) {
  return std::chrono::sys_days(ymd).time_since_epoch().count();
}

}  // namespace

Date::Date(int year, int month, int day) {
  const auto ymd = make(year, month, day);
  require("date", ymd.ok() && year >= 1, "date is ", year, "-", month, "-", day, ", expected a day of the calendar");
  days_ = days_of(ymd);
}

std::optional<Date> Date::parse(std::string_view iso) {
  if (iso.size() != 10 || iso[4] != '-' || iso[7] != '-') return std::nullopt;
  int part[3] = {0, 0, 0};
  const size_t at[3] = {0, 5, 8}, length[3] = {4, 2, 2};
  for (int p = 0; p < 3; ++p)
    for (size_t i = at[p]; i < at[p] + length[p]; ++i) {
      if (iso[i] < '0' || iso[i] > '9') return std::nullopt;
      part[p] = part[p] * 10 + (iso[i] - '0');
    }
  if (!make(part[0], part[1], part[2]).ok() || part[0] < 1) return std::nullopt;
  return Date(part[0], part[1], part[2]);
}

int Date::year() const { return int(civil(days_).year()); }
int Date::month() const { return int(unsigned(civil(days_).month())); }
int Date::day() const { return int(unsigned(civil(days_).day())); }

Date Date::add_days(int64_t days) const {
  Date d = *this;
  d.days_ += days;
  return d;
}

Date Date::add_months(int months, int day) const {
  const int index = year() * 12 + month() - 1 + months;
  const int y = index >= 0 ? index / 12 : (index - 11) / 12, m = index - y * 12 + 1;
  const auto last = std::chrono::year_month_day_last(std::chrono::year(y),
                                                     std::chrono::month_day_last(std::chrono::month(unsigned(m))));
  return Date(y, m, std::min(day == 0 ? this->day() : day, int(unsigned(last.day()))));
}

std::string Date::text() const { return fmt::format("{:04}-{:02}-{:02}", year(), month(), day()); }

std::optional<Date> Date::from_config(const Json& value) {
  return value.is_string() ? parse(value.get<std::string>()) : std::nullopt;
}

Rational year_fraction(const Date& from, const Date& to, DayCount convention) {
  if (convention == DayCount::Actual365) return {to.serial() - from.serial(), 365};
  const int d1 = std::min(from.day(), 30);
  const int d2 = to.day() == 31 && d1 == 30 ? 30 : to.day();
  return {int64_t{360} * (to.year() - from.year()) + 30 * (to.month() - from.month()) + (d2 - d1), 360};
}

}  // namespace ingot::finance
