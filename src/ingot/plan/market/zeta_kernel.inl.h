// Compiled once an instruction set (plan/montecarlo/lanes.h): eight types a vector, sums over types lane by lane and
// over lanes in one fixed order. No contraction and no fma, hence the same bits everywhere.
#pragma once

#include <cstddef>

#include "ingot/plan/market/zeta_kernel.h"
#include "ingot/plan/montecarlo/lanes.h"

namespace ingot::mc::INGOT_MC_ISA {
namespace {

using market::TypeBlocks;

inline D load(const double* at) {
  D x;
  __builtin_memcpy(&x, at, sizeof x);
  return x;
}
inline void store(double* at, D x) { __builtin_memcpy(at, &x, sizeof x); }
inline D larger(D a, D b) { return a > b ? a : b; }

// 2^(i/16), i = 0 to 15.
inline D power_of_two(W i) {
  constexpr D low = {1,
                     1.0442737824274138403,
                     1.0905077326652576592,
                     1.1387886347566916537,
                     1.1892071150027210667,
                     1.2418578120734840486,
                     1.2968395546510096659,
                     1.3542555469368927283};
  constexpr D high = {1.4142135623730950488, 1.4768261459394993114, 1.5422108254079408236, 1.6104903319492543082,
                      1.6817928305074290861, 1.7562521603732994831, 1.8340080864093424635, 1.9152065613971472939};
  return __builtin_shuffle(low, high, i);
}

// exp(x), relative error under 4e-16, x held within -708 to 600. Reduction to |r| <= log(2) / 32 (Tang 1989), degree 7.
inline D exp_of(D x) {
  x = larger(x, D{} - 708.0);
  x = x < 600.0 ? x : D{} + 600.0;
  const D magic = D{} + 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  const D shifted = x * (16 * 1.4426950408889634) + magic;
  const D n = shifted - magic;
  const D r = (x - n * (0.693147180369123816490 / 16)) - n * (1.90821492927058770002e-10 / 16);
  D p = D{} + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = (p * r) * r + r;
  const D fraction = power_of_two((W)shifted & 15);
  const W scale = (((W)shifted >> 4) + 1023) << 52;  // 2^(n / 16) in the exponent bits
  return (fraction + fraction * p) * (D)scale;
}

// log(x) for the inclusive values of nests: few of them.
inline D log_of(D x) {
  D y;
  for (int i = 0; i < 8; ++i) y[i] = __builtin_log(x[i]);
  return y;
}

// Sum over a block of exp(utility), the outside option's 0 among them: exp(top) * total.
struct Denominator {
  D top, total, inverse;
};

// Probabilities of one block, to be multiplied by `inverse`, into s [J, 8]; with nests the share of each nest into
// `nest_share` [G, 8].
inline Denominator probabilities(const TypeBlocks& m, int64_t b, const double* price, double* s, double* nest_share,
                                 double* top, double* inclusive) {
  const int64_t J = m.products, G = m.nests;
  const double* value = m.value + b * J * 8;
  const D alpha = load(m.alpha + b * 8);
  if (G == 0) {
    D most = {};
    for (int64_t j = 0; j < J; ++j) {
      const D u = load(value + j * 8) - alpha * price[j];
      store(s + j * 8, u);
      most = larger(most, u);
    }
    D total = exp_of(-most);
    for (int64_t j = 0; j < J; ++j) {
      const D e = exp_of(load(s + j * 8) - most);
      store(s + j * 8, e);
      total += e;
    }
    return {most, total, 1.0 / total};
  }
  const D nothing = D{} - 1e300;
  for (int64_t g = 0; g < G; ++g) store(top + g * 8, nothing), store(inclusive + g * 8, D{});
  for (int64_t j = 0; j < J; ++j) {
    const int64_t g = m.nest[j];
    const D u = (load(value + j * 8) - alpha * price[j]) / (D{} + (1 - m.rho[g]));
    store(s + j * 8, u);
    store(top + g * 8, larger(load(top + g * 8), u));
  }
  for (int64_t j = 0; j < J; ++j) {
    const int64_t g = m.nest[j];
    const D e = exp_of(load(s + j * 8) - load(top + g * 8));
    store(s + j * 8, e);
    store(inclusive + g * 8, load(inclusive + g * 8) + e);
  }
  D most = {};
  for (int64_t g = 0; g < G; ++g) {
    const D sum = load(inclusive + g * 8);
    const D value_of_nest = (1 - m.rho[g]) * (load(top + g * 8) + log_of(sum));
    store(top + g * 8, value_of_nest);
    store(inclusive + g * 8, 1.0 / sum);
    most = larger(most, value_of_nest);
  }
  D total = exp_of(-most);
  for (int64_t g = 0; g < G; ++g) {
    const D e = exp_of(load(top + g * 8) - most);
    store(nest_share + g * 8, e);
    total += e;
  }
  const D inverse = 1.0 / total;
  for (int64_t j = 0; j < J; ++j) {
    const int64_t g = m.nest[j];
    store(s + j * 8, load(s + j * 8) * load(inclusive + g * 8) * load(nest_share + g * 8));
  }
  for (int64_t g = 0; g < G; ++g) store(nest_share + g * 8, load(nest_share + g * 8) * inverse);
  return {most, total, inverse};
}

void evaluate(const TypeBlocks& m, const double* price, const double* markup, double* scratch, double* share,
              double* lambda, double* gamma_markup) {
  const int64_t J = m.products, G = m.nests, F = m.firms, P = m.pairs;
  double* s = scratch;
  double* sums = s + J * 8;  // [J, 3, 8] share, lambda, gamma
  double* nest_share = sums + J * 24;
  double* top = nest_share + G * 8;
  double* inclusive = top + G * 8;
  double* of_pair = inclusive + G * 8;
  for (int64_t x = 0; x < J * 24; ++x) sums[x] = 0;
  for (int64_t b = 0; b < m.blocks; ++b) {
    const D inverse = probabilities(m, b, price, s, nest_share, top, inclusive).inverse;
    const D weight = load(m.weight + b * 8), weight_alpha = weight * load(m.alpha + b * 8);
    if (G) {
      for (int64_t x = 0; x < P * 8; ++x) of_pair[x] = 0;
      for (int64_t j = 0; j < J; ++j) {
        double* q = of_pair + m.pair[j] * 8;
        store(q, load(q) + load(s + j * 8) * inverse * markup[j]);
      }
    }
    for (int64_t f = 0; f < F; ++f) {
      D of_firm = {};
      for (int64_t j = m.firm_begin[f]; j < m.firm_begin[f + 1]; ++j) of_firm += load(s + j * 8) * markup[j];
      of_firm *= inverse;
      for (int64_t j = m.firm_begin[f]; j < m.firm_begin[f + 1]; ++j) {
        const D x = load(s + j * 8) * inverse, wx = weight_alpha * x;
        D mean = of_firm;
        if (G) {
          const int64_t g = m.nest[j];
          const double rho = m.rho[g];
          // Within the nest the substitution is stronger: s_k + rho / (1 - rho) s_k / s_nest.
          const D nest = larger(load(nest_share + g * 8), D{} + 1e-300);
          mean += load(of_pair + m.pair[j] * 8) * (rho / (1 - rho)) / nest;
        }
        double* to = sums + j * 24;
        store(to, load(to) + weight * x);
        store(to + 8, load(to + 8) + wx);
        store(to + 16, load(to + 16) + wx * mean);
      }
    }
  }
  for (int64_t j = 0; j < J; ++j) {
    share[j] = sum(load(sums + j * 24));
    lambda[j] = sum(load(sums + j * 24 + 8)) / (G ? 1 - m.rho[m.nest[j]] : 1);
    gamma_markup[j] = sum(load(sums + j * 24 + 16));
  }
}

void welfare(const TypeBlocks& m, const double* price, double* scratch, double* share, double* outside,
             double* surplus) {
  const int64_t J = m.products, G = m.nests;
  double* s = scratch;
  double* sum_share = s + J * 8;
  double* nest_share = sum_share + J * 8;
  for (int64_t x = 0; x < J * 8; ++x) sum_share[x] = 0;
  D sum_outside = {}, sum_surplus = {};
  for (int64_t b = 0; b < m.blocks; ++b) {
    const auto at = probabilities(m, b, price, s, nest_share, nest_share + G * 8, nest_share + G * 16);
    const D weight = load(m.weight + b * 8), scale = weight * at.inverse;
    for (int64_t j = 0; j < J; ++j) store(sum_share + j * 8, load(sum_share + j * 8) + scale * load(s + j * 8));
    sum_outside += weight * (exp_of(-at.top) * at.inverse);
    sum_surplus += weight * (at.top + log_of(at.total)) / load(m.alpha + b * 8);
  }
  for (int64_t j = 0; j < J; ++j) share[j] = sum(load(sum_share + j * 8));
  *outside = sum(sum_outside);
  *surplus = sum(sum_surplus);
}

void deviate(const TypeBlocks& m, const double* price, const double* markup, const double* moves, const double* factors,
             int64_t num_factors, double* scratch, double* profit, double* sales, double* joint_profit,
             double* joint_sales) {
  const int64_t J = m.products, F = m.firms, K = num_factors;
  double* s = scratch;
  for (int64_t x = 0; x < J * K; ++x) profit[x] = sales[x] = 0;
  for (int64_t x = 0; x < F * K; ++x) joint_profit[x] = joint_sales[x] = 0;
  double* total = s + J * 8;  // [K] 1 + sum of s_j (e_jk - 1), of one firm
  double* all_earned = total + K * 8;
  double* all_sold = all_earned + K * 8;
  for (int64_t b = 0; b < m.blocks; ++b) {
    const D inverse = probabilities(m, b, price, s, nullptr, nullptr, nullptr).inverse;
    const D weight = load(m.weight + b * 8), alpha = load(m.alpha + b * 8);
    for (int64_t f = 0; f < F; ++f) {
      D earned = {}, sold = {};
      for (int64_t j = m.firm_begin[f]; j < m.firm_begin[f + 1]; ++j) {
        const D x = load(s + j * 8) * inverse;
        earned += x * markup[j], sold += x;
      }
      for (int64_t x = 0; x < K * 8; ++x) total[x] = 1, all_earned[x] = all_sold[x] = 0;
      for (int64_t j = m.firm_begin[f]; j < m.firm_begin[f + 1]; ++j) {
        const D x = load(s + j * 8) * inverse, rest = earned - x * markup[j], others = sold - x;
        for (int64_t k = 0; k < K; ++k) {
          const double step = moves[j] * markup[j] * (factors[k] - 1);
          const D moved = x * exp_of(-alpha * step), scale = weight / (1.0 + (moved - x));
          profit[j * K + k] += sum((rest + moved * (markup[j] + step)) * scale);
          sales[j * K + k] += sum((others + moved) * scale);
          store(total + k * 8, load(total + k * 8) + (moved - x));
          store(all_earned + k * 8, load(all_earned + k * 8) + moved * (markup[j] + step));
          store(all_sold + k * 8, load(all_sold + k * 8) + moved);
        }
      }
      for (int64_t k = 0; k < K; ++k) {
        const D scale = weight / load(total + k * 8);
        joint_profit[f * K + k] += sum(load(all_earned + k * 8) * scale);
        joint_sales[f * K + k] += sum(load(all_sold + k * 8) * scale);
      }
    }
  }
}

}  // namespace

}  // namespace ingot::mc::INGOT_MC_ISA

namespace ingot::market::INGOT_MC_ISA {
extern const ZetaKernel kZetaKernel;
const ZetaKernel kZetaKernel = {mc::INGOT_MC_ISA::evaluate, mc::INGOT_MC_ISA::welfare, mc::INGOT_MC_ISA::deviate};
}  // namespace ingot::market::INGOT_MC_ISA
