// Thirty-two companies at a time. What happens to them whatever they decide (prices, revenue, costs) is drawn first,
// all months of it, and stays in the L1 cache; then two groups of sixteen live through the months side by side, so that
// each hides the latency of the other. Compiled once an instruction set (montecarlo/lanes.h). Eight words a month:
// growth, GPU diffusion, GPU jump, jump size, cost noise, market, closing, price noise.
#pragma once

#include "ingot/plan/finance/venture_kernel.h"
#include "ingot/plan/montecarlo/lanes.h"

namespace ingot::mc::INGOT_MC_ISA {
namespace {

using finance::kBins;
using finance::kStages;
using finance::VentureNumbers;
using finance::VentureSums;

constexpr int kGroups = 4;

// Bin 0 has a counter a lane: most of a month's ruined companies would otherwise wait for one another.
inline void count(uint32_t* bins, F x, int valid) {
  const I lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const I bin = (I)((U)max(x, splat(1.0f)) >> 19) - (127 << 4);
  I index = bin < kBins ? bin + (kLanes - 1) : finance::kCounters - 1 + I{};
  index = bin > 0 ? index : lane;
  int32_t at[kLanes];
  __builtin_memcpy(at, &index, sizeof at);
  for (int i = 0; i < valid; ++i) ++bins[at[i]];
}

struct Exogenous {  // one month of one group
  F received, fixed, compute, climate;
  U closing, price;
};

struct Outside {
  Exogenous months[finance::kMaxMonths + finance::kMaxLag];
  F lowest;   // cash without any raise, at its lowest
  F climate;  // log price level of a round at the horizon
};

template <typename Draws>
[[gnu::noinline]] void draw(const VentureNumbers& v, const Draws& draws, Outside& out) {
  F bare = splat(v.cash), lowest = bare, credit = splat(v.credit), growth = {}, gpu = {}, market = {}, climate = {};
  for (int m = 0; m < v.payment_lag; ++m) out.months[m].received = F{};
  for (int m = 0; m < v.months; ++m) {
    U w[8];
    draws.words(uint32_t(m), 0, w);
    draws.words(uint32_t(m), 1, w + 4);
    growth += fma(normal(w[0]), splat(v.growth_sigma), splat(v.growth_drift));
    growth = max(min(growth, splat(6.0f)), splat(-20.0f));
    gpu = fma(gpu, splat(1.0f - v.gpu_revert), fma(normal(w[1]), splat(v.gpu_sigma), splat(v.gpu_drift)));
    const F jump_draw = uniform(w[2]);
    const F jump = max(F{}, fma(normal(w[3]), splat(v.gpu_jump_sigma), splat(v.gpu_jump)));
    gpu += select(less(jump_draw, splat(v.gpu_up)), jump, F{});
    gpu -= select(less(splat(1.0f - v.gpu_down), jump_draw), jump, F{});
    gpu = max(min(gpu, splat(3.0f)), splat(-3.0f));
    market = fma(market, splat(1.0f - v.market_revert), normal(w[5]) * v.market_sigma);
    climate = fma(growth, splat(v.price_elasticity), market);
    // Revenue now, its cash `payment_lag` months later.
    out.months[m + v.payment_lag].received = v.revenue[m] * exp(growth);
    const F received = out.months[m].received + v.other[m];
    const F fixed =
        v.fixed[m] * exp(fma(normal(w[4]), splat(v.cost_sigma), splat(-0.5f * v.cost_sigma * v.cost_sigma)));
    const F compute = v.compute[m] * exp(gpu);
    // Without any raise: how deep the hole gets.
    if (m == v.credit_expires) credit = F{};
    const F used = min(credit, compute);
    credit -= used;
    bare += received - fixed - (compute - used);
    lowest = min(lowest, bare);
    out.months[m] = {received, fixed, compute, climate, w[6], w[7]};
  }
  out.lowest = lowest, out.climate = climate;
}

struct Terms {  // by stage; no round closes after the last
  float pre_money[kStages], hazard[kStages], lag[kStages], pool_keeps[kStages], step[kStages];
};

struct Company {
  F cash, credit, founder, common, preference;
  F scale = splat(1), cut = splat(1), wait = {}, debt = {}, raised = {}, rounds = {};
  I stage;
  Mask alive, raising = {};
};

inline void live(const VentureNumbers& v, const Terms& terms, int m, const Exogenous& x, Company& c, VentureSums& s) {
  const F zero = {}, one = splat(1.0f);
  // 1. Costs: those of the plan, with noise, after cuts; compute at the GPU price of the month, credits first.
  if (m == v.credit_expires) c.credit = zero;
  const F spend = c.scale * c.cut, bill = x.compute * spend, used = min(c.credit, bill);
  c.credit -= used;
  const F burn = fma(c.debt, splat(v.debt_service), fma(x.fixed, spend, bill - used) - x.received);
  c.cash -= burn;
  c.debt = c.debt - c.debt * (1.0f / 36);
  // 2. Raise: start when the runway falls below the trigger, close after the lag at the stage's hazard.
  const F monthly = max(burn, one);
  const Mask starts = less(c.cash, v.trigger * monthly) & Mask(~c.raising);
  c.wait = select(starts, pick8(terms.lag, c.stage), c.wait - one);
  c.raising |= starts;
  const Mask solvent = Mask(~less(c.cash, zero)) & c.alive;
  const Mask closes =
      c.raising & solvent & Mask(~less(zero, c.wait)) & less(uniform(x.closing), pick8(terms.hazard, c.stage));
  const F pre = pick8(terms.pre_money, c.stage) * exp(fma(normal(x.price), splat(v.price_sigma), x.climate));
  const F amount = min(v.runway * monthly, pre * (v.max_dilution / (1.0f - v.max_dilution)));
  const F loan = amount * v.debt_share, equity = amount - loan;
  const F kept = one - fma(loan, splat(v.warrant), equity) / (pre + equity);
  c.cash = select(closes, c.cash + amount, c.cash);
  c.debt = select(closes, c.debt + loan, c.debt);
  // The pool is common stock; only the money and warrants dilute common as a whole.
  c.founder = select(closes, c.founder * (kept * pick8(terms.pool_keeps, c.stage)), c.founder);
  c.common = select(closes, c.common * kept, c.common);
  c.preference = select(closes, c.preference + equity, c.preference);
  c.raised = select(closes, c.raised + amount, c.raised);
  c.rounds = select(closes, c.rounds + one, c.rounds);
  c.scale = select(closes, c.scale * pick8(terms.step, c.stage), c.scale);
  c.cut = select(closes, one, c.cut);
  c.stage = select(closes, c.stage + 1, c.stage);
  c.raising &= Mask(~closes);
  s.closed_in[m] += uint64_t(popcount(closes));
  // 3. Covenant: the lender takes the balance when cash falls below its multiple of the debt.
  const Mask called = less(zero, c.debt) & less(c.cash, v.covenant * c.debt);
  c.cash = select(called, c.cash - c.debt, c.cash);
  c.debt = select(called, zero, c.debt);
  // 4. Cuts, then ruin.
  const Mask survives = Mask(~less(c.cash, zero));
  c.cut = select(less(c.cash, v.cut_trigger * monthly) & survives, splat(1.0f - v.cut), c.cut);
  s.ruined_in[m] += uint64_t(popcount(c.alive & Mask(~survives)));
  c.alive &= survives;
}

struct Totals {
  D sum = {};
  void add(F x) { sum += low_half(x) + high_half(x); }
};

template <typename Draws>
void venture_with(const VentureNumbers& v, Draws draws, uint64_t first, uint64_t paths, VentureSums& s) {
  const F zero = {}, one = splat(1.0f);
  Terms terms;
  for (int i = 0; i < kStages; ++i) {
    terms.pre_money[i] = v.pre_money[i] * (1.0f - v.bridge_discount);
    terms.hazard[i] = i <= v.last_stage ? v.hazard[i] : 0.0f;
    terms.lag[i] = v.lag[i], terms.pool_keeps[i] = 1.0f - v.pool[i], terms.step[i] = v.step[i];
  }
  Totals cash_end, raised, rounds, share, value, value2, common_value;
  Outside outside[kGroups];
  for (uint64_t p = 0; p < paths; p += kGroups * kLanes) {
    Company company[kGroups];
    int valid[kGroups];
    for (int g = 0; g < kGroups; ++g) {
      const uint64_t at = p + uint64_t(g) * kLanes;
      valid[g] = at >= paths ? 0 : paths - at < kLanes ? int(paths - at) : kLanes;
      draws.at(first + at);
      draw(v, draws, outside[g]);
      company[g] = {.cash = splat(v.cash),
                    .credit = splat(v.credit),
                    .founder = splat(v.founder),
                    .common = splat(v.common),
                    .preference = splat(v.preference),
                    .stage = v.first_stage + I{},
                    .alive = first_lanes(valid[g])};
    }
    for (int m = 0; m < v.months; ++m) {
      for (int g = 0; g < kGroups; ++g) live(v, terms, m, outside[g].months[m], company[g], s);
      if ((m + 1) % v.fan_every == 0)
        for (int g = 0; g < kGroups; ++g)
          count(s.fan[(m + 1) / v.fan_every - 1], select(company[g].alive, company[g].cash, zero), valid[g]);
    }
    // Value at the horizon: the next round's price; the preference or the converted share goes to the investors.
    for (int g = 0; g < kGroups; ++g) {
      const Company& c = company[g];
      const F worth = max(zero, pick8(v.pre_money, c.stage) * exp(outside[g].climate) - c.debt);
      const F investors = max(min(c.preference, worth), worth * (one - c.common));
      const F common = select(c.alive, worth - investors, zero), founder = common * c.founder / c.common;
      const Mask real = first_lanes(valid[g]);
      s.paths += uint64_t(valid[g]);
      cash_end.add(select(c.alive, c.cash, zero));
      raised.add(select(real, c.raised, zero));
      rounds.add(select(real, c.rounds, zero));
      share.add(select(real, c.founder, zero));
      value.add(founder);
      const D low = low_half(founder), high = high_half(founder);
      value2.sum += low * low + high * high;
      common_value.add(common);
      count(s.need, -outside[g].lowest, valid[g]);
      count(s.value, founder, valid[g]);
      count(s.share, c.founder * 1048576.0f, valid[g]);
      count(s.raised_bins, c.raised, valid[g]);
    }
  }
  s.cash_end += sum(cash_end.sum), s.raised += sum(raised.sum), s.rounds += sum(rounds.sum);
  s.founder_share += sum(share.sum), s.founder_value += sum(value.sum), s.founder_value2 += sum(value2.sum);
  s.common_value += sum(common_value.sum);
}

void venture(const VentureNumbers& v, uint32_t seed, uint32_t stream, const SobolTables* t, uint64_t first,
             uint64_t paths, VentureSums& s) {
  if (t)
    venture_with(v, SobolDraws{t->columns, t->lanes, t->seeds, t->base, t->dimensions, t->per_month}, first, paths, s);
  else
    venture_with(v, PhiloxDraws(seed, stream), first, paths, s);
}

}  // namespace

const finance::VentureKernel kVenture = {venture};

}  // namespace ingot::mc::INGOT_MC_ISA
