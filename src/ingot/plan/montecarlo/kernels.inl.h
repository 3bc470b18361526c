// Bodies of the kernels, compiled once an instruction set (kernels_*.cpp). No standard library here: an inline function
// of it compiled for AVX-512 could be the copy that the linker keeps.
#pragma once

#include "ingot/plan/montecarlo/kernels.h"
#include "ingot/plan/montecarlo/lanes.h"

namespace ingot::mc::INGOT_MC_ISA {
namespace {

void words(uint32_t seed, uint32_t stream, uint64_t first, uint32_t month, uint32_t block, uint32_t* out) {
  PhiloxDraws draws(seed, stream);
  draws.at(first);
  U w[4];
  draws.words(month, block, w);
  __builtin_memcpy(out, w, sizeof w);
}

void normals(uint32_t seed, uint32_t stream, uint64_t first, uint32_t month, uint32_t block, float* out) {
  PhiloxDraws draws(seed, stream);
  draws.at(first);
  U w[4];
  draws.words(month, block, w);
  for (int j = 0; j < 4; ++j) {
    const F z = normal(w[j]);
    __builtin_memcpy(out + j * kLanes, &z, sizeof z);
  }
}

void moments(uint32_t seed, uint64_t first, uint64_t groups, uint32_t months, double* power) {
  PhiloxDraws draws(seed, 0);
  D total[4] = {};
  for (uint64_t g = 0; g < groups; ++g) {
    draws.at(first + g * kLanes);
    for (uint32_t m = 0; m < months; ++m) {
      U w[4];
      draws.words(m, 0, w);
      for (int j = 0; j < 4; ++j) {
        const F f = normal(w[j]);
        for (int half = 0; half < 2; ++half) {
          const D z = half ? high_half(f) : low_half(f);
          const D z2 = z * z;
          total[0] += z, total[1] += z2, total[2] += z2 * z, total[3] += z2 * z2;
        }
      }
    }
  }
  for (int k = 0; k < 4; ++k) power[k] += sum(total[k]);
}

template <typename Draws>
void ruin_with(Draws draws, uint64_t first, uint64_t count, uint32_t months, float cash0, float drift, float sigma,
               uint64_t* by_month) {
  for (uint64_t p = 0; p < count; p += kLanes) {
    draws.at(first + p);
    F cash = splat(cash0);
    Mask alive = first_lanes(count - p < kLanes ? int(count - p) : kLanes);
    U w[4];
    for (uint32_t m = 0; m < months; ++m) {
      if (m % 4 == 0) draws.words(m / 4, 0, w);
      cash += fma(normal(w[m % 4]), splat(sigma), splat(drift));
      const Mask dies = alive & less(cash, F{});
      by_month[m] += uint64_t(popcount(dies));
      alive &= Mask(~dies);
    }
  }
}

void ruin(uint32_t seed, const SobolTables* s, uint64_t first, uint64_t count, uint32_t months, float cash, float drift,
          float sigma, uint64_t* by_month) {
  if (s)
    ruin_with(SobolDraws{s->columns, s->lanes, s->seeds, s->base, s->dimensions, s->per_month}, first, count, months,
              cash, drift, sigma, by_month);
  else
    ruin_with(PhiloxDraws(seed, 0), first, count, months, cash, drift, sigma, by_month);
}

void cash(uint32_t seed, uint64_t first, uint64_t count, uint32_t months, double* cash_sum, uint64_t* ruined,
          uint64_t* histogram) {
  PhiloxDraws draws(seed, 0);
  D total = {};
  const F zero = {};
  for (uint64_t p = 0; p < count; p += kLanes) {
    draws.at(first + p);
    const int valid = count - p < kLanes ? int(count - p) : kLanes;
    F balance = splat(2e6f), cac = splat(300), heads = splat(12), customers = splat(500), price = splat(100);
    Mask ruin = {};
    for (uint32_t m = 0; m < months; ++m) {
      U w[12];
      for (uint32_t b = 0; b < 3; ++b) draws.words(m, b, w + 4 * b);
      F z[10];
      for (int j = 0; j < 10; ++j) z[j] = normal(w[j]);
      const F growth = exp(fma(z[0], splat(.08f), splat(.03f)));
      const F churn = 1.0f / (1.0f + exp(fma(z[1], splat(-.3f), splat(3.5f))));
      cac *= exp(z[2] * .02f);
      const F marketing = 2e4f * exp(z[3] * .1f);
      price *= exp(fma(z[4], splat(.01f), splat(.002f)));
      const F margin = fma(z[5], splat(.03f), splat(.7f));
      heads += max(zero, fma(z[6], splat(.2f), splat(.1f)));
      const F salary = fma(z[7], splat(270.f), splat(9000.f));
      const F shock = select(less(splat(2.3f), z[8]), splat(5e4f), zero);
      const F raised = select(less(splat(2.0f), z[9]) & less(balance, splat(5e5f)), splat(3e6f), zero);
      customers = fma(marketing / cac, growth, customers * (1.0f - churn));
      balance = fma(customers * price, margin, balance) - marketing - heads * salary - shock + raised;
      ruin |= less(balance, zero);
    }
    if (valid == kLanes) {
      total += low_half(balance);
      total += high_half(balance);
    }
    *ruined += uint64_t(popcount(ruin & first_lanes(valid)));
    for (int i = 0; i < valid; ++i) {
      if (valid < kLanes) total[0] += double(balance[i]);
      const float bin = (balance[i] + 5e7f) * (2048.0f / 2e8f);
      ++histogram[bin <= 0 ? 0 : bin >= 2047 ? 2047 : int(bin)];
    }
  }
  *cash_sum += sum(total);
}

}  // namespace

extern const Kernels kKernels;
const Kernels kKernels = {words, normals, moments, ruin, cash};

}  // namespace ingot::mc::INGOT_MC_ISA
