#include "ingot/plan/finance/valuation_terms.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace ingot::finance {
namespace {

// An estimate whose key assumption moves by `spread` either way. `value_at(1)` is the middle; a method that fails at an
// end (a discount rate below growth) keeps the middle there.
Estimate estimate(const report::Text& method, double spread, const report::Text& basis,
                  const std::function<double(double)>& value_at) {
  const double mid = value_at(1);
  const auto safe = [&](double factor) {
    try {
      return value_at(factor);
    } catch (const Error&) {
      return mid;
    }
  };
  const double a = safe(1 - spread), b = safe(1 + spread);
  return {method, std::min({a, b, mid}), mid, std::max({a, b, mid}), basis};
}

}  // namespace

Problems ValuationSection::validate() const {
  Problems problems;
  if (!(spread >= 0 && spread < 1)) problems.push_back(fmt::format("spread: got {}, expected 0 <= spread < 1", spread));
  if (!vc && !dcf && !opm && !pwerm && !comparables && flows.empty())
    problems.push_back("no method, expected one of vc, dcf, opm, pwerm, comparables or flows");
  if (opm && opm->equity.has_value() == opm->price.has_value())
    problems.push_back("opm: expected either equity, or class and price to solve back from");
  if (vc && vc->exit_value <= 0) problems.push_back(fmt::format("vc.exit_value: got {}, expected > 0", vc->exit_value));
  if (pwerm && pwerm->hybrid_weight && !(*pwerm->hybrid_weight >= 0 && *pwerm->hybrid_weight <= 1))
    problems.push_back(fmt::format("pwerm.hybrid_weight: got {}, expected 0 to 1", *pwerm->hybrid_weight));
  if (pwerm && pwerm->hybrid_weight && !opm)
    problems.push_back("pwerm.hybrid_weight: needs an opm section to weigh against");
  return problems;
}

ValuationReport value_company(const CapTable& table, const ValuationSection& s,
                              const std::vector<FundingRound>& catalogue) {
  ValuationReport r;
  r.currency = table.currency;
  const double per = double(table.currency.minor_per_major());
  const CapitalStructure structure = capital_structure(table, table.as_of);
  for (const auto& c : structure.classes) r.class_names.push_back(c.name);
  const double shares = double(table.fully_diluted());

  if (s.vc) {
    VentureInput in{s.vc->exit_value, s.vc->years, s.vc->annual_return, s.vc->multiple, s.vc->retention,
                    s.vc->investment, shares};
    if (!s.vc->rounds.empty()) {
      std::vector<VentureRound> rounds;
      for (const auto& t : s.vc->rounds) rounds.push_back({t.name, t.year, t.investment, t.annual_return});
      r.vc_rounds = venture_rounds(s.vc->exit_value, s.vc->years, shares, rounds);
      in.retention = r.vc_rounds.front().retention, in.investment = rounds.front().investment;
      in.annual_return = rounds.front().annual_return, in.years = s.vc->years - rounds.front().year,
      in.multiple.reset();
    }
    r.vc = venture_method(in);
    r.estimates.push_back(
        estimate({"VC method (pre-money)", "风险投资法（投前）"}, s.spread, {"exit value", "退出价值"}, [&](double f) {
          auto moved = in;
          moved.exit_value *= f;
          return venture_method(moved).pre_money;
        }));
  }
  if (s.dcf) {
    r.dcf = dcf(s.dcf->cash_flows, s.dcf->rate, s.dcf->growth);
    r.estimates.push_back(
        estimate({"Discounted cash flow", "现金流折现"}, s.spread, {"discount rate", "折现率"},
                 [&](double f) { return dcf(s.dcf->cash_flows, s.dcf->rate * f, s.dcf->growth).value; }));
  }
  if (s.opm) {
    const auto& t = *s.opm;
    const auto solve = [&](double volatility) {
      if (t.equity) return opm(structure, *t.equity, volatility, t.years, t.rate, per);
      const auto found = std::find(r.class_names.begin(), r.class_names.end(), t.share_class);
      require("valuation", found != r.class_names.end(), "valuation.opm.class is '", t.share_class, "'",
              suggest(t.share_class, r.class_names));
      return opm_backsolve(structure, size_t(found - r.class_names.begin()), *t.price, volatility, t.years, t.rate,
                           per);
    };
    r.opm = solve(t.volatility);
    if (!t.equity)
      r.estimates.push_back(estimate({"Backsolve (option-pricing method)", "反推法（期权定价）"}, s.spread,
                                     {"volatility", "波动率"},
                                     [&](double f) { return solve(t.volatility * f).equity; }));
  }
  if (s.pwerm) {
    std::vector<ExitScenario> scenarios;
    for (const auto& t : s.pwerm->scenarios) scenarios.push_back({t.name, t.probability, t.exit_value, t.years});
    r.pwerm = pwerm(structure, scenarios, s.pwerm->rate, per);
    r.estimates.push_back(
        estimate({"Probability-weighted exits", "概率加权退出"}, s.spread, {"discount rate", "折现率"},
                 [&](double f) { return pwerm(structure, scenarios, s.pwerm->rate * f, per).value; }));
    if (s.pwerm->hybrid_weight && r.opm) {
      const double w = *s.pwerm->hybrid_weight;
      for (size_t i = 0; i < r.class_names.size(); ++i)
        r.hybrid.push_back(w * r.pwerm->per_share[i] + (1 - w) * r.opm->per_share[i]);
      const double value = w * r.pwerm->value + (1 - w) * r.opm->equity;
      r.estimates.push_back({{"Hybrid", "混合法"},
                             std::min(r.pwerm->value, r.opm->equity),
                             value,
                             std::max(r.pwerm->value, r.opm->equity),
                             {"weight between the two", "两法权重"}});
    }
  }
  if (s.comparables) {
    require("valuation", table.currency.code() == "USD",
            "valuation.comparables: the catalogue is in USD, the company in ", table.currency.code(),
            "; leave the section out");
    r.comparables = comparables(catalogue, s.comparables->stage, s.comparables->since);
    const auto& q = r.comparables->post_money;
    require("valuation", q.count > 0, "valuation.comparables: no round '", s.comparables->stage, "' since ",
            s.comparables->since.text(), " with a post-money in the catalogue; widen stage or since");
    const auto since = s.comparables->since.text();
    r.estimates.push_back({{"Comparable rounds (post-money)", "可比融资（投后）"},
                           q.low,
                           q.median,
                           q.high,
                           {fmt::format("quartiles of {} rounds since {}", q.count, since),
                            fmt::format("{} 起 {} 轮融资的四分位数", since, q.count)}});
  }
  if (!s.flows.empty()) {
    std::vector<DatedFlow> flows;
    for (const auto& f : s.flows) flows.push_back({f.date, f.amount});
    r.irr = xirr(flows);
    r.moic = moic(flows);
  }
  return r;
}

}  // namespace ingot::finance
