#include "ingot/plan/venture/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ingot/base/file.h"
#include "ingot/plan/cost/serving.h"
#include "ingot/plan/finance/ownership.h"
#include "ingot/plan/report/report.h"

namespace ingot::venture {
namespace {

using cost::Basis;
using report::both;

constexpr double kHours = 730;  // a month
constexpr double kAssumedMfu = 0.35, kAssumedUtilityPerPoint = 0.05;

class Maker {
 public:
  explicit Maker(const Venture& v) : v_(v), day_(v.operating.start.text()) {}

  Plan make() {
    const auto& currency = v_.table.currency;
    require("plan", currency.code() == "USD", "company.currency is ", currency.code(),
            ", expected USD: chips and API prices of the catalogue are in dollars; give the company's amounts in USD");
    n_.start_date = v_.operating.start.year() + (v_.operating.start.month() - 1) / 12.0;
    n_.race = v_.capability;
    throw_if_any("plan", n_.race.validate());
    money();
    models();
    serving();
    firms();
    demand();
    plan_.wargames = wargames_of(v_, n_, position_);
    n_.exit_multiple = v_.section.exit_multiple.value_or(0);
    n_.lead_by_share = v_.section.lead == Lead::Share;
    for (const auto& name : v_.section.against)
      n_.lead_against.push_back(position_[size_t(v_.industry.firm_index(name))]);
    throw_if_any("plan", n_.validate());
    set_plan_revenue(n_);
    plan_.certain = trace(n_, 0, std::nullopt, &plan_.certain_end);
    outlook();
    return std::move(plan_);
  }

 private:
  void fact(const char* en, const char* zh, double value, const char* format, Basis basis, Json source) {
    plan_.facts.push_back({both(en, zh), value, format, basis, std::move(source)});
  }

  std::string market_file() const { return v_.section.market.empty() ? v_.inputs.front().path : v_.inputs.back().path; }

  std::filesystem::path at(const std::string& path) const {
    return std::filesystem::path(path).is_absolute() ? std::filesystem::path(path) : v_.folder / path;
  }

  cost::RunSummary measured_run(const std::string& path) const {
    auto run = cost::read_run(at(path));
    require(
        "plan", run.finished(), "run ", path, " has status ", run.status,
        ", expected a finished run: what a failed run measured is no basis for a plan; train it again or remove it");
    return run;
  }

  void money() {
    auto operating = v_.operating;
    n_.tax = operating.tax.value.to_double();
    operating.tax = {};
    plan_.operating = finance::run_plan(operating, v_.table.currency);
    plan_.ownership = finance::ownership_of(v_.table, v_.financing);
    n_.money = finance::venture_numbers(plan_.operating, operating, v_.uncertainty, v_.financing, plan_.ownership);
    n_.revenue_floor = 50'000;
    const auto& first = plan_.operating.months.front();
    const double per = double(v_.table.currency.minor_per_major());
    const auto file = v_.inputs.front().path;
    fact("cash today", "现有现金", n_.money.cash, "usd_compact", Basis::Assumed, file);
    fact("payroll in month 1", "首月薪酬", double(first.payroll) / per, "usd_compact", Basis::Assumed, file);
    fact("founders' share today", "创始人现持股", plan_.ownership.founder, "percent", Basis::Assumed,
         both("cap table", "股权表"));
    fact("liquidation preferences today", "现有优先清算额", plan_.ownership.preference, "usd_compact", Basis::Assumed,
         both("cap table", "股权表"));
    fact("monthly volatility of demand", "需求月波动率", n_.money.growth_sigma, "percent", Basis::Assumed,
         "[uncertainty]");
    for (const auto& s : plan_.operating.sources) plan_.warnings.push_back(s);
  }

