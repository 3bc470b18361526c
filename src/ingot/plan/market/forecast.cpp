#include "ingot/plan/market/forecast.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "ingot/base/quantile.h"
#include "ingot/plan/market/calibration.h"
#include "ingot/plan/market/facts.h"

namespace ingot::market {
namespace {

double months_of(const std::string& period) {
  const std::map<std::string, double> lengths = {
      {"day", 12 / 365.25}, {"week", 12 * 7 / 365.25}, {"month", 1}, {"quarter", 3}, {"year", 12}};
  const auto found = lengths.find(period);
  std::vector<std::string> names;
  for (const auto& [name, length] : lengths) names.push_back(name);
  require("forecast", found != lengths.end(), "market.period is '", period, "'", suggest(period, names));
  return found->second;
}

// p and q a year of a published product.
std::pair<double, double> diffusion_like(const std::string& product) {
  const auto table = read_market_facts("market_diffusion.csv");
  std::vector<std::string> names;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    names.push_back(table.text(r, "product"));
    if (names.back() == product) return {table.number(r, "p_per_year"), table.number(r, "q_per_year")};
  }
  fail(ErrorKind::NotFound, "forecast", "like: '", product, "' is not in facts/market_diffusion.csv",
       suggest(product, names));
}

void quantiles(std::vector<double>& values, std::array<double, 5>& out) {
  std::sort(values.begin(), values.end());
  constexpr double kLevels[] = {0.05, 0.25, 0.5, 0.75, 0.95};
  for (size_t q = 0; q < 5; ++q) out[q] = quantile_of_sorted(values, kLevels[q]);
}

// Loyal buyers split by the firm of last month so that at the observed prices the split repeats itself, with utilities
// that still give the observed shares: otherwise the first months of a forecast would show that split find its place.
void settle(Industry& m) {
  if (!m.offers.front().share ||
      std::none_of(m.types.begin(), m.types.end(), [](const auto& t) { return t.loyalty > 0; }))
    return;
  std::vector<double> prices;
  for (const auto& o : m.offers) prices.push_back(*o.price);
  for (int round = 0; round < 500; ++round) {
    const Shares at = shares(m.demand(), prices);
    std::map<std::tuple<int32_t, double, double, int32_t>, double> bought;
    for (size_t i = 0; i < m.types.size(); ++i) {
      const auto& t = m.types[i];
      double none = 1;
      for (size_t j = 0; j < prices.size(); ++j) {
        const double chosen = at.by_type[i * prices.size() + j];
        bought[{t.segment, t.alpha, t.quality_taste, m.offers[j].brand}] += t.weight * chosen;
        none -= chosen;
      }
      bought[{t.segment, t.alpha, t.quality_taste, -1}] += t.weight * none;
    }
    double moved = 0, sum = 0;
    for (auto& t : m.types) {
      if (t.loyalty <= 0) continue;
      const double next = bought[{t.segment, t.alpha, t.quality_taste, t.last}];
      moved = std::max(moved, std::fabs(next - t.weight));
      t.weight = next;
    }
    for (const auto& t : m.types) sum += t.weight;
    for (auto& t : m.types) t.weight /= sum;
    require("forecast", invert_shares(m),
            "the observed shares are not reached with the loyalty of the segments, "
            "expected less loyalty, or settle = false");
    if (moved <= 1e-13) break;
  }
  const double alpha = m.alpha;
  for (auto& t : m.types) t.alpha /= alpha;  // calibrate takes them relative to alpha
  calibrate(m, alpha, {}, "own");
}

}  // namespace

Problems ForecastSection::validate() const {
  Problems problems;
  const auto complain = [&](const auto&... parts) { problems.push_back(ingot::detail::join_parts(parts...)); };
  const auto adoption = [&](const std::string& at, const std::optional<double>& F, const std::optional<double>& p_year,
                            const std::optional<double>& q_year) {
    if (F && !(*F > 0 && *F < 1)) complain(at, "adopted: got ", *F, ", expected in (0, 1)");
    if (p_year && !(*p_year > 0 && *p_year <= 10)) complain(at, "p: got ", *p_year, ", expected in (0, 10] a year");
    if (q_year && !(*q_year >= 0 && *q_year <= 100)) complain(at, "q: got ", *q_year, ", expected in [0, 100] a year");
  };
  adoption("", adopted, p, q);
  for (const auto& s : segments) adoption("segments: " + s.name + ": ", s.adopted, s.p, s.q);
  if (!(price_effect <= 0))
    complain("price_effect: got ", price_effect, ", expected <= 0: a price cut speeds adoption");
  if (!(quality_effect >= 0)) complain("quality_effect: got ", quality_effect, ", expected >= 0");
  if (!(potential_elasticity <= 0)) complain("potential_elasticity: got ", potential_elasticity, ", expected <= 0");
  if (!(usage_growth > -1 && usage_growth <= 0.5))
    complain("usage_growth: got ", usage_growth, ", expected in (-1, 0.5] a month: more explodes");
  if (!(cost_halving_months >= 1)) complain("cost_halving_months: got ", cost_halving_months, ", expected at least 1");
  if (outside_points && !(std::fabs(*outside_points) <= 1000))
    complain("outside_points: got ", *outside_points, ", expected points a year, -1000 to 1000");
  if (!(std::fabs(trend_points) <= 1000))
    complain("trend_points: got ", trend_points, ", expected points a year, -1000 to 1000");
  if (taste && !(*taste >= 0 && *taste <= 10))
    complain("taste: got ", *taste, ", expected 0 to 10: utility of a point");
  return problems;
}

