#include "ingot/plan/finance/valuation.h"

#include <algorithm>
#include <cmath>

#include <boost/math/tools/roots.hpp>

#include "ingot/base/error.h"

namespace ingot::finance {

VentureResult venture_method(const VentureInput& in) {
  require("valuation", in.exit_value > 0 && in.years >= 0, "vc: exit_value is ", in.exit_value, " in ", in.years,
          " years, expected a positive value and years >= 0");
  require("valuation", in.retention > 0 && in.retention <= 1, "vc: retention is ", in.retention,
          ", expected 0 < retention <= 1");
  require("valuation", in.annual_return > -1, "vc: annual_return is ", in.annual_return, ", expected > -1");
  VentureResult r{};
  r.multiple = in.multiple.value_or(std::pow(1 + in.annual_return, in.years));
  require("valuation", r.multiple > 0, "vc: multiple is ", r.multiple, ", expected > 0");
  r.post_money = in.exit_value * in.retention / r.multiple;
  r.pre_money = r.post_money - in.investment;
  require("valuation", r.pre_money > 0, "vc: an investment of ", in.investment, " buys the whole post-money of ",
          r.post_money, "; raise less, or expect a larger exit");
  r.ownership_now = in.investment / r.post_money;
  r.ownership_at_exit = r.ownership_now * in.retention;
  r.exit_proceeds = r.ownership_at_exit * in.exit_value;
  r.new_shares = in.shares * r.ownership_now / (1 - r.ownership_now);
  r.price = r.new_shares > 0 ? in.investment / r.new_shares : 0;
  return r;
}

std::vector<VentureRoundResult> venture_rounds(double exit_value, double exit_year, double shares,
                                               const std::vector<VentureRound>& rounds) {
  require("valuation", exit_value > 0, "vc: exit_value is ", exit_value, ", expected > 0");
  std::vector<VentureRoundResult> results;
  for (const auto& round : rounds) {
    require("valuation", round.year <= exit_year, "vc: round '", round.name, "' is in year ", round.year,
            ", expected by the exit in year ", exit_year);
    const double share = round.investment * std::pow(1 + round.annual_return, exit_year - round.year) / exit_value;
    results.push_back({round.name, share, 1, 0, 0, 0, 0, 0});
  }
  double later = 0;
  for (size_t i = results.size(); i-- > 0;) {
    auto& r = results[i];
    r.retention = 1 - later;
    later += r.final_share;
    require("valuation", later < 1, "vc: the rounds need ", 100 * later, "% of the exit, expected under 100%");
    r.share_now = r.final_share / r.retention;
    r.post_money = rounds[i].investment / r.share_now;
    r.pre_money = r.post_money - rounds[i].investment;
  }
  for (size_t i = 0; i < results.size(); ++i) {
    auto& r = results[i];
    r.new_shares = shares * r.share_now / (1 - r.share_now);
    r.price = r.new_shares > 0 ? rounds[i].investment / r.new_shares : 0;
    shares += r.new_shares;
  }
  return results;
}

DcfResult dcf(const std::vector<double>& cash_flows, double rate, double growth) {
  require("valuation", !cash_flows.empty(), "dcf: cash_flows is empty, expected one a year");
  require("valuation", rate > growth && growth > -1, "dcf: rate is ", rate, " and growth ", growth,
          ", expected rate > growth > -1");
  DcfResult r{};
  double discount = 1;
  for (const double flow : cash_flows) {
    discount /= 1 + rate;
    r.explicit_value += flow * discount;
  }
  r.terminal_value = cash_flows.back() * (1 + growth) / (rate - growth);
  r.terminal_present = r.terminal_value * discount;
  r.value = r.explicit_value + r.terminal_present;
  return r;
}

double black_scholes_call(double spot, double strike, double sigma, double years, double rate) {
  if (strike <= 0) return spot;
  if (spot <= 0) return 0;
  const double deviation = sigma * std::sqrt(years), present = strike * std::exp(-rate * years);
  if (deviation == 0) return std::max(0.0, spot - present);
  const auto cdf = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  const double d1 = std::log(spot / present) / deviation + deviation / 2;
  return spot * cdf(d1) - present * cdf(d1 - deviation);
}

OpmResult opm(const CapitalStructure& structure, double equity, double sigma, double years, double rate,
              double minor_per_major) {
  require("valuation", equity > 0 && sigma >= 0 && years >= 0, "opm: equity is ", equity, ", volatility ", sigma,
          ", years ", years, ", expected equity > 0 and the others >= 0");
  OpmResult r;
  r.equity = equity;
  r.values.assign(structure.classes.size(), 0);
  for (const auto& point : break_points(structure)) {
    OpmTranche t{point.equity.to_double() / minor_per_major, 0, {}};
    t.call = black_scholes_call(equity, t.strike, sigma, years, rate);
    for (const auto& slope : point.slopes) t.slopes.push_back(slope.to_double());
    r.tranches.push_back(t);
  }
  for (size_t k = 0; k < r.tranches.size(); ++k) {
    const double tranche = r.tranches[k].call - (k + 1 < r.tranches.size() ? r.tranches[k + 1].call : 0);
    for (size_t i = 0; i < r.values.size(); ++i) r.values[i] += r.tranches[k].slopes[i] * tranche;
  }
  for (size_t i = 0; i < r.values.size(); ++i)
    r.per_share.push_back(structure.classes[i].shares > 0 ? r.values[i] / double(structure.classes[i].shares) : 0);
  return r;
}

OpmResult opm_backsolve(const CapitalStructure& structure, size_t index, double price, double sigma, double years,
                        double rate, double minor_per_major) {
  require("valuation", price > 0, "opm: price is ", price, ", expected > 0");
  require("valuation", structure.classes.at(index).shares > 0, "opm: class '", structure.classes[index].name,
          "' has no shares");
  const auto gap = [&](double log_equity) {
    return opm(structure, std::exp(log_equity), sigma, years, rate, minor_per_major).per_share[index] - price;
  };
  // A class's value rises with equity, so a bracket grown by factors of ten holds the one root.
  double low = std::log(price), high = low;
  while (gap(low) > 0 && low > -100) low -= std::log(10.0);
  while (gap(high) < 0 && high < 200) high += std::log(10.0);
  require("valuation", gap(low) <= 0 && gap(high) >= 0, "opm: no equity value makes '", structure.classes[index].name,
          "' worth ", price, " a share");
  uint64_t iterations = 200;
  const auto root =
      boost::math::tools::toms748_solve(gap, low, high, boost::math::tools::eps_tolerance<double>(52), iterations);
  return opm(structure, std::exp((root.first + root.second) / 2), sigma, years, rate, minor_per_major);
}

PwermResult pwerm(const CapitalStructure& structure, const std::vector<ExitScenario>& scenarios, double rate,
                  double minor_per_major) {
  double sum = 0;
  for (const auto& s : scenarios) {
    require("valuation", s.probability >= 0 && s.exit_value >= 0, "pwerm: scenario '", s.name, "' has probability ",
            s.probability, " and exit ", s.exit_value, ", expected >= 0");
    sum += s.probability;
  }
  require("valuation", std::fabs(sum - 1) < 1e-9, "pwerm: probabilities sum to ", sum, ", expected 1");
  PwermResult r;
  r.values.assign(structure.classes.size(), 0);
  for (const auto& s : scenarios) {
    const auto result = waterfall(structure, std::llround(s.exit_value * minor_per_major));
    const double weight = s.probability * std::pow(1 + rate, -s.years) / minor_per_major;
    for (size_t i = 0; i < r.values.size(); ++i) r.values[i] += weight * result.classes[i].exact.to_double();
  }
  for (size_t i = 0; i < r.values.size(); ++i) {
    r.value += r.values[i];
    r.per_share.push_back(structure.classes[i].shares > 0 ? r.values[i] / double(structure.classes[i].shares) : 0);
  }
  return r;
}

namespace {

struct Term {
  double coefficient, exponent;
};

double evaluate(const std::vector<Term>& terms, double log_x) {
  double sum = 0;
  for (const auto& t : terms) sum += t.coefficient * std::exp(t.exponent * log_x);
  return sum;
}

// Positive roots x of sum c x^e (exponents ascending), as logs, ascending. Dividing by x^e0 keeps the roots; the
// derivative then has one term fewer and separates them.
std::vector<double> log_roots(std::vector<Term> terms, double low, double high) {
  int changes = 0;
  for (size_t i = 1; i < terms.size(); ++i) changes += (terms[i].coefficient > 0) != (terms[i - 1].coefficient > 0);
  if (changes == 0) return {};
  const double first = terms.front().exponent;
  for (auto& t : terms) t.exponent -= first;
  std::vector<double> cuts = {low};
  if (changes > 1) {
    std::vector<Term> derivative;
    for (size_t i = 1; i < terms.size(); ++i)
      derivative.push_back({terms[i].coefficient * terms[i].exponent, terms[i].exponent});
    for (const double r : log_roots(derivative, low, high)) cuts.push_back(r);
  }
  cuts.push_back(high);
  std::vector<double> roots;
  double scale = 0;
  for (const auto& t : terms) scale = std::max(scale, std::fabs(t.coefficient));
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    const double fa = evaluate(terms, cuts[i]), fb = evaluate(terms, cuts[i + 1]);
    if (i > 0 && std::fabs(fa) < 1e-13 * scale) {  // a double root touches zero at a turning point
      if (roots.empty() || cuts[i] - roots.back() > 1e-9) roots.push_back(cuts[i]);
      continue;
    }
    if ((fa > 0) == (fb > 0) || fa == 0) continue;
    uint64_t iterations = 300;
    const auto root =
        boost::math::tools::toms748_solve([&](double x) { return evaluate(terms, x); }, cuts[i], cuts[i + 1], fa, fb,
                                          boost::math::tools::eps_tolerance<double>(52), iterations);
    const double x = (root.first + root.second) / 2;
    if (roots.empty() || x - roots.back() > 1e-9) roots.push_back(x);
  }
  return roots;
}

std::vector<double> rates_of(std::vector<Term> terms) {
  std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.exponent < b.exponent; });
  std::vector<Term> merged;
  for (const auto& t : terms) {
    require("valuation", std::isfinite(t.coefficient), "irr: a cash flow is not finite");
    if (!merged.empty() && merged.back().exponent == t.exponent)
      merged.back().coefficient += t.coefficient;
    else
      merged.push_back(t);
  }
  std::erase_if(merged, [](const Term& t) { return t.coefficient == 0; });
  const bool in = std::any_of(merged.begin(), merged.end(), [](const Term& t) { return t.coefficient < 0; });
  const bool out = std::any_of(merged.begin(), merged.end(), [](const Term& t) { return t.coefficient > 0; });
  require("valuation", in && out,
          "irr: the cash flows never change sign, expected money in (negative) and money back (positive)");
  // x = 1 / (1 + r); rates from -99.9999% to 1e6.
  std::vector<double> rates;
  for (const double x : log_roots(merged, -std::log(1e6 + 1), -std::log(1e-6))) rates.push_back(std::expm1(-x));
  std::sort(rates.begin(), rates.end());
  return rates;
}

}  // namespace

std::vector<double> xirr(const std::vector<DatedFlow>& flows) {
  require("valuation", !flows.empty(), "irr: no cash flows, expected at least two");
  Date first = flows.front().date;
  for (const auto& f : flows) first = std::min(first, f.date);
  std::vector<Term> terms;
  for (const auto& f : flows) terms.push_back({f.amount, double(f.date.serial() - first.serial()) / 365.0});
  return rates_of(terms);
}

std::vector<double> irr(const std::vector<double>& yearly) {
  std::vector<Term> terms;
  for (size_t i = 0; i < yearly.size(); ++i) terms.push_back({yearly[i], double(i)});
  return rates_of(terms);
}

double moic(const std::vector<DatedFlow>& flows) {
  double in = 0, out = 0;
  for (const auto& f : flows) (f.amount < 0 ? in : out) += std::fabs(f.amount);
  require("valuation", in > 0, "moic: no money went in, expected a negative flow");
  return out / in;
}

}  // namespace ingot::finance
