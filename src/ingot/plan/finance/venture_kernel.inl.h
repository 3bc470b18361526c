// One month of sixteen companies at a time. Compiled once an instruction set (montecarlo/lanes.h); branch-free except
// for counting. Eight words a month: growth, GPU diffusion, GPU jump, jump size, cost noise, market, closing, price
// noise.
#pragma once

#include "ingot/plan/finance/venture_kernel.h"
#include "ingot/plan/montecarlo/lanes.h"

namespace ingot::mc::INGOT_MC_ISA {
namespace {

using finance::kBins;
using finance::VentureNumbers;
using finance::VentureSums;

inline void count(uint32_t* bins, F x, int valid) {
  const I wide = (I)((U)max(x, splat(1.0f)) >> 19) - (127 << 4);
  const I index = wide < kBins ? wide : kBins - 1 + I{};
  int32_t at[kLanes];
  __builtin_memcpy(at, &index, sizeof at);
  for (int i = 0; i < valid; ++i) ++bins[at[i]];
}

inline int popcount(I mask) {
#if defined(__AVX512DQ__)
  return __builtin_popcount(_mm512_movepi32_mask((__m512i)mask));
#else
  int n = 0;
  for (int i = 0; i < kLanes; ++i) n -= mask[i];
  return n;
#endif
}

inline double total(F x) { return sum(low_half(x)) + sum(high_half(x)); }

template <typename Draws>
void venture_with(const VentureNumbers& v, Draws draws, uint64_t first, uint64_t paths, VentureSums& s) {
  const F zero = {}, one = splat(1.0f);
  const I lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (uint64_t p = 0; p < paths; p += kLanes) {
    draws.at(first + p);
    const int valid = paths - p < kLanes ? int(paths - p) : kLanes;
    const I real = lane < valid;
    I alive = real, raising = {}, stage = v.first_stage + I{};
    F cash = splat(v.cash), bare = cash, lowest = cash, credit = splat(v.credit), bare_credit = credit;
    F growth = zero, gpu = zero, market = zero, scale = one, cut = one, wait = zero, debt = zero;
    F founder = splat(v.founder), common = splat(v.common), preference = splat(v.preference), raised = zero,
      rounds = zero;
    F billed[finance::kMaxLag + 1] = {};
    for (int m = 0; m < v.months; ++m) {
      U w[8];
      draws.words(uint32_t(m), 0, w);
      draws.words(uint32_t(m), 1, w + 4);
      // 1. Processes.
      growth += fma(normal(w[0]), splat(v.growth_sigma), splat(v.growth_drift));
      const F jump_draw = uniform(w[2]);
      const F jump = max(zero, fma(normal(w[3]), splat(v.gpu_jump_sigma), splat(v.gpu_jump)));
      gpu = fma(gpu, splat(1.0f - v.gpu_revert), fma(normal(w[1]), splat(v.gpu_sigma), splat(v.gpu_drift)));
      gpu += select(jump_draw < v.gpu_up, jump, zero) - select(jump_draw > 1.0f - v.gpu_down, jump, zero);
      gpu = max(min(gpu, splat(3.0f)), splat(-3.0f));
      market = fma(market, splat(1.0f - v.market_revert), normal(w[5]) * v.market_sigma);
      growth = max(min(growth, splat(6.0f)), splat(-20.0f));
      const F demand = exp(growth);
      // 2. Revenue now, its cash `payment_lag` months later.
      for (int k = v.payment_lag; k > 0; --k) billed[k] = billed[k - 1];
      billed[0] = v.revenue[m] * demand;
      // 3. Costs: those of the plan, with noise, after cuts; compute at the GPU price of the month, credits first.
      const F noise = exp(fma(normal(w[4]), splat(v.cost_sigma), splat(-0.5f * v.cost_sigma * v.cost_sigma)));
      const F fixed = v.fixed[m] * noise;
      const F compute = v.compute[m] * exp(gpu);
      const F spend = scale * cut;
      if (m == v.credit_expires) credit = zero, bare_credit = zero;
      const F bill = compute * spend;
      const F used = min(credit, bill), bare_used = min(bare_credit, compute);
      credit -= used, bare_credit -= bare_used;
      const F service = debt * v.debt_service;
      const F burn = fixed * spend + (bill - used) - billed[v.payment_lag] - v.other[m];
      // 4. Without any raise: how deep the hole gets.
      bare += billed[v.payment_lag] - fixed - (compute - bare_used) + v.other[m];
      lowest = min(lowest, bare);
      cash -= burn + service;
      debt = max(zero, debt - debt * (1.0f / 36));
      // 5. Raise: start when the runway falls below the trigger, close after the lag at the stage's hazard.
      const F monthly = max(burn + service, one);
      const I short_of_cash = (cash < v.trigger * monthly) & (stage <= v.last_stage);
      const I starts = short_of_cash & ~raising & alive;
      wait = select(starts, pick8(v.lag, stage), wait - one);
      raising |= starts;
      const I closes = raising & alive & (wait <= 0.0f) & (uniform(w[6]) < pick8(v.hazard, stage)) & (cash >= 0.0f);
      if (const int closings = popcount(closes); closings != 0) {
        const F price =
            exp(fma(growth, splat(v.price_elasticity), market) + fma(normal(w[7]), splat(v.price_sigma), zero));
        const F pre = pick8(v.pre_money, stage) * price * (1.0f - v.bridge_discount);
        const F most = pre * (v.max_dilution / (1.0f - v.max_dilution));
        const F amount = min(v.runway * monthly, most);
        const F loan = amount * v.debt_share, equity = amount - loan;
        const F dilution = equity / (pre + equity) + loan * v.warrant / (pre + equity);
        const F keeps = (1.0f - dilution) * (1.0f - pick8(v.pool, stage));
        cash = select(closes, cash + amount, cash);
        debt = select(closes, debt + loan, debt);
        founder = select(closes, founder * keeps, founder);
        // The pool is common stock; only the money and warrants dilute common as a whole.
        common = select(closes, common * (1.0f - dilution), common);
        preference = select(closes, preference + equity, preference);
        raised = select(closes, raised + amount, raised);
        rounds = select(closes, rounds + one, rounds);
        scale = select(closes, scale * pick8(v.step, stage), scale);
        cut = select(closes, one, cut);
        stage -= closes;  // a mask is -1
        raising &= ~closes;
        s.closed_in[m] += uint64_t(closings);
      }
      // 6. Covenant: the lender takes the balance when cash falls below its multiple of the debt.
      const I called = (debt > 0.0f) & (cash < v.covenant * debt);
      cash = select(called, cash - debt, cash);
      debt = select(called, zero, debt);
      // 7. Cuts, then ruin.
      cut = select((cash < v.cut_trigger * monthly) & (cash >= 0.0f), splat(1.0f - v.cut), cut);
      const I dies = alive & (cash < 0.0f);
      alive &= ~dies;
      cash = select(alive, cash, zero);
      s.ruined_in[m] += uint64_t(popcount(dies));
      if ((m + 1) % v.fan_every == 0) count(s.fan[(m + 1) / v.fan_every - 1], cash, valid);
    }
    // Value at the horizon: the next round's price; the preference or the converted share goes to the investors.
    const I last = stage > finance::kStages - 1 ? finance::kStages - 1 + I{} : stage;
    const F worth = max(zero, pick8(v.pre_money, last) * exp(fma(growth, splat(v.price_elasticity), market)) - debt);
    const F investors = max(min(preference, worth), worth * (1.0f - common));
    const F common_value = select(alive, worth - investors, zero);
    const F founder_value = common_value * founder / common;
    const F masked = select(real, one, zero);
    s.paths += uint64_t(valid);
    s.cash_end += total(cash * masked);
    s.raised += total(raised * masked);
    s.rounds += total(rounds * masked);
    s.founder_share += total(founder * masked);
    s.founder_value += total(founder_value * masked);
    s.common_value += total(common_value * masked);
    const D lo = low_half(founder_value * masked), hi = high_half(founder_value * masked);
    s.founder_value2 += sum(lo * lo) + sum(hi * hi);
    count(s.need, -lowest, valid);
    count(s.value, founder_value, valid);
    count(s.share, founder * 1048576.0f, valid);
    count(s.raised_bins, raised, valid);
  }
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
