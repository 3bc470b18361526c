#include "ingot/plan/finance/operating.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace ingot::finance {
namespace {

// Value of a growing line in each month of the plan.
std::vector<int64_t> line_values(const CostLine& line, int months, const Currency& currency, const std::string& what) {
  std::vector<int64_t> values(size_t(months), 0);
  Money value = to_money(line.monthly, currency, what + " '" + line.name + "'");
  for (int m = line.start; m < std::min(months, line.end.value_or(months)); ++m) {
    values[size_t(m)] = value.minor;
    value = value.times(Rational(1) + line.growth, Rounding::HalfUp);
  }
  return values;
}

CostLine priced(const ComputeLine& line, const Currency& currency, const cost::FactsFolder& facts,
                std::vector<std::string>& sources) {
  CostLine cost{line.name, {}, line.growth, line.start, line.end};
  if (line.monthly) {
    cost.monthly = *line.monthly;
    return cost;
  }
  require("recipe", currency.code() == "USD", "operating.compute '", line.name,
          "' takes a price in USD from the catalogue, the file is in ", currency.code(), "; give `monthly` instead");
  const auto catalogue = cost::HardwareCatalogue::load(facts);
  const auto price = catalogue.price(catalogue.chip(line.chip), line.contract);
  cost.monthly.value = Rational(std::llround(price.median * line.hours * double(line.chips) * 100), 100);
  sources.push_back(fmt::format("{}: {} {} at ${:.2f} an hour (median of {} quotes, newest {}; {})", line.name,
                                line.chips, line.chip, price.median, price.num_quotes, price.date, price.source));
  return cost;
}

int64_t month_part(const Rational& yearly_minor) { return (yearly_minor / Rational(12)).round(Rounding::HalfUp); }

}  // namespace

Problems OperatingPlan::validate() const {
  Problems problems;
  const auto check = [&](bool ok, const std::string& text) {
    if (!ok) problems.push_back(text);
  };
  check(months >= 1 && months <= 600, fmt::format("months: got {}, expected 1 to 600", months));
  check(payment_lag >= 0 && payment_lag <= 6, fmt::format("payment_lag: got {}, expected 0 to 6", payment_lag));
  check(cash.value >= Rational(0), "cash: got " + cash.value.decimal() + ", expected >= 0");
  for (size_t i = 0; i < team.size(); ++i) {
    check(team[i].count >= 0, fmt::format("team[{}].count: got {}, expected >= 0", i, team[i].count));
    check(team[i].salary.value >= Rational(0),
          fmt::format("team[{}].salary: got {}, expected >= 0", i, team[i].salary.value.decimal()));
    check(team[i].start >= 0, fmt::format("team[{}].start: got {}, expected >= 0", i, team[i].start));
  }
  const std::pair<const char*, const std::vector<CostLine>*> lists[] = {
      {"data", &data}, {"costs", &costs}, {"revenue", &revenue}};
  for (const auto& [name, lines] : lists)
    for (size_t i = 0; i < lines->size(); ++i) {
      const auto& l = (*lines)[i];
      check(l.monthly.value >= Rational(0),
            fmt::format("{}[{}].monthly: got {}, expected >= 0", name, i, l.monthly.value.decimal()));
      check(l.growth > Rational(-1) && l.growth <= Rational(1),
            fmt::format("{}[{}].growth: got {}, expected between -1 and 1 a month", name, i, l.growth.decimal()));
      check(l.start >= 0, fmt::format("{}[{}].start: got {}, expected >= 0", name, i, l.start));
    }
  for (size_t i = 0; i < compute.size(); ++i) {
    const auto& l = compute[i];
    check(l.monthly.has_value() != !l.chip.empty(), fmt::format("compute[{}]: expected either monthly or chip", i));
    check(!l.monthly || l.monthly->value >= Rational(0), fmt::format("compute[{}].monthly: expected >= 0", i));
    check(l.chip.empty() || (l.chips > 0 && l.hours > 0),
          fmt::format("compute[{}].chips: got {}, expected > 0", i, l.chips));
    check(l.growth > Rational(-1) && l.growth <= Rational(1),
          fmt::format("compute[{}].growth: got {}, expected between -1 and 1 a month", i, l.growth.decimal()));
    check(l.start >= 0, fmt::format("compute[{}].start: got {}, expected >= 0", i, l.start));
  }
  for (size_t i = 0; i < debts.size(); ++i)
    check(debts[i].term > debts[i].interest_only && debts[i].interest_only >= 0 && debts[i].month >= 0,
          fmt::format("debts[{}]: got month {}, interest_only {}, term {}; expected 0 <= interest_only < term", i,
                      debts[i].month, debts[i].interest_only, debts[i].term));
  for (size_t i = 0; i < credits.size(); ++i)
    check(credits[i].expires > credits[i].start && credits[i].start >= 0,
          fmt::format("credits[{}].expires: got {}, expected after start {}", i, credits[i].expires, credits[i].start));
  for (size_t i = 0; i < financing.size(); ++i)
    check(financing[i].month >= 0 && financing[i].amount.value >= Rational(0),
          fmt::format("financing[{}]: expected month and amount >= 0", i));
  return problems;
}

