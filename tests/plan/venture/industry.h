// A small industry for tests: we, two rivals and hosts of open weights; no torch, no files.
#pragma once

#include <cmath>

#include "ingot/plan/venture/simulate.h"

namespace ingot::venture {

inline Numbers small_industry(int months = 36) {
  Numbers n;
  auto& v = n.money;
  v.months = months, v.payment_lag = 1, v.cash = 12e6f, v.credit = 0.5e6f, v.credit_expires = 12;
  for (int m = 0; m < months; ++m) v.fixed[m] = 350e3f, v.compute[m] = 40e3f, v.revenue[m] = 20e3f, v.other[m] = 0;
  v.growth_drift = 0, v.growth_sigma = 0.06f, v.cost_sigma = 0.04f, v.gpu_drift = 0, v.gpu_revert = 0.04f,
  v.gpu_sigma = 0.05f;
  v.gpu_up = 0.015f, v.gpu_down = 0.02f, v.gpu_jump = 0.25f, v.gpu_jump_sigma = 0.1f;
  v.market_revert = 0.03f, v.market_sigma = 0.06f, v.price_sigma = 0.2f, v.price_elasticity = 0.5f;
  v.trigger = 9, v.runway = 18, v.max_dilution = 0.25f, v.cut_trigger = 3, v.cut = 0.3f, v.first_stage = 0,
  v.last_stage = 2;
  for (int s = 0; s < finance::kStages; ++s)
    v.pre_money[s] = 40e6f * float(1 << s), v.hazard[s] = 0.25f, v.lag[s] = 4, v.pool[s] = 0.05f, v.step[s] = 1.4f;
  v.debt_share = v.debt_service = v.covenant = v.warrant = v.bridge_discount = 0;
  v.founder = 0.6f, v.common = 0.8f, v.preference = 4e6f;
  n.firms = {
      {.name = "ours", .capability = 130, .cash = 0, .research = 0},
      {.name = "giant", .backed = true, .capability = 158, .fixed = 5e6, .research = 300e6, .research_growth = 0.03},
      {.name = "peer",
       .capability = 132,
       .cash = 30e6,
       .fixed = 1e6,
       .research = 2e6,
       .hazard = 0.1,
       .raise_months = 18},
      {.name = "open lab", .backed = true, .open_weights = true, .capability = 145, .research = 20e6}};
  n.products = {{.name = "ours api", .firm = 0, .base = -2.6, .cost = 0.3},
                {.name = "giant api", .firm = 1, .base = 1.5, .cost = 1.2},
                {.name = "peer api", .firm = 2, .base = -2.2, .cost = 0.4},
                {.name = "hosted open", .firm = 3, .base = -1.5, .cost = 0.25, .fringe = 0.2}};
  n.types = {{.weight = 1, .alpha = 0.8, .quality = 0.08}};
  for (int m = 0; m < months; ++m) n.size.push_back(6e6 * std::exp(0.02 * m)), n.research.push_back(150e3);
  n.serving_decline = 0.03, n.revenue_floor = 50e3;
  return n;
}

}  // namespace ingot::venture