  // 1. What each model of the roadmap costs, and the R&D compute that leads to it.
  void models() {
    const auto catalogue = cost::HardwareCatalogue::load();
    const auto& t = v_.training;
    n_.research.assign(size_t(v_.section.months), 0);
    int from = 0;
    double last = 0;
    for (const auto& m : v_.roadmap) {
      ModelCost c;
      c.name = m.name.empty() ? m.architecture : m.name, c.month = m.month;
      if (!m.run.empty()) {
        const auto run = measured_run(m.run);
        plan_runs_.push_back(run);
        c.params = run.params, c.tokens = run.tokens;
        c.flop = run.tokens.value_or(0) * run.flops_per_token.value_or(6 * run.params.value_or(0));
        require("plan", c.flop > 0, run.path,
                " has no tokens or parameters, expected a record that says what was trained");
        c.wall_s = run.wall_s.value_or(0), c.basis = Basis::Measured, c.source = m.run;
        c.usd = c.usd_low = c.usd_high = m.usd.value_or(0);
      } else {
        predict(m, catalogue, c);
      }
      if (m.month > from) {
        c.usd_research = c.usd / t.rd_share;
        const int until = std::min(m.month, v_.section.months);
        for (int k = from; k < until; ++k) n_.research[size_t(k)] = c.usd_research / (m.month - from);
        last = c.usd_research / (m.month - from);
        from = m.month;
      }
      plan_.models.push_back(std::move(c));
    }
    for (int k = from; k < v_.section.months; ++k) n_.research[size_t(k)] = last * t.after;
    if (!plan_runs_.empty()) plan_.reviews = cost::review_runs(plan_runs_);
    fact("final run / R&D compute", "最终训练占研发算力", t.rd_share, "percent", Basis::Assumed,
         both("Epoch AI 2025: 10 to 30 %", "Epoch AI 2025：10% 至 30%"));
  }

  void predict(const ModelSection& m, const cost::HardwareCatalogue& catalogue, ModelCost& c) {
    const auto& t = v_.training;
    cost::TrainPlan p;
    p.cluster.chip = t.chip, p.cluster.chips = t.chips;
    p.prices.contract = t.contract, p.prices.rental_usd_per_hour = t.usd_per_hour, p.prices.rd_share = t.rd_share;
    p.prices.bases = {cost::AccountingBasis::Rental};
    p.uncertainty.draws = 1000;
    if (!m.architecture.empty()) p.model = cost::find_architecture(m.architecture);
    if (m.flop)
      p.target.flop = m.flop;
    else
      p.target.tokens = *m.tokens;
    if (!m.flop && m.architecture.empty()) p.target.params = m.params, p.target.active_params = m.active_params;
    p.target.mfu = t.mfu;
    if (!t.run.empty()) p.target.mfu = {}, p.target.run = at(t.run).string();
    if (!p.target.mfu && t.run.empty() && m.architecture.empty()) p.target.mfu = kAssumedMfu;
    const auto cost = cost::training_cost(p, catalogue, day_);
    c.flop = cost.flop, c.usd = m.usd.value_or(cost.usd_rental), c.chip_hours = cost.chip_hours, c.wall_s = cost.wall_s;
    c.usd_low = m.usd.value_or(cost.usd_rental_range.p10), c.usd_high = m.usd.value_or(cost.usd_rental_range.p90);
    c.params = m.params, c.tokens = m.tokens;
    if (cost.parameters) c.params = cost.parameters->total;
    c.basis = m.usd ? Basis::Assumed : Basis::Predicted;
    c.source = m.usd ? v_.inputs.front().path
                     : fmt::format("{} x {}, ${:.2f} an hour, MFU {:.0f} % ({})", t.chips, t.chip,
                                   cost.rental_usd_per_hour, 100 * cost.mfu, cost::to_string(cost.throughput_basis));
    if (plan_.models.empty() || plan_.models.back().basis == Basis::Measured)
      fact("price of a chip-hour", "芯片小时价", cost.rental_usd_per_hour, "usd",
           t.usd_per_hour ? Basis::Assumed : Basis::Catalogued,
           t.usd_per_hour ? Json(v_.inputs.front().path) : Json("facts/gpu_prices.csv: " + t.chip));
    for (const auto& w : cost.warnings) plan_.warnings.push_back(c.name + ": " + w);
  }