PlanResult run_plan(const OperatingPlan& plan, const Currency& currency, const cost::FactsFolder& facts) {
  PlanResult result;
  result.currency = currency;
  const int n = plan.months;
  result.months.resize(size_t(n));
  const auto add = [&](const std::vector<CostLine>& lines, int64_t PlanMonth::*field, const char* what) {
    for (const auto& line : lines) {
      const auto values = line_values(line, n, currency, std::string("operating.") + what);
      for (int m = 0; m < n; ++m) result.months[size_t(m)].*field += values[size_t(m)];
    }
  };
  std::vector<CostLine> compute;
  for (const auto& line : plan.compute) compute.push_back(priced(line, currency, facts, result.sources));
  add(compute, &PlanMonth::compute, "compute");
  add(plan.data, &PlanMonth::data, "data");
  add(plan.costs, &PlanMonth::other, "costs");
  add(plan.revenue, &PlanMonth::revenue, "revenue");
  for (const auto& t : plan.team) {
    const Money salary = to_money(t.salary, currency, "operating.team '" + t.role + "'");
    const int64_t each = month_part(Rational(salary.minor) * (Rational(1) + t.load.value));
    for (int m = t.start; m < std::min(n, t.end.value_or(n)); ++m) {
      result.months[size_t(m)].payroll += (Rational(each) * Rational(t.count)).round(Rounding::Down);
      result.months[size_t(m)].people += t.count;
    }
  }

  struct Loan {
    int64_t balance = 0, part = 0;
  };
  std::vector<Loan> loans(plan.debts.size());
  std::vector<int64_t> credit;
  for (const auto& c : plan.credits)
    credit.push_back(to_money(c.amount, currency, "operating.credits '" + c.name + "'").minor);
  Money cash = to_money(plan.cash, currency, "operating.cash");
  result.lowest_cash = cash.minor;
  int64_t losses = 0;  // carried forward, >= 0
  for (int m = 0; m < n; ++m) {
    auto& row = result.months[size_t(m)];
    // 1. Credits pay compute first, the ones that expire soonest before the others.
    std::vector<size_t> order(credit.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return plan.credits[a].expires < plan.credits[b].expires; });
    for (const size_t i : order) {
      if (m == plan.credits[i].expires) result.credits_expired += credit[i], credit[i] = 0;
      if (m < plan.credits[i].start || m >= plan.credits[i].expires) continue;
      const int64_t used = std::min(credit[i], row.compute - row.credits);
      credit[i] -= used, row.credits += used;
    }
    // 2. Debt.
    for (size_t i = 0; i < loans.size(); ++i) {
      const auto& d = plan.debts[i];
      auto& loan = loans[i];
      const int age = m - d.month;
      if (age == 0) {
        loan.balance = to_money(d.principal, currency, "operating.debts '" + d.name + "'").minor;
        loan.part = (Rational(loan.balance) / Rational(d.term - d.interest_only)).round(Rounding::HalfUp);
        row.draw += loan.balance;
      }
      if (age < 0 || loan.balance == 0) continue;
      row.interest += month_part(Rational(loan.balance) * d.rate.value);
      if (age >= d.interest_only) {
        const int64_t paid = age + 1 == d.term ? loan.balance : std::min(loan.part, loan.balance);
        loan.balance -= paid, row.repayment += paid;
      }
    }
    // 3. Tax on profit beyond the losses so far.
    const int64_t profit =
        row.revenue - row.payroll - (row.compute - row.credits) - row.data - row.other - row.interest;
    const int64_t taxable = std::max<int64_t>(0, profit - losses);
    losses = std::max<int64_t>(0, losses - profit);
    row.tax = (Rational(taxable) * plan.tax.value).round(Rounding::HalfUp);
    // 4. Cash.
    if (m >= plan.payment_lag) row.receipts = result.months[size_t(m - plan.payment_lag)].revenue;
    for (const auto& f : plan.financing)
      if (f.month == m) row.financing += to_money(f.amount, currency, "operating.financing '" + f.name + "'").minor;
    row.net = row.receipts - row.payroll - (row.compute - row.credits) - row.data - row.other - row.interest -
              row.repayment + row.draw - row.tax + row.financing;
    cash = cash + Money{row.net, currency};
    row.cash = cash.minor;
    result.lowest_cash = std::min(result.lowest_cash, row.cash);
    if (row.cash < 0 && !result.cash_out) result.cash_out = m + 1;
    for (size_t i = 0; i < loans.size(); ++i)
      if (plan.debts[i].covenant && loans[i].balance > 0 && !result.covenant_breach &&
          row.cash < to_money(*plan.debts[i].covenant, currency, "covenant").minor)
        result.covenant_breach = m + 1, result.breached = plan.debts[i].name;
  }
  return result;
}

}  // namespace ingot::finance