MovingMarket::MovingMarket(const Industry& given, const RaceSection& race, const ForecastSection& forecast)
    : start_(given), forecast_(forecast) {
  throw_if_any("forecast", forecast.validate());
  throw_if_any("race", race.validate());
  if (forecast.settle) settle(start_);
  now_ = start_;
  const Industry& industry = start_;
  months_per_period_ = months_of(industry.period);

  // 1. Who of the market is in the race.
  std::vector<std::string> names;
  for (const auto& f : race.firms) names.push_back(f.name), start_points_.push_back(f.capability);
  std::string pacing;
  for (const auto& firm : industry.firms) {
    const auto found = std::find(names.begin(), names.end(), firm);
    race_firm_.push_back(found == names.end() ? -1 : int32_t(found - names.begin()));
    if (found == names.end()) pacing += (pacing.empty() ? "" : ", ") + firm;
  }
  std::string selling;
  for (const auto& name : names)
    if (std::find(industry.firms.begin(), industry.firms.end(), name) == industry.firms.end())
      selling += (selling.empty() ? "" : ", ") + name;
  require("forecast", std::any_of(race_firm_.begin(), race_firm_.end(), [](int32_t f) { return f >= 0; }),
          "no firm of the market is in the race; race.firms has ", names.empty() ? "none" : names.front(),
          ", the market has ", industry.firms.front(), "; expected the same names");
  if (!pacing.empty())
    notes_.emplace_back("keep pace with the frontier, not in the race: " + pacing,
                        "不参赛、与前沿同步的企业：" + pacing);
  if (!selling.empty())
    notes_.emplace_back("race without a product in this market: " + selling, "参赛但在本市场无产品：" + selling);

  // 2. What a point is worth. Products with a quality give the unit; else an assumed taste.
  const bool has_quality =
      std::any_of(industry.offers.begin(), industry.offers.end(), [](const Offer& o) { return o.quality != 0; });
  utility_of_point_ =
      forecast.taste.value_or(has_quality ? industry.quality_weight : market_parameter("taste_per_point").value);
  if (!forecast.taste && !has_quality) {
    const auto taste = std::to_string(utility_of_point_).substr(0, 4);
    notes_.emplace_back("utility of a point: " + taste + ", assumed (forecast.taste)",
                        "每一能力分的效用：" + taste + "，为假设值 (forecast.taste)");
  }

  // 3. Adoption by segment.
  std::map<std::string, const AdoptionSection*> own;
  for (const auto& s : forecast.segments) {
    require("forecast",
            std::find(industry.segments.begin(), industry.segments.end(), s.name) != industry.segments.end(),
            "segments: '", s.name, "' is not in the market", suggest(s.name, industry.segments));
    own[s.name] = &s;
  }
  for (const auto& name : industry.segments) {
    const AdoptionSection* s = own.count(name) ? own[name] : nullptr;
    const bool own_like = s && !s->like.empty();
    const auto [p, q] = diffusion_like(own_like ? s->like : forecast.like);
    const auto pick = [&](const std::optional<double>& segment, const std::optional<double>& all, double published) {
      return segment ? *segment : own_like ? published : all.value_or(published);
    };
    GeneralizedBass g;
    g.base.p = pick(s ? s->p : std::nullopt, forecast.p, p) / 12;
    g.base.q = pick(s ? s->q : std::nullopt, forecast.q, q) / 12;
    g.price_effect = forecast.price_effect, g.quality_effect = forecast.quality_effect;
    g.potential_elasticity = forecast.potential_elasticity;
    bass_.push_back(g);
    adopted0_.push_back(s && s->adopted ? *s->adopted : forecast.adopted.value_or(0));
  }
  adopted_ = adopted0_;

  // 4. Buyers by the firm of last month.
  segment_weight_.assign(industry.segments.size(), 0);
  std::map<std::tuple<int32_t, double, double>, size_t> index;
  for (const auto& t : industry.types) {
    segment_weight_[size_t(t.segment)] += t.weight;
    const auto [found, fresh] = index.emplace(std::tuple(t.segment, t.alpha, t.quality_taste), groups_.size());
    if (fresh) groups_.push_back({t, std::vector<double>(industry.firms.size() + 1, 0)});
    groups_[found->second].last[size_t(t.last + 1)] += t.weight;
  }
}

