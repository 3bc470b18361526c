// The [valuation] section of a company file and its side-by-side summary.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/plan/finance/captable.h"
#include "ingot/plan/finance/comparables.h"
#include "ingot/plan/finance/valuation.h"

namespace ingot::finance {

struct VentureRoundTerms {
  std::string name;
  double year = 0, investment = 0, annual_return = 0.5;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "round");
    v("year", self.year, "from now");
    v("investment", self.investment, "new money");
    v("annual_return", self.annual_return, "its investors require");
  }
};

struct VentureTerms {
  double exit_value = 0, years = 5, annual_return = 0.5, retention = 1, investment = 0;
  std::optional<double> multiple;
  std::vector<VentureRoundTerms> rounds;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("exit_value", self.exit_value, "equity at the exit");
    v("years", self.years, "to the exit");
    v("annual_return", self.annual_return, "investors require");
    v("multiple", self.multiple, "of their money they require, instead of annual_return");
    v("retention", self.retention, "share of the company left after later rounds");
    v("investment", self.investment, "now");
    v("rounds", self.rounds, "all rounds up to the exit; retention then follows from them");
  }
};

struct DcfTerms {
  std::vector<double> cash_flows;
  double rate = 0.25, growth = 0.03;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("cash_flows", self.cash_flows, "free cash flow of years 1, 2, ...");
    v("rate", self.rate, "discount rate a year");
    v("growth", self.growth, "after the last year, for ever");
  }
};

struct OpmTerms {
  std::optional<double> equity;
  std::string share_class;
  std::optional<double> price;
  double volatility = 0.8, years = 4, rate = 0.04;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("equity", self.equity, "value of all equity; or backsolve from class and price");
    v("class", self.share_class, "class just sold");
    v("price", self.price, "paid for one share of it");
    v("volatility", self.volatility, "of the equity, a year");
    v("years", self.years, "to liquidity");
    v("rate", self.rate, "risk-free, a year");
  }
};

struct ScenarioTerms {
  std::string name;
  double probability = 0, exit_value = 0, years = 4;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "what happens");
    v("probability", self.probability, "of it");
    v("exit_value", self.exit_value, "equity then");
    v("years", self.years, "from now");
  }
};

struct PwermTerms {
  double rate = 0.3;
  std::vector<ScenarioTerms> scenarios;
  std::optional<double> hybrid_weight;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("rate", self.rate, "discount rate a year");
    v("scenarios", self.scenarios, "exits; probabilities sum to 1");
    v("hybrid_weight", self.hybrid_weight, "weight of the scenarios against the option-pricing method");
  }
};

struct ComparableTerms {
  std::string stage = "Series A";
  Date since = Date(2023, 1, 1);
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("stage", self.stage, "text in the round's name");
    v("since", self.since, "oldest round that counts");
  }
};

struct FlowTerms {
  Date date;
  double amount = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("date", self.date, "when");
    v("amount", self.amount, "money in is negative, money back positive");
  }
};

struct ValuationSection {
  double spread = 0.2;
  std::optional<VentureTerms> vc;
  std::optional<DcfTerms> dcf;
  std::optional<OpmTerms> opm;
  std::optional<PwermTerms> pwerm;
  std::optional<ComparableTerms> comparables;
  std::vector<FlowTerms> flows;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("spread", self.spread, "how far the key assumption of each method moves for its low and high, relative");
    v("vc", self.vc, "venture capital method");
    v("dcf", self.dcf, "discounted cash flow");
    v("opm", self.opm, "option-pricing method, or backsolve");
    v("pwerm", self.pwerm, "probability-weighted exits");
    v("comparables", self.comparables, "rounds of the catalogue");
    v("flows", self.flows, "an investor's cash flows, for IRR");
  }
  Problems validate() const;
};

struct ValuationReport {
  Currency currency;
  std::vector<std::string> class_names;
  std::optional<VentureResult> vc;
  std::vector<VentureRoundResult> vc_rounds;
  std::optional<DcfResult> dcf;
  std::optional<OpmResult> opm;
  std::optional<PwermResult> pwerm;
  std::vector<double> hybrid;  // a share, by class
  std::optional<ComparableResult> comparables;
  std::vector<double> irr;
  std::optional<double> moic;
  std::vector<Estimate> estimates;  // the football field
};

ValuationReport value_company(const CapTable& table, const ValuationSection& section,
                              const std::vector<FundingRound>& catalogue);

}  // namespace ingot::finance
