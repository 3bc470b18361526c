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

// exp(x), relative error under 3e-16, x held within -708 to 600. Cody-Waite reduction, degree 13.
inline D exp_of(D x) {
  x = larger(x, D{} - 708.0);
  x = x < 600.0 ? x : D{} + 600.0;
  const D magic = D{} + 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  const D shifted = x * 1.4426950408889634 + magic;
  const D n = shifted - magic;
  const D r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  D p = D{} + 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const W scale = ((W)shifted + 1023) << 52;  // 2^n in the exponent bits
  return p * (D)scale;
}

// log(x) for the inclusive values of nests: few of them.
inline D log_of(D x) {
  D y;
  for (int i = 0; i < 8; ++i) y[i] = __builtin_log(x[i]);
  return y;
}

// Probabilities of one block into s [J, 8]; with nests the share of each nest into `nest_share` [G, 8].
inline void probabilities(const TypeBlocks& m, int64_t b, const double* price, double* s, double* nest_share,
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
    const D inverse = 1.0 / total;
    for (int64_t j = 0; j < J; ++j) store(s + j * 8, load(s + j * 8) * inverse);
    return;
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
  for (int64_t g = 0; g < G; ++g) store(nest_share + g * 8, load(nest_share + g * 8) * inverse);
  for (int64_t j = 0; j < J; ++j) {
    const int64_t g = m.nest[j];
    store(s + j * 8, load(s + j * 8) * load(inclusive + g * 8) * load(nest_share + g * 8));
  }
}

void evaluate(const TypeBlocks& m, const double* price, const double* markup, double* scratch, double* share,
              double* lambda, double* gamma_markup) {
  const int64_t J = m.products, G = m.nests, F = m.firms, P = m.pairs;
  double* s = scratch;
  double* sum_share = s + J * 8;
  double* sum_lambda = sum_share + J * 8;
  double* sum_gamma = sum_lambda + J * 8;
  double* nest_share = sum_gamma + J * 8;
  double* top = nest_share + G * 8;
  double* inclusive = top + G * 8;
  double* of_firm = inclusive + G * 8;
  double* of_pair = of_firm + F * 8;
  for (int64_t x = 0; x < 3 * J * 8; ++x) sum_share[x] = 0;
  for (int64_t b = 0; b < m.blocks; ++b) {
    probabilities(m, b, price, s, nest_share, top, inclusive);
    for (int64_t x = 0; x < (F + P) * 8; ++x) of_firm[x] = 0;
    for (int64_t j = 0; j < J; ++j) {
      const D sm = load(s + j * 8) * markup[j];
      double* f = of_firm + m.firm[j] * 8;
      store(f, load(f) + sm);
      if (G) {
        double* q = of_pair + m.pair[j] * 8;
        store(q, load(q) + sm);
      }
    }
    const D weight = load(m.weight + b * 8), weight_alpha = weight * load(m.alpha + b * 8);
    for (int64_t j = 0; j < J; ++j) {
      const D x = load(s + j * 8), wx = weight_alpha * x;
      D mean = load(of_firm + m.firm[j] * 8);
      if (G) {
        const int64_t g = m.nest[j];
        const double rho = m.rho[g];
        // Within the nest the substitution is stronger: s_k + rho / (1 - rho) s_k / s_nest.
        const D nest = larger(load(nest_share + g * 8), D{} + 1e-300);
        mean += load(of_pair + m.pair[j] * 8) * (rho / (1 - rho)) / nest;
      }
      store(sum_share + j * 8, load(sum_share + j * 8) + weight * x);
      store(sum_lambda + j * 8, load(sum_lambda + j * 8) + wx);
      store(sum_gamma + j * 8, load(sum_gamma + j * 8) + wx * mean);
    }
  }
  for (int64_t j = 0; j < J; ++j) {
    share[j] = sum(load(sum_share + j * 8));
    lambda[j] = sum(load(sum_lambda + j * 8)) / (G ? 1 - m.rho[m.nest[j]] : 1);
    gamma_markup[j] = sum(load(sum_gamma + j * 8));
  }
}

void deviate(const TypeBlocks& m, const double* price, const double* markup, const double* moves, const double* factors,
             int64_t num_factors, double* scratch, double* profit, double* sales, double* joint_profit,
             double* joint_sales) {
  const int64_t J = m.products, F = m.firms, K = num_factors;
  double* s = scratch;
  double* earned = s + J * 8;     // [F] sum over the firm of s_j m_j
  double* sold = earned + F * 8;  // [F] sum of s_j
  double* total = sold + F * 8;   // [F, K] 1 + sum of s_j (e_jk - 1)
  double* all_earned = total + F * K * 8;
  double* all_sold = all_earned + F * K * 8;
  for (int64_t x = 0; x < J * K; ++x) profit[x] = sales[x] = 0;
  for (int64_t x = 0; x < F * K; ++x) joint_profit[x] = joint_sales[x] = 0;
  for (int64_t b = 0; b < m.blocks; ++b) {
    probabilities(m, b, price, s, nullptr, nullptr, nullptr);
    for (int64_t x = 0; x < 2 * F * 8; ++x) earned[x] = 0;
    for (int64_t x = 0; x < F * K * 8; ++x) total[x] = 1, all_earned[x] = all_sold[x] = 0;
    for (int64_t j = 0; j < J; ++j) {
      double *f = earned + m.firm[j] * 8, *q = sold + m.firm[j] * 8;
      store(f, load(f) + load(s + j * 8) * markup[j]);
      store(q, load(q) + load(s + j * 8));
    }
    const D weight = load(m.weight + b * 8), alpha = load(m.alpha + b * 8);
    for (int64_t j = 0; j < J; ++j) {
      const int64_t f = m.firm[j];
      const D x = load(s + j * 8), rest = load(earned + f * 8) - x * markup[j], others = load(sold + f * 8) - x;
      for (int64_t k = 0; k < K; ++k) {
        const double step = moves[j] * markup[j] * (factors[k] - 1);
        const D moved = x * exp_of(-alpha * step), scale = weight / (1.0 + (moved - x));
        profit[j * K + k] += sum((rest + moved * (markup[j] + step)) * scale);
        sales[j * K + k] += sum((others + moved) * scale);
        const int64_t at = (f * K + k) * 8;
        store(total + at, load(total + at) + (moved - x));
        store(all_earned + at, load(all_earned + at) + moved * (markup[j] + step));
        store(all_sold + at, load(all_sold + at) + moved);
      }
    }
    for (int64_t x = 0; x < F * K; ++x) {
      const D scale = weight / load(total + x * 8);
      joint_profit[x] += sum(load(all_earned + x * 8) * scale);
      joint_sales[x] += sum(load(all_sold + x * 8) * scale);
    }
  }
}

}  // namespace

}  // namespace ingot::mc::INGOT_MC_ISA

namespace ingot::market::INGOT_MC_ISA {
extern const ZetaKernel kZetaKernel;
const ZetaKernel kZetaKernel = {mc::INGOT_MC_ISA::evaluate, mc::INGOT_MC_ISA::deviate};
}  // namespace ingot::market::INGOT_MC_ISA