Industry MovingMarket::at(int month, std::span<const double> points) const {
  Industry m = now_;
  const double frontier =
      *std::max_element(points.begin(), points.end()) - *std::max_element(start_points_.begin(), start_points_.end());
  const double outside = forecast_.outside_points ? *forecast_.outside_points * month / 12 : frontier;
  const double cost = std::exp2(-month / forecast_.cost_halving_months);
  for (auto& o : m.offers) {
    const int32_t f = race_firm_[size_t(o.brand)];
    const double gained = (f < 0 ? frontier : points[size_t(f)] - start_points_[size_t(f)]) - outside;
    o.quality += gained;  // in points; the weight of a point replaces that of a unit of quality
    o.cost *= cost;
    if (o.fixed_price) o.fixed_price = *o.fixed_price * cost;  // a price taker's price follows its cost
  }
  // base holds the utility of the qualities at the start, so that a point may be worth something else than a unit
  // there.
  if (m.quality_weight != utility_of_point_)
    for (size_t j = 0; j < m.offers.size(); ++j) {
      const double start = start_.offers[j].quality, gained = m.offers[j].quality - start;
      m.offers[j].quality = m.quality_weight != 0 ? start + gained * utility_of_point_ / m.quality_weight : gained;
    }
  if (m.quality_weight == 0) m.quality_weight = utility_of_point_;
  return m;
}

MonthlyIncome MovingMarket::income_of(const Industry& m, const Equilibrium& e) const {
  MonthlyIncome out;
  out.revenue.assign(start_points_.size(), 0);
  out.profit.assign(start_points_.size(), 0);
  for (size_t j = 0; j < m.offers.size(); ++j) {
    const int32_t f = race_firm_[size_t(m.offers[j].firm)];
    if (f < 0) continue;
    const double units = e.share[j] * m.size / months_per_period_;
    out.revenue[size_t(f)] += units * e.price[j];
    out.profit[size_t(f)] += units * (e.price[j] - m.offers[j].cost);
  }
  return out;
}

MonthlyIncome MovingMarket::income(int month, std::span<const double> points) const {
  const Industry m = at(month, points);
  SolverConfig solver;
  solver.check_deviations = false;
  return income_of(m, solve_prices(m.demand(), m.supply(), solver));
}

