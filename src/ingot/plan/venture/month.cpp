#include "ingot/plan/venture/month.h"

#include <algorithm>
#include <cmath>

namespace ingot::venture {

Path::Path(const Numbers& numbers, const market::CapabilityRace& race, const market::CapabilityState& today)
    : n_(&numbers), race_(&race), today_(&today), solver_(numbers) {
  start();
}

void Path::start() {
  const auto& n = *n_;
  state_ = *today_;
  solver_.start();
  open_start_ = -1e9;
  for (size_t f = 0; f < n.firms.size(); ++f) {
    const auto& firm = n.firms[f];
    firms_[f] = {firm.cash, firm.research, firm.fixed, true};
    owner_[f] = int(f), cost_factor_[f] = 1, gross_[f] = spent_[f] = 0;
    points_[f] = firm.capability, first_compute_[f] = state_.compute[f];
    if (firm.open_weights) open_start_ = std::max(open_start_, firm.capability);
  }
  open_ = open_start_;
  for (size_t j = 0; j < n.products.size(); ++j) share_[j] = n.products[j].share, last_price_[j] = 0;
  demand_ = gpu_ = gpu_shift_ = climate_ = climate_shift_ = 0;
  const auto& v = n.money;
  cash_ = bare_ = lowest_ = v.cash, credit_ = bare_credit_ = v.credit;
  scale_ = cut_ = 1, wait_ = debt_ = waited_ = raised_ = rounds_ = losses_ = ratio_ = revenue_ = 0;
  founder_ = v.founder, common_ = v.common, preference_ = v.preference, stage_ = v.first_stage;
  for (auto& b : billed_) b = 0;
  alive_ = true, raising_ = false;
}

const Shock* Path::shock(ShockKind kind, int m) const {
  for (const auto& s : n_->shocks)
    if (s.kind == kind && m >= s.month && m < s.month + s.months) return &s;
  return nullptr;
}

void Path::month(int m, const Draws& draws, MonthRecord& out, bool certain) {
  out = MonthRecord();
  if (m == 0)  // the speed of this future's algorithms
    state_.algorithm_growth =
        std::exp2(std::exp(n_->race.algorithmic_sigma * draws.normal[6]) / n_->race.algorithmic_doubling_months);
  processes(m, draws, out);
  market(m, out);
  rivals(m, draws, out, certain);
  ours(m, draws, out, certain);
  capability(draws, out);
  out.alive = alive_;
  out.lead = alive_ && leads(out);
}

// Demand, GPU price (Ornstein-Uhlenbeck in the log, with jumps) and funding climate; then what a war-game adds.
void Path::processes(int m, const Draws& d, MonthRecord& out) {
  const auto& v = n_->money;
  demand_ = std::clamp(demand_ + v.growth_drift + v.growth_sigma * d.normal[0], -20.0, 6.0);
  const double jump = std::max(0.0, double(v.gpu_jump) + v.gpu_jump_sigma * d.normal[2]);
  gpu_ = gpu_ * (1 - v.gpu_revert) + v.gpu_drift + v.gpu_sigma * d.normal[1];
  if (d.uniform[0] < v.gpu_up) gpu_ += jump;
  if (d.uniform[0] > 1 - v.gpu_down) gpu_ -= jump;
  gpu_ = std::clamp(gpu_, -3.0, 3.0);
  climate_ = climate_ * (1 - v.market_revert) + v.market_sigma * d.normal[4];
  const auto *shortage = shock(ShockKind::GpuPrice, m), *winter = shock(ShockKind::FundingWinter, m);
  gpu_shift_ = shortage ? std::log(shortage->size) : 0;
  climate_shift_ = winter ? std::log(winter->size) : 0;
  out.gpu = std::exp(gpu_ + gpu_shift_);
  out.climate = std::exp(climate_ + climate_shift_);
  if (const auto* merger = shock(ShockKind::Merger, m); merger && m == merger->month) merge(*merger);
  if (const auto* release = shock(ShockKind::OpenFrontier, m); release && m == release->month) {
    double best = 0, points = open_;
    for (size_t f = 0; f < n_->firms.size(); ++f)
      best = std::max(best, state_.released[f]), points = std::max(points, points_[f]);
    open_ = points;
    for (size_t f = 1; f < n_->firms.size(); ++f)
      if (n_->firms[f].open_weights) state_.released[f] = best, points_[f] = points;
  }
}

void Path::merge(const Shock& merger) {
  auto &a = firms_[merger.firm], &b = firms_[merger.other];
  if (!a.alive || !b.alive) return;
  owner_[merger.other] = merger.firm;
  a.cash += b.cash, a.research += b.research, a.fixed += 0.8 * b.fixed;  // a fifth of the target's staff leaves
  const auto f = size_t(merger.firm), o = size_t(merger.other);
  state_.compute[f] = std::max(state_.compute[f], state_.compute[o]);
  state_.released[f] = std::max(state_.released[f], state_.released[o]);
  points_[f] = points_[o] = std::max(points_[f], points_[o]);
}

// Bertrand prices, then demand with inertia, load and serving cost.
void Path::market(int m, MonthRecord& out) {
  const auto& n = *n_;
  const int J = int(n.products.size());
  const double cheaper = std::exp(-n.serving_decline * (m + 1));
  const double open_gain = open_start_ > -1e8 ? open_ - open_start_ : 0;
  const auto* cut = shock(ShockKind::PriceCut, m);
  auto& k = market_;
  k.products = J;
  for (int j = 0; j < J; ++j) {
    const auto& p = n.products[size_t(j)];
    const int owner = k.owner[j] = owner_[p.firm];
    k.sold[j] = p.firm == 0 ? alive_ : p.fringe >= 0 || firms_[owner].alive;
    const bool cutting = cut && owner == cut->firm && last_price_[j] > 0;
    k.given[j] = p.fringe >= 0 || cutting;
    k.cost[j] = p.cost * (1 - p.gpu_share + p.gpu_share * out.gpu * cheaper * cost_factor_[owner]);
    k.price[j] = k.sold[j] ? p.fringe >= 0 ? k.cost[j] * (1 + p.fringe) : cutting ? cut->size * last_price_[j] : 0 : 0;
    const double gain = points_[owner] - n.firms[size_t(p.firm)].capability - n.outside * open_gain;
    for (size_t i = 0; i < n.types.size(); ++i)
      k.value[i][j] = std::clamp(p.base + n.types[i].taste * p.quality + n.types[i].quality * gain, -200.0, 200.0);
  }
  out.solved = solver_.solve(k);
  if (n.price_factor != 1) {
    for (int j = 0; j < J; ++j)
      if (n.products[size_t(j)].firm == 0) k.price[j] *= n.price_factor;
    solver_.shares(k);
  }
  const double size = n.size[size_t(m)] * std::exp(demand_);
  double wanted = 0;
  for (int j = 0; j < J; ++j) {
    share_[j] = !k.sold[j] ? 0 : share_[j] < 0 ? k.share[j] : n.inertia * share_[j] + (1 - n.inertia) * k.share[j];
    if (n.products[size_t(j)].firm == 0) wanted += size * share_[j];
    if (!cut || k.owner[j] != cut->firm) last_price_[j] = k.price[j];
    out.share[j] = share_[j], out.price[j] = k.price[j], out.cost[j] = k.cost[j];
  }
  const double served = wanted > n.capacity ? n.capacity / wanted : 1;  // the rest is turned away
  out.demanded = wanted, out.units = wanted * served;
  for (size_t f = 0; f < n.firms.size(); ++f) gross_[f] = out.firm_revenue[f] = 0;
  double serving = 0;
  for (int j = 0; j < J; ++j) {
    const bool ours = n.products[size_t(j)].firm == 0;
    const double units = size * share_[j] * (ours ? served : 1);
    out.firm_revenue[k.owner[j]] += units * k.price[j];
    gross_[k.owner[j]] += units * (k.price[j] - k.cost[j]);
    if (ours) serving += units * k.cost[j];
  }
  out.serving = alive_ ? std::max(serving, n.serving_floor * cheaper * out.gpu) : 0;
  out.revenue = out.firm_revenue[0];
}

void Path::rivals(int m, const Draws& d, MonthRecord& out, bool certain) {
  const auto& n = *n_;
  for (size_t f = 1; f < n.firms.size(); ++f) {
    auto& firm = firms_[f];
    const auto& plan = n.firms[f];
    spent_[f] = 0;
    if (!firm.alive || owner_[f] != int(f)) continue;
    double research = std::max(firm.research * std::exp(plan.research_growth * m), plan.reinvest * gross_[f]);
    const double fixed = firm.fixed * std::exp(plan.fixed_growth * m);
    if (!plan.backed) {
      const double burn = fixed + research - gross_[f];
      if (burn > 0 && firm.cash < 3 * burn) research *= 0.5;
      firm.cash += gross_[f] - fixed - research;
      const bool closes = certain ? m % 12 == int(f) : d.uniform[4 + f] < plan.hazard * std::min(1.5, out.climate);
      if (burn > 0 && firm.cash < 12 * burn && firm.cash >= 0 && closes)
        firm.cash += plan.raise_months * burn * std::min(1.5, out.climate);
      if (firm.cash < 0) {
        firm.alive = false;
        continue;
      }
    }
    spent_[f] = research / out.gpu;
  }
}

// Our cash, financing and R&D compute; the same rules as finance::simulate, with revenue and compute from the loop.
void Path::ours(int m, const Draws& d, MonthRecord& out, bool certain) {
  spent_[0] = 0;
  if (!alive_) return;
  const auto& v = n_->money;
  out.revenue += v.revenue[m] * std::exp(demand_);
  for (int k = v.payment_lag; k > 0; --k) billed_[k] = billed_[k - 1];
  billed_[0] = out.revenue;
  out.receipts = billed_[v.payment_lag];
  const double noise = std::exp(v.cost_sigma * d.normal[3] - 0.5 * v.cost_sigma * v.cost_sigma);
  const double spend = scale_ * cut_;
  const double fixed = v.fixed[m] * noise, compute = v.compute[m] * out.gpu, research = n_->research[size_t(m)];
  if (m == v.credit_expires) credit_ = bare_credit_ = 0;
  out.fixed = fixed * spend, out.research = research * spend;
  const double bill = compute * spend + out.research + out.serving;
  const double used = std::min(credit_, bill), bare_bill = compute + research + out.serving,
               bare_used = std::min(bare_credit_, bare_bill);
  credit_ -= used, bare_credit_ -= bare_used;
  out.compute = compute * spend - used;
  out.service = debt_ * v.debt_service;
  out.other = v.other[m];
  const double profit = out.revenue - out.fixed - bill - out.service;
  losses_ = std::max(0.0, losses_ - profit);
  out.tax = profit > 0 ? n_->tax * std::max(0.0, profit - losses_) : 0;
  const double burn = out.fixed + out.compute + out.serving + out.research + out.tax - out.receipts - out.other;
  // Without any raise: how deep the hole gets.
  bare_ += out.receipts - fixed - (bare_bill - bare_used) - out.tax + out.other;
  lowest_ = std::min(lowest_, bare_);
  out.bare = bare_;
  cash_ -= burn + out.service;
  debt_ = std::max(0.0, debt_ - debt_ / 36);
  // What a round is priced on: revenue against the plan's, smoothed over about a quarter.
  const double floor = n_->revenue_floor;
  const double plan = n_->plan_revenue.empty() ? out.revenue : n_->plan_revenue[size_t(m)];
  ratio_ = 0.7 * ratio_ + 0.3 * std::log((out.revenue + floor) / (plan + floor));
  revenue_ = 0.7 * revenue_ + 0.3 * out.revenue;
  const double monthly = std::max(burn + out.service, 1.0);
  if (cash_ < v.trigger * monthly && burn > 0 && stage_ <= v.last_stage && !raising_)
    raising_ = true, wait_ = v.lag[stage_], waited_ = 0;
  else
    wait_ -= 1, waited_ += wait_ < 0;
  const double hazard = std::min(1.0, v.hazard[stage_] * std::min(1.2, out.climate));
  const bool closes =
      raising_ && wait_ <= 0 && cash_ >= 0 && (certain ? waited_ + 1 >= 1 / hazard : d.uniform[1] < hazard);
  if (closes) raise(d, monthly, out);
  // Covenant: the lender takes the balance when cash falls below its multiple of the debt.
  if (debt_ > 0 && cash_ < v.covenant * debt_) out.called = debt_, cash_ -= debt_, debt_ = 0;
  if (cash_ < v.cut_trigger * monthly && cash_ >= 0) cut_ = 1 - v.cut;
  if (cash_ < 0) {
    alive_ = raising_ = false;
    out.died = true;
  }
  out.cash = cash_;
  spent_[0] = alive_ ? out.research / out.gpu : 0;
}

// Price from the stage, revenue against the plan and the funding climate; size from the months wanted.
void Path::raise(const Draws& d, double monthly, MonthRecord& out) {
  const auto& v = n_->money;
  auto& c = out.closing;
  c.closed = true, c.stage = stage_;
  c.pre_money = v.pre_money[stage_] *
                std::exp(v.price_elasticity * ratio_ + climate_ + climate_shift_ + v.price_sigma * d.normal[5]) *
                (1 - v.bridge_discount);
  const double most = c.pre_money * (v.max_dilution / (1 - v.max_dilution));
  // Months of what will be spent after the closing.
  const double after = monthly + (v.step[stage_] - 1) * (out.fixed + out.research + out.compute);
  c.amount = std::min(v.runway * std::max(after, 1.0), most);
  c.loan = c.amount * v.debt_share;
  const double equity = c.amount - c.loan, post = c.pre_money + equity;
  c.dilution = (equity + c.loan * v.warrant) / post;
  founder_ *= (1 - c.dilution) * (1 - v.pool[stage_]);
  common_ *= 1 - c.dilution;  // the pool is common stock
  preference_ += equity, debt_ += c.loan, raised_ += c.amount, rounds_ += 1;
  cash_ += c.amount, out.financing = c.amount;
  scale_ *= v.step[stage_], cut_ = 1;
  ++stage_, raising_ = false;
}

// R&D dollars at this month's GPU price -> effective compute -> releases (market/capability.h). A larger released model
// is dearer to serve.
void Path::capability(const Draws& d, MonthRecord& out) {
  const auto& n = *n_;
  const size_t F = n.firms.size();
  double luck[kMaxFirms];
  for (size_t f = 0; f < F; ++f) luck[f] = d.normal[12 + f];
  race_->step(state_, {spent_, F}, {luck, F});
  for (size_t f = 0; f < F; ++f) {
    const bool dead = f == 0 ? !alive_ : !firms_[f].alive;
    out.firm_release[f] = !dead && owner_[f] == int(f) && (state_.released_now >> f & 1);
    if (out.firm_release[f]) {
      points_[f] = std::max(points_[f], race_->points(state_.released[f]));
      const double larger = std::pow(std::clamp(state_.compute[f] / first_compute_[f], 1e-3, 1e6), n.size_exponent);
      cost_factor_[f] = std::max(0.05, larger);
      if (n.firms[f].open_weights) open_ = std::max(open_, points_[f]);
    }
  }
  for (size_t f = 0; f < F; ++f) {
    if (owner_[f] != int(f)) points_[f] = points_[owner_[f]];
    out.level[f] = points_[f];
    out.firm_alive[f] = f == 0 ? alive_ : firms_[f].alive;
  }
}

bool Path::leads(const MonthRecord& out) const {
  const auto& n = *n_;
  double mine[kMaxFirms] = {};
  if (n.lead_by_share)
    for (size_t j = 0; j < n.products.size(); ++j) mine[owner_[n.products[j].firm]] += out.share[j];
  else
    for (size_t f = 0; f < n.firms.size(); ++f) mine[f] = out.level[f];
  for (size_t f = 1; f < n.firms.size(); ++f) {
    if (owner_[f] != int(f) || (!n.lead_by_share && !firms_[f].alive)) continue;
    if (!n.lead_against.empty() &&
        std::find(n.lead_against.begin(), n.lead_against.end(), int(f)) == n.lead_against.end())
      continue;
    if (mine[f] > mine[0]) return false;
  }
  return true;
}

// Worth at the horizon: a multiple of revenue, else the next round's price; investors take the preference or their
// converted share. A company that has run out of cash is worth what an acqui-hire pays, which the preference takes
// first.
Path::End Path::end() const {
  const auto& v = n_->money;
  End e;
  e.founder_share = founder_, e.common_share = common_, e.preference = preference_, e.raised = raised_,
  e.rounds = rounds_, e.debt = debt_, e.need = std::max(0.0, -lowest_);
  const double index = std::exp(climate_ + climate_shift_);
  const double worth = !alive_                 ? n_->acquihire
                       : n_->exit_multiple > 0 ? n_->exit_multiple * 12 * revenue_ * index
                                               : v.pre_money[std::min(stage_, finance::kStages - 1)] *
                                                     std::exp(v.price_elasticity * ratio_) * index;
  e.company_value = std::max(0.0, worth - debt_);
  const double investors = std::max(std::min(preference_, e.company_value), e.company_value * (1 - common_));
  e.founder_value = (e.company_value - investors) * founder_ / common_;
  return e;
}

}  // namespace ingot::venture
