// The cap table at a date: the state that the events of an OCF package lead to, and its two uses (a round, an exit).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/finance/ocf.h"
#include "ingot/plan/finance/round_terms.h"
#include "ingot/plan/finance/vesting.h"
#include "ingot/plan/finance/waterfall.h"

namespace ingot::finance {

// OCF has no field for full participation, dividends or anti-dilution: they travel in the class's comments as
// `ingot: participation = "full"`, `ingot: dividend = 0.08`, `ingot: antidilution = "broad"`.
struct ShareClass {
  std::string id, name;
  bool preferred = false;
  std::optional<int64_t> authorized;  // absent: unlimited
  Rational seniority = 1;
  Rational price;  // original issue price, major units
  Rational preference_multiple = 1;
  Participation participation = Participation::None;
  Rational cap_multiple;          // of the price, preference included
  Rational conversion_ratio = 1;  // common shares for one share
  AntiDilution antidilution = AntiDilution::None;
  std::optional<int64_t> antidilution_base;
  Rational dividend;  // a year, cumulative, of the price
  bool dividend_compounds = false;
  int64_t issued = 0;  // outstanding
};

struct Plan {
  std::string id, name;
  int64_t reserved = 0, used = 0;  // used: granted or issued from it and not returned
  bool returns_to_pool = true;
  int64_t available() const { return reserved - used; }
};

struct Holding {
  std::string security_id, stakeholder_id, class_id, plan_id;
  PositionKind kind = PositionKind::Stock;
  int64_t quantity = 0;
  Rational price;  // paid a share, or strike
  Date issued;
  int64_t vested = 0;
};

struct CapTable {
  std::string issuer;
  Currency currency;
  Date as_of;
  std::vector<ShareClass> classes;
  std::vector<Plan> plans;
  std::map<std::string, std::string> stakeholders;  // id -> name
  std::vector<Holding> holdings;
  std::vector<Convertible> convertibles;
  int64_t promised = 0;  // options promised and not granted (comment of the manifest `ingot: promised = N`)
  int64_t num_events = 0;

  const ShareClass& share_class(const std::string& id) const;  // throws NotFound
  int64_t as_converted(const Holding& holding) const;          // floor(quantity x ratio)
  int64_t outstanding() const;                                 // as converted stock
  int64_t fully_diluted() const;                               // + options, warrants, promised, unissued pool
  std::string holder(const std::string& stakeholder_id) const;
};

// Replays the package up to and including `as_of` (absent: every event). Throws InvalidArgument with every problem,
// each naming file, id, value and rule.
CapTable replay(const OcfPackage& package, std::optional<Date> as_of = std::nullopt);

RoundInput round_input(const CapTable& table);  // positions and convertibles; the terms are the caller's
// Claims at an exit on `date`: dividends accrued, convertibles with interest. Classes then options then convertibles.
CapitalStructure capital_structure(const CapTable& table, const Date& date);

}  // namespace ingot::finance
