#include "ingot/plan/finance/vesting.h"

#include <algorithm>
#include <set>

#include "ingot/base/error.h"

namespace ingot::finance {
namespace {

Rational number(const Json& object, const char* key) {
  const auto value = parse_decimal(object.at(key).get<std::string>());
  require("vesting", value.has_value(), key, " is ", object.at(key).dump(), ", expected a decimal in quotes");
  return *value;
}

struct Tranche {
  Date date;
  Rational portion;        // of the whole grant
  Rational quantity;       // or a fixed number
  bool remainder = false;  // portion of what has not vested yet
};

class Schedule {
 public:
  Schedule(const Json& terms, const VestingFacts& facts) : facts_(facts) {
    for (const auto& c : terms.at("vesting_conditions")) conditions_[c.at("id").get<std::string>()] = &c;
  }

  std::vector<Tranche> tranches() {
    std::vector<Tranche> all;
    for (const auto& [id, condition] : conditions_)
      for (const auto& date : dates(id, {})) {
        Tranche t{date, 0, 0, false};
        if (const auto portion = condition->find("portion"); portion != condition->end()) {
          t.portion = number(*portion, "numerator") / number(*portion, "denominator");
          t.remainder = portion->value("remainder", false);
        } else if (condition->contains("quantity")) {
          t.quantity = number(*condition, "quantity");
        }
        all.push_back(t);
      }
    std::stable_sort(all.begin(), all.end(), [](const Tranche& a, const Tranche& b) { return a.date < b.date; });
    return all;
  }

 private:
  // When the condition vests: once per occurrence; instalments before the cliff arrive with it.
  std::vector<Date> dates(const std::string& id, std::set<std::string> seen) {
    const auto found = conditions_.find(id);
    require("vesting", found != conditions_.end(), "relative_to_condition_id is '", id,
            "', expected the id of a condition");
    require("vesting", seen.insert(id).second, "condition '", id, "' refers to itself through its relative conditions");
    const Json& trigger = found->second->at("trigger");
    const auto type = trigger.at("type").get<std::string>();
    if (type == "VESTING_SCHEDULE_ABSOLUTE") return {*Date::from_config(trigger.at("date"))};
    if (type == "VESTING_SCHEDULE_RELATIVE") {
      const auto base = dates(trigger.at("relative_to_condition_id").get<std::string>(), seen);
      if (base.empty()) return {};
      const Json& period = trigger.at("period");
      const int length = period.at("length").get<int>(), times = period.at("occurrences").get<int>();
      const int cliff = period.value("cliff_installment", 0);
      std::vector<Date> list;
      for (int i = 1; i <= times; ++i)
        list.push_back(step(base.back(), period, length * std::max(i, std::min(cliff, times))));
      return list;
    }
    const auto fact = facts_.find(id);  // VESTING_START_DATE, VESTING_EVENT
    return fact == facts_.end() ? std::vector<Date>{} : std::vector<Date>{fact->second};
  }

  static Date step(const Date& from, const Json& period, int length) {
    if (period.at("type") == "DAYS") return from.add_days(length);
    const auto day = period.value("day_of_month", std::string("VESTING_START_DAY_OR_LAST_DAY_OF_MONTH"));
    return from.add_months(length, day[0] == 'V' ? 0 : std::stoi(day.substr(0, 2)));
  }

  std::map<std::string, const Json*> conditions_;
  const VestingFacts& facts_;
};

}  // namespace

Allocation parse_allocation(const std::string& name) {
  if (name == "CUMULATIVE_ROUNDING") return Allocation::CumulativeRounding;
  if (name == "CUMULATIVE_ROUND_DOWN") return Allocation::CumulativeRoundDown;
  if (name == "FRONT_LOADED") return Allocation::FrontLoaded;
  if (name == "BACK_LOADED") return Allocation::BackLoaded;
  if (name == "FRONT_LOADED_TO_SINGLE_TRANCHE") return Allocation::FrontLoadedToSingleTranche;
  if (name == "BACK_LOADED_TO_SINGLE_TRANCHE") return Allocation::BackLoadedToSingleTranche;
  fail(ErrorKind::InvalidArgument, "vesting", "allocation_type is '", name, "', expected one that gives whole shares",
       name == "FRACTIONAL" ? "; fractions of a share cannot be issued" : "");
}

std::vector<int64_t> allocate(int64_t shares, const std::vector<Rational>& portions, Allocation allocation) {
  const size_t n = portions.size();
  std::vector<int64_t> parts(n, 0);
  if (n == 0) return parts;
  Rational sum = 0;
  int64_t given = 0;
  if (allocation == Allocation::CumulativeRounding || allocation == Allocation::CumulativeRoundDown) {
    const auto rounding = allocation == Allocation::CumulativeRounding ? Rounding::HalfUp : Rounding::Down;
    for (size_t i = 0; i < n; ++i) {
      sum += portions[i];
      const int64_t until = (Rational(shares) * sum).round(rounding);
      parts[i] = until - given;
      given = until;
    }
    return parts;
  }
  for (size_t i = 0; i < n; ++i) {
    sum += portions[i];
    parts[i] = (Rational(shares) * portions[i]).round(Rounding::Down);
    given += parts[i];
  }
  const int64_t left = (Rational(shares) * sum).round(Rounding::Down) - given;
  switch (allocation) {
    case Allocation::FrontLoaded:
      for (int64_t i = 0; i < left; ++i) ++parts[size_t(i) % n];
      break;
    case Allocation::BackLoaded:
      for (int64_t i = 0; i < left; ++i) ++parts[n - 1 - size_t(i) % n];
      break;
    case Allocation::FrontLoadedToSingleTranche:
      parts.front() += left;
      break;
    default:
      parts.back() += left;
  }
  return parts;
}

std::vector<Vest> vesting_schedule(const Json& terms, int64_t shares, const VestingFacts& facts) {
  const auto tranches = Schedule(terms, facts).tranches();
  std::vector<Rational> portions;
  Rational vested = 0;  // as a portion, for conditions on the remainder
  for (const auto& t : tranches) {
    Rational portion = shares == 0 ? Rational(0) : t.portion + t.quantity / Rational(shares);
    if (t.remainder) portion = (Rational(1) - vested) * t.portion;
    portion = std::min(portion, Rational(1) - vested);
    vested += portion;
    portions.push_back(portion);
  }
  const auto parts = allocate(shares, portions, parse_allocation(terms.at("allocation_type").get<std::string>()));
  std::vector<Vest> schedule;
  for (size_t i = 0; i < parts.size(); ++i)
    if (parts[i] > 0) schedule.push_back({tranches[i].date, parts[i]});
  return schedule;
}

}  // namespace ingot::finance
