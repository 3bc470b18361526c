// Event-sourced replay of OCF transactions (captable.h): what is open, and what each transaction does to it. Order: by
// date, then as written. Limits (authorized shares, plan reserves) are checked at the end of each day, because a
// transfer closes one security and opens others on the same day.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ingot/plan/finance/captable.h"

namespace ingot::finance {

std::string text_of(const Json& object, const char* key);  // "" unless it holds a string
// Settings in comments: `ingot: key = value` lines, read as TOML.
Json settings_of(const Json& object);

class Replay {
 public:
  Replay(const OcfPackage& package, std::optional<Date> as_of);
  CapTable table;

 private:
  struct Event {
    Date date;
    const Json* body;
    std::string where;  // "Transactions.ocf.json: 'id' (TX_STOCK_ISSUANCE)"
  };

  // replay.cpp. 1. Objects, and the events in order.
  void index(const OcfPackage& package);
  static std::vector<std::string> results_of(const Json& tx);
  void guarded(const std::string& where, const std::function<void()>& action);
  Rational number(const Json& object, const char* key);
  int64_t shares(const Json& object, const char* key);
  // One currency a table, the first one seen.
  Rational money(const Json& object, const char* key);
  void add_class(const Json& item, const std::string&);
  void add_plan(const Json& item, const std::string&);
  ShareClass& class_of(const std::string& id, const char* key);
  Plan& plan_of(const std::string& id, const char* key);
  Holding& open(const Json& tx);
  // 2. Events.
  void run();
  void apply(const Json& tx, const Date& date);
  void issue(const Json& tx, const std::string& type, const Date& date);
  void issue_convertible(const Json& tx, const Holding& h);
  void close_convertible(const Json& tx, const std::string& type);
  void same_total(int64_t quantity, const std::vector<std::string>& results, const char* what);
  // Transfers, exercises, conversions, repurchases, cancellations, releases, reissuances, retractions.
  void close(const Json& tx, const std::string& type);
  // Whole shares after a split: fractions are dropped, holder by holder. Prices and strikes divide by the ratio.
  void split(const Json& tx, const Date& date);
  void check_limits(const std::string& where);
  // 3. Snapshot, in order of issue; vested counts.
  void finish();

  std::optional<Date> as_of_;
  Problems problems_;
  std::set<std::string> exceeded_;  // limits that are reported already
  bool currency_known_ = false;
  std::string issuer_id_;
  std::optional<int64_t> issuer_authorized_;
  std::vector<Event> events_;
  std::map<std::string, const Json*> issuances_, vesting_terms_;
  std::set<std::string> resulting_;
  std::map<std::string, std::string> converts_to_, plan_class_;
  std::map<std::string, Holding> open_;
  std::vector<std::string> order_, convertible_order_;
  std::map<std::string, Convertible> convertibles_;
  std::map<std::string, VestingFacts> facts_;
  std::map<std::string, int64_t> accelerated_;
  std::map<std::string, std::vector<std::pair<Date, Rational>>> splits_;
};

}  // namespace ingot::finance