  // 2. What a unit costs to serve, and the smallest fleet.
  void serving() {
    const auto& s = v_.serving;
    if (!s.plan.empty()) {
      const auto plan = cost::read_serve_plan(read_toml(at(s.plan)));
      const auto served = cost::serving_cost(plan, cost::HardwareCatalogue::load(), day_);
      const auto& point = served.floor ? *served.floor : served.front.back();
      const double tokens = plan.target.input_tokens + plan.target.output_tokens;
      plan_.serving_cost = {
          1e6 * point.usd_per_request / tokens * s.tokens_per_unit, Basis::Predicted,
          fmt::format("{} on {} x {}, {:.0f} % sold ({})", plan.model.name.empty() ? "model" : plan.model.name,
                      point.chips, plan.chip, 100 * served.utilisation, s.plan)};
      plan_.serving_floor = {double(point.chips) * kHours * served.usd_per_chip_hour, Basis::Predicted,
                             "one replica, always on"};
    } else if (!s.run.empty()) {
      const auto record = read_json(at(s.run));
      require("plan",
              record.contains("tokens_per_s") && record["tokens_per_s"].is_number() &&
                  record["tokens_per_s"].get<double>() > 0,
              s.run, " has no tokens_per_s > 0, expected the serving measurement of a finished demo");
      const double rate = record["tokens_per_s"];
      plan_.serving_cost = {
          1e6 / rate / 3600 * *s.run_usd_per_hour * s.tokens_per_unit, Basis::Measured,
          fmt::format("{:.0f} tokens/s measured ({}), at an assumed ${} an hour", rate, s.run, *s.run_usd_per_hour)};
      plan_.serving_floor = {kHours * *s.run_usd_per_hour, Basis::Assumed, "one machine, always on"};
    } else if (s.cost) {
      plan_.serving_cost = {*s.cost, Basis::Assumed, v_.inputs.front().path};
    }
    if (s.floor) plan_.serving_floor = {*s.floor, Basis::Assumed, v_.inputs.front().path};
    n_.serving_floor = plan_.serving_floor.value;
    n_.serving_decline = -std::log(1 - s.decline) / 12, n_.size_exponent = s.size_exponent;
    fact("yearly fall of serving cost", "推理成本年降幅", s.decline, "percent", Basis::Assumed,
         both("hardware and software together, at the same model", "同一模型下软硬件合计"));
  }

