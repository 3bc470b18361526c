// What a company or a class of it is worth: five methods side by side. Estimates, so doubles; amounts in major units.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/finance/date.h"
#include "ingot/plan/finance/waterfall.h"
#include "ingot/plan/report/text.h"

namespace ingot::finance {

// Venture capital method (Sahlman, HBS 9-288-006, 1987): post-money = exit value x retention / required multiple.
struct VentureInput {
  double exit_value = 0;  // equity at exit
  double years = 5;
  double annual_return = 0.5;
  std::optional<double> multiple;  // instead of the annual return
  double retention = 1;            // share of the company that later rounds leave
  double investment = 0;
  double shares = 0;  // before the round
};
struct VentureResult {
  double multiple, post_money, pre_money, ownership_now, ownership_at_exit, exit_proceeds, new_shares, price;
};
VentureResult venture_method(const VentureInput& input);

// Several rounds: each needs its own share at exit, and earlier ones must own enough to survive the later ones.
struct VentureRound {
  std::string name;
  double year = 0, investment = 0, annual_return = 0.5;
};
struct VentureRoundResult {
  std::string name;
  double final_share, retention, share_now, post_money, pre_money, new_shares, price;
};
std::vector<VentureRoundResult> venture_rounds(double exit_value, double exit_year, double shares,
                                               const std::vector<VentureRound>& rounds);

// Free cash flows of years 1..n and a Gordon growth terminal value. Throws unless rate > growth > -1.
struct DcfResult {
  double explicit_value, terminal_value, terminal_present, value;
};
DcfResult dcf(const std::vector<double>& cash_flows, double rate, double growth);

// Black & Scholes 1973, eq. 13. `sigma` and `rate` a year, continuously compounded.
double black_scholes_call(double spot, double strike, double sigma, double years, double rate);

// Option-pricing method (AICPA Practice Aid 2013, ch. 6): classes hold calls struck at the break-points.
struct OpmTranche {
  double strike, call;         // equity value of the break-point, value of the call on it
  std::vector<double> slopes;  // of each class
};
struct OpmResult {
  double equity = 0;
  std::vector<OpmTranche> tranches;
  std::vector<double> values;  // of each class; they sum to equity
  std::vector<double> per_share;
};
OpmResult opm(const CapitalStructure& structure, double equity, double sigma, double years, double rate,
              double minor_per_major);
// Equity value at which class `index` is worth `price` a share (Boost TOMS 748). Throws when no value is.
OpmResult opm_backsolve(const CapitalStructure& structure, size_t index, double price, double sigma, double years,
                        double rate, double minor_per_major);

// Probability-weighted scenarios: class payoffs at exit, discounted. Probabilities must sum to 1.
struct ExitScenario {
  std::string name;
  double probability, exit_value, years;
};
struct PwermResult {
  double value = 0;                       // all classes, today
  std::vector<double> values, per_share;  // of each class
};
PwermResult pwerm(const CapitalStructure& structure, const std::vector<ExitScenario>& scenarios, double rate,
                  double minor_per_major);

struct DatedFlow {
  Date date;
  double amount;
};
// All rates r > -1 at which the flows (ACT/365) are worth nothing, ascending. Every root is found: between two roots of
// a generalised polynomial lies a root of its derivative, which has one term fewer (Rolle). Throws when no flow changes
// sign.
std::vector<double> xirr(const std::vector<DatedFlow>& flows);
std::vector<double> irr(const std::vector<double>& yearly);
double moic(const std::vector<DatedFlow>& flows);  // money back / money in

struct Estimate {  // one bar of the football field
  report::Text method;
  double low, mid, high;
  report::Text basis;  // what moves it, and its source
};

}  // namespace ingot::finance