MonthlyIncome MovingMarket::advance(int month, std::span<const double> points) {
  const Industry m = at(month, points);
  SolverConfig solver;
  solver.check_deviations = false;
  ForecastMonth out;
  const Demand demand = m.demand();
  out.equilibrium = solve_prices(demand, m.supply(), solver);
  const auto& e = out.equilibrium;
  const Shares at_prices = shares(demand, e.price);
  const size_t F = m.firms.size(), J = m.offers.size(), G = m.segments.size();
  out.size = m.size;
  out.points.assign(points.begin(), points.end());
  out.share.assign(F, 0), out.revenue.assign(F, 0), out.profit.assign(F, 0);
  double inside = 0;
  for (size_t j = 0; j < J; ++j) {
    const size_t f = size_t(m.offers[j].firm);
    const double units = e.share[j] * m.size / months_per_period_;
    out.share[f] += e.share[j];
    out.revenue[f] += units * e.price[j];
    out.profit[f] += units * (e.price[j] - m.offers[j].cost);
    out.mean_price += e.share[j] * e.price[j];
    inside += e.share[j];
  }
  out.mean_price = inside > 0 ? out.mean_price / inside : 0;
  out.consumer_surplus = e.consumer_surplus * m.size / months_per_period_;
  out.adopted = adopted_;

  // Adoption until next month, from what prices and qualities did in this one.
  const double last_price = months_.empty() ? out.mean_price : months_.back().mean_price;
  if (months_.empty()) first_price_ = out.mean_price;
  double quality_gain = 0, gaining = 0;
  if (!months_.empty())
    for (size_t j = 0; j < J; ++j) {
      const int32_t f = race_firm_[size_t(m.offers[j].brand)];
      if (f < 0) continue;
      quality_gain += e.share[j] * (points[size_t(f)] - months_.back().points[size_t(f)] - forecast_.trend_points / 12);
      gaining += e.share[j];
    }
  if (gaining > 0) quality_gain /= gaining;
  const double price_change = last_price > 0 ? out.mean_price / last_price - 1 : 0;
  std::vector<double> growth(G, 1);
  for (size_t g = 0; g < G; ++g) {
    if (adopted0_[g] <= 0) continue;
    const double next = bass_[g].advance(adopted_[g], price_change, quality_gain);
    growth[g] = next / adopted_[g];
    adopted_[g] = next;
  }

  // Buyers of this month, by the firm they bought from; newcomers have none.
  std::vector<double> weight(G);
  double total = 0;
  for (size_t g = 0; g < G; ++g) {
    weight[g] = segment_weight_[g] * (adopted0_[g] > 0 ? adopted_[g] / adopted0_[g] : 1);
    total += weight[g];
  }
  std::vector<std::vector<double>> bought(groups_.size(), std::vector<double>(F + 1, 0));
  std::map<std::tuple<int32_t, double, double>, size_t> index;
  for (size_t k = 0; k < groups_.size(); ++k)
    index.emplace(std::tuple(groups_[k].type.segment, groups_[k].type.alpha, groups_[k].type.quality_taste), k);
  for (size_t i = 0; i < m.types.size(); ++i) {
    const auto& t = m.types[i];
    auto& to = bought[index.at(std::tuple(t.segment, t.alpha, t.quality_taste))];
    double stayed = 0;
    for (size_t j = 0; j < J; ++j) {
      to[size_t(m.offers[j].brand) + 1] += t.weight * at_prices.by_type[i * J + j];
      stayed += at_prices.by_type[i * J + j];
    }
    to[0] += t.weight * (1 - stayed);
  }
  now_.types.clear();
  for (size_t k = 0; k < groups_.size(); ++k) {
    const auto& type = groups_[k].type;
    double before = 0;
    for (const double w : bought[k]) before += w;
    double group = 0;  // of the segment, constant over time
    for (const double w : groups_[k].last) group += w;
    const double after = group / segment_weight_[size_t(type.segment)] * weight[size_t(type.segment)] / total;
    const double old = after / std::max(1.0, growth[size_t(type.segment)]);
    for (size_t f = 0; f <= F; ++f) {
      auto t = type;
      t.last = int32_t(f) - 1;
      if (type.loyalty <= 0) {  // the firm of last month does not matter: one type
        if (f > 0) break;
        t.weight = after;
      } else {
        t.weight = old * bought[k][f] / before + (f == 0 ? after - old : 0);
      }
      if (t.weight > 1e-12) now_.types.push_back(t);
    }
  }
  double sum = 0;
  for (const auto& t : now_.types) sum += t.weight;
  for (auto& t : now_.types) t.weight /= sum;
  const double potential = out.mean_price > 0 ? bass_.front().potential(out.mean_price / first_price_) : 1;
  now_.size = start_.size * total * potential * std::pow(1 + forecast_.usage_growth, month + 1);
  months_.push_back(out);
  return income_of(m, e);
}

ForecastSection default_forecast() {
  ForecastSection section;
  section.adopted = market_parameter("adopted_share").value;
  section.trend_points = market_parameter("trend_points_per_year").value;
  return section;
}

RaceMarket MovingMarket::race_market() {
  return {[this](int month, std::span<const double> points) { return income(month, points); },
          [this](int month, std::span<const double> points) { return advance(month, points); }};
}

ForecastFan fan_forecast(const Industry& industry, const RaceSection& race, const ForecastSection& forecast, int paths,
                         uint64_t seed) {
  require("forecast", paths >= 2 && paths <= 100'000, "paths is ", paths, ", expected 2 to 100,000");
  const size_t F = industry.firms.size(), M = size_t(race.months) + 1;
  std::vector<std::vector<double>> share(F * M), size(M), revenue(M);
  for (int i = 0; i < paths; ++i) {
    MovingMarket market(industry, race, forecast);
    Rng rng(seed, uint64_t(i));
    simulate_race(race, market.race_market(), &rng);
    for (size_t m = 0; m < M; ++m) {
      const auto& month = market.months()[m];
      double inside = 0, all = 0;
      for (size_t f = 0; f < F; ++f) inside += month.share[f], all += month.revenue[f];
      for (size_t f = 0; f < F; ++f) share[f * M + m].push_back(month.share[f] / inside);
      size[m].push_back(month.size), revenue[m].push_back(all);
    }
  }
  ForecastFan fan;
  fan.paths = paths;
  fan.share.assign(F, std::vector<std::array<double, 5>>(M));
  fan.size.resize(M), fan.revenue.resize(M);
  for (size_t m = 0; m < M; ++m) {
    for (size_t f = 0; f < F; ++f) quantiles(share[f * M + m], fan.share[f][m]);
    quantiles(size[m], fan.size[m]), quantiles(revenue[m], fan.revenue[m]);
  }
  return fan;
}

}  // namespace ingot::market
