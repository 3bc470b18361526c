// The monthly operating model: head count, compute, data and other costs, revenue with a payment lag, debt with a
// covenant, compute credits that expire, tax. Exact to the cent; each growing line rounds half up every month.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/plan/cost/hardware.h"
#include "ingot/plan/finance/date.h"
#include "ingot/plan/finance/money.h"

namespace ingot::finance {

struct TeamLine {
  std::string role;
  int64_t count = 1;
  Amount salary;
  Fraction load = {Rational(1, 4)};
  int start = 0;
  std::optional<int> end;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("role", self.role, "what they do");
    v("count", self.count, "people");
    v("salary", self.salary, "a year each");
    v("load", self.load, "taxes, benefits and equipment on top of the salary");
    v("start", self.start, "first month, 0 = the first of the plan");
    v("end", self.end, "month in which they are gone");
  }
};

struct CostLine {
  std::string name;
  Amount monthly;
  Rational growth;
  int start = 0;
  std::optional<int> end;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "what it is");
    v("monthly", self.monthly, "in its first month");
    v("growth", self.growth, "a month, 0.05 = 5%");
    v("start", self.start, "first month");
    v("end", self.end, "month in which it is gone");
  }
};

// A compute bill: an amount, or chips rented at the catalogue's price (facts/gpu_prices.csv, plan/cost).
struct ComputeLine {
  std::string name;
  std::optional<Amount> monthly;
  std::string chip;
  int64_t chips = 0;
  double hours = 730;
  cost::Contract contract = cost::Contract::OneYear;
  Rational growth;
  int start = 0;
  std::optional<int> end;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "what it is");
    v("monthly", self.monthly, "bill of its first month; or a chip");
    v("chip", self.chip, "chip rented, as `ingot cost hardware` names it");
    v("chips", self.chips, "how many");
    v("hours", self.hours, "rented a month each");
    v("contract", self.contract, "on-demand, one-year, three-year");
    v("growth", self.growth, "of the bill a month");
    v("start", self.start, "first month");
    v("end", self.end, "month in which it is gone");
  }
};

struct DebtLine {
  std::string name;
  Amount principal;
  Fraction rate;
  int month = 0, interest_only = 0, term = 36;
  std::optional<Amount> covenant;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "lender");
    v("principal", self.principal, "drawn at the start of its month");
    v("rate", self.rate, "interest a year");
    v("month", self.month, "month of the draw");
    v("interest_only", self.interest_only, "months before repayment starts");
    v("term", self.term, "months until it is repaid, in equal parts");
    v("covenant", self.covenant, "least cash at a month's end; below it the lender may call");
  }
};

struct CreditLine {
  std::string name;
  Amount amount;
  int start = 0, expires = 12;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "cloud");
    v("amount", self.amount, "credits for compute; not cash");
    v("start", self.start, "first month");
    v("expires", self.expires, "month from which the rest is void");
  }
};

struct KnownFinancing {
  int month = 0;
  Amount amount;
  std::string name;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("month", self.month, "of the closing");
    v("amount", self.amount, "cash received");
    v("name", self.name, "round");
  }
};

struct OperatingPlan {
  Date start = Date(2026, 12, 1);
  int months = 36;
  Amount cash;
  Fraction tax;
  int payment_lag = 1;
  std::vector<TeamLine> team;
  std::vector<ComputeLine> compute;
  std::vector<CostLine> data, costs, revenue;
  std::vector<DebtLine> debts;
  std::vector<CreditLine> credits;
  std::vector<KnownFinancing> financing;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("start", self.start, "first month");
    v("months", self.months, "length of the plan");
    v("cash", self.cash, "at the start");
    v("tax", self.tax, "on profit, after losses carried forward");
    v("payment_lag", self.payment_lag, "months between revenue and its cash");
    v("team", self.team, "head count");
    v("compute", self.compute, "compute bills, before credits");
    v("data", self.data, "data and licences");
    v("costs", self.costs, "all other costs");
    v("revenue", self.revenue, "revenue lines");
    v("debts", self.debts, "loans");
    v("credits", self.credits, "compute credits");
    v("financing", self.financing, "closings that are certain");
  }
  Problems validate() const;
};

struct PlanMonth {  // minor units
  int64_t revenue = 0, receipts = 0, payroll = 0, compute = 0, credits = 0, data = 0, other = 0, interest = 0,
          repayment = 0, draw = 0, tax = 0, financing = 0, net = 0, cash = 0;
  int64_t people = 0;
};

struct PlanResult {
  Currency currency;
  std::vector<PlanMonth> months;
  std::optional<int> cash_out;         // first month (1, 2, ...) that ends below 0
  std::optional<int> covenant_breach;  // first month that ends below a covenant
  std::string breached;                // whose
  int64_t lowest_cash = 0;
  int64_t credits_expired = 0;
  std::vector<std::string> sources;  // of catalogued prices
};

// `facts`: folder of the catalogue, absent: the copy inside the program.
PlanResult run_plan(const OperatingPlan& plan, const Currency& currency, const cost::FactsFolder& facts = {});

}  // namespace ingot::finance