  // 3. Firms: ours first.
  void firms() {
    const auto& names = v_.industry.firms;
    require("plan", names.size() <= size_t(kMaxFirms), "the market has ", names.size(), " firms, expected at most ",
            kMaxFirms, " in a plan: merge the small ones into one");
    const auto us = size_t(v_.industry.firm_index(v_.section.us));
    position_.assign(names.size(), 0);
    std::vector<size_t> order = {us};
    for (size_t f = 0; f < names.size(); ++f)
      if (f != us) order.push_back(f);
    const market::CapabilityRace race(n_.race, n_.start_date);
    const auto today = race.start(std::vector<double>{n_.race.reference_capability});
    for (size_t k = 0; k < order.size(); ++k) {
      const auto f = order[k];
      position_[f] = int(k);
      const auto found =
          std::find_if(v_.rivals.begin(), v_.rivals.end(), [&](const auto& r) { return r.firm == names[f]; });
      const RivalSection r = found == v_.rivals.end() ? RivalSection{.firm = names[f]} : *found;
      FirmNumbers firm;
      firm.name = names[f];
      firm.backed = r.backed, firm.open_weights = r.open_weights, firm.distils = r.distils;
      double quality = 0;
      for (const auto& o : v_.industry.offers)
        if (o.firm == int32_t(f)) quality = std::max(quality, o.quality);
      // Our capability, when nobody says it: what the compute of our released models takes today.
      double released = 0;
      if (k == 0)
        for (const auto& m : plan_.models)
          if (m.month == 0) released = std::max(released, m.flop);
      if (r.capability)
        firm.capability = *r.capability;
      else if (released > 0)
        firm.capability = race.points(released * today.algorithms);
      else
        firm.capability = quality;
      require("plan", firm.capability != 0, "capability of ", firm.name,
              " is missing, expected [[rivals]] with firm = \"", firm.name,
              "\" and capability (points of the Epoch Capabilities Index; the frontier of April 2026 is ",
              n_.race.reference_capability, "), or quality in its products");
      fact(k == 0 ? "our capability today, points" : "rival", k == 0 ? "我方现有能力（分）" : "对手", firm.capability,
           "fixed1",
           r.capability   ? Basis::Assumed
           : released > 0 ? Basis::Predicted
                          : Basis::Catalogued,
           r.source.empty() ? Json(v_.inputs.front().path) : Json(r.source));
      if (k > 0) {
        plan_.facts.back().label = both(firm.name + ": capability today, points", firm.name + "：现有能力（分）");
        // R&D compute that keeps its capability: C = W share usd flop_per_usd.
        const double compute = race.effective_flop(firm.capability) / today.algorithms;
        const double keeps = (firm.distils ? n_.race.distillation_cost : 1) * compute /
                             (n_.race.training_window_months * n_.race.final_run_share * today.flop_per_usd);
        firm.research = r.research.value_or(keeps);
        firm.fixed = r.fixed.value_or(0.6 * firm.research);
        firm.cash = r.cash.value_or(24 * (firm.research + firm.fixed));
        firm.research_growth = r.research_growth, firm.fixed_growth = r.fixed_growth, firm.reinvest = r.reinvest;
        firm.hazard = r.hazard, firm.raise_months = r.raise_months;
        plan_.facts.push_back({both(firm.name + ": R&D compute a month", firm.name + "：每月研发算力"), firm.research,
                               "usd_compact", r.research ? Basis::Assumed : Basis::Predicted,
                               r.research ? (r.source.empty() ? Json(v_.inputs.front().path) : Json(r.source))
                                          : both("what keeps its capability", "维持其能力所需")});
      }
      n_.firms.push_back(std::move(firm));
    }
  }

  // 4. Products, consumer types and the size of the market.
  void demand() {
    const auto& m = v_.industry;
    std::vector<int> members(m.nests.size(), 0), nest(m.nests.size(), -1);
    for (const auto& o : m.offers)
      if (o.nest >= 0) ++members[size_t(o.nest)];
    for (size_t g = 0; g < members.size(); ++g)
      if (members[g] > 1) nest[g] = int(n_.rho.size()), n_.rho.push_back(m.rho[g]);
    bool any_quality = false, all_shares = true;
    for (const auto& o : m.offers) any_quality |= o.quality != 0, all_shares &= o.share.has_value();
    double cheapest = std::numeric_limits<double>::infinity();
    for (const auto& o : m.offers) {
      ProductNumbers p;
      p.name = o.name, p.firm = position_[size_t(o.firm)], p.base = o.base, p.quality = o.quality, p.cost = o.cost;
      p.nest = o.nest >= 0 ? nest[size_t(o.nest)] : -1;
      p.gpu_share = v_.serving.gpu_share;
      if (o.fixed_price)
        p.fringe = o.cost > 0 ? *o.fixed_price / o.cost - 1 : 0, p.cost = o.cost > 0 ? o.cost : *o.fixed_price;
      if (all_shares) p.share = *o.share;
      if (p.firm == 0) {
        if (plan_.serving_cost.value > 0) p.cost = plan_.serving_cost.value;
        if (plan_.serving_cost.value == 0)
          plan_.serving_cost = {p.cost, o.cost_implied ? Basis::Predicted : Basis::Assumed, o.name};
      } else if (const double price = o.price.value_or(o.fixed_price.value_or(0)); price > 0) {
        cheapest = std::min(cheapest, price);
      }
      fact(p.firm == 0 ? "our marginal cost of a unit" : "cost", "成本", p.cost, "usd",
           p.firm == 0      ? plan_.serving_cost.basis
           : o.cost_implied ? Basis::Predicted
                            : Basis::Assumed,
           p.firm == 0      ? Json(plan_.serving_cost.source)
           : o.cost_implied ? both("implied by observed price and share (BLP 1995, eq. 3.6)",
                                   "由观测价格与份额反推（BLP 1995，式 3.6）")
                            : Json(market_file()));
      plan_.facts.back().label = both(p.name + ": cost of a unit", p.name + "：单位成本");
      n_.products.push_back(std::move(p));
    }
    const auto& s = v_.serving;
    if (s.api_price)
      plan_.api_price = {*s.api_price, Basis::Assumed, v_.inputs.front().path};
    else if (std::isfinite(cheapest))
      plan_.api_price = {cheapest, Basis::Catalogued, "cheapest rival price of the market"};
    const double per_point = v_.growth.utility_per_point ? *v_.growth.utility_per_point
                             : any_quality               ? m.quality_weight
                                                         : kAssumedUtilityPerPoint;
    for (const auto& t : m.types) {
      require("plan", t.loyalty == 0, "segments.loyalty is ", t.loyalty,
              ", expected 0 in a plan: growth.inertia is what keeps buyers");
      n_.types.push_back({t.weight, t.alpha, m.quality_weight * t.quality_taste, per_point * t.quality_taste});
    }
    static const std::pair<const char*, double> kPeriods[] = {
        {"day", kHours / 24}, {"week", kHours / 168}, {"month", 1}, {"quarter", 1.0 / 3}, {"year", 1.0 / 12}};
    const auto period =
        std::find_if(std::begin(kPeriods), std::end(kPeriods), [&](const auto& p) { return m.period == p.first; });
    require("plan", period != std::end(kPeriods), "market.period is '", m.period,
            "', expected day, week, month, quarter or year");
    const double size = m.size * period->second;
    double log_growth = 0;
    for (int k = 0; k < v_.section.months; ++k) {
      n_.size.push_back(size * std::exp(log_growth));
      log_growth += std::log1p(v_.growth.rate) / 12 * std::exp2(-k / v_.growth.half_life);
    }
    const auto us = size_t(m.firm_index(v_.section.us));
    n_.capacity = v_.serving.capacity.value_or(m.capacity[us] * period->second);
    n_.outside = v_.growth.outside, n_.inertia = v_.growth.inertia;
    const auto file = market_file();
    fact("market size, units a month", "市场规模（单位/月）", size, "compact", Basis::Assumed, file);
    fact("its growth in the first year", "首年增长", v_.growth.rate, "percent", Basis::Assumed, "[growth]");
    fact("utility of a point of capability", "每分能力的效用", per_point, "fixed3", Basis::Assumed, "[growth]");
    if (m.elasticity) fact("price elasticity", "价格弹性", *m.elasticity, "fixed2", Basis::Assumed, file);
  }

  // 5. What the path without chance says of each model.
  void outlook() {
    for (auto& m : plan_.models) {
      const size_t at = std::min(size_t(m.month), plan_.certain.size());
      m.capability = at == 0 ? n_.firms[0].capability : plan_.certain[at - 1].level[0];
    }
    for (size_t k = 0; k < plan_.certain.size(); ++k)
      if (plan_.certain[k].died) {
        plan_.warnings.push_back(fmt::format("without chance the cash runs out in month {}", k + 1));
        break;
      }
  }

  const Venture& v_;
  std::string day_;
  Plan plan_;
  Numbers& n_ = plan_.numbers;
  std::vector<int> position_;  // firm of the market -> firm of the plan
  std::vector<cost::RunSummary> plan_runs_;
};

}  // namespace

Plan make_plan(const Venture& venture) { return Maker(venture).make(); }

}  // namespace ingot::venture
