// Sixteen paths at a time, as GCC vectors. Included only by kernel files (*.inl.h users), which are compiled once an
// instruction set with INGOT_MC_ISA set to its name: everything lives in that namespace, so that no function built for
// AVX-512 can be picked on a machine without it. Every operation is exact IEEE (fma explicit, no contraction, no
// -ffast-math), hence the same bits on every instruction set.
#pragma once

#include <cstdint>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "ingot/plan/montecarlo/normal_table.h"

// Every function here is inlined into one kernel file; no vector crosses a call, so its ABI does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

#ifndef INGOT_MC_ISA
#define INGOT_MC_ISA portable  // so that the header compiles alone
#endif

namespace ingot::mc::INGOT_MC_ISA {

constexpr int kLanes = 16;
using F = float __attribute__((vector_size(64)));
using U = uint32_t __attribute__((vector_size(64)));
using I = int32_t __attribute__((vector_size(64)));
using W = uint64_t __attribute__((vector_size(64)));
using D = double __attribute__((vector_size(64)));
using HalfF = float __attribute__((vector_size(32)));

inline F splat(float x) { return x - F{}; }
inline U splat_u(uint32_t x) { return x + U{}; }
inline F bits_to_f(U x) { return (F)x; }

#if defined(__AVX512F__)
using Mask = __mmask16;
inline Mask less(F a, F b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ); }
inline F select(Mask mask, F a, F b) { return (F)_mm512_mask_blend_ps(mask, (__m512)b, (__m512)a); }
inline I select(Mask mask, I a, I b) { return (I)_mm512_mask_blend_epi32(mask, (__m512i)b, (__m512i)a); }
inline Mask first_lanes(int n) { return Mask((1u << n) - 1); }
inline int popcount(Mask mask) { return __builtin_popcount(mask); }
#else
using Mask = I;  // 0 or -1
inline Mask less(F a, F b) { return a < b; }
inline F select(Mask mask, F a, F b) { return mask ? a : b; }
inline I select(Mask mask, I a, I b) { return mask ? a : b; }
inline Mask first_lanes(int n) { return I{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} < n; }
inline int popcount(Mask mask) {
  int n = 0;
  for (int i = 0; i < kLanes; ++i) n -= mask[i];
  return n;
}
#endif

inline F fma(F a, F b, F c) {
#if defined(__AVX512F__)
  return (F)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  union Both {
    F f;
    __m256 h[2];
  };
  Both x{a}, y{b}, z{c}, r{};
  for (int i = 0; i < 2; ++i) r.h[i] = _mm256_fmadd_ps(x.h[i], y.h[i], z.h[i]);
  return r.f;
#else
  F r;
  for (int i = 0; i < kLanes; ++i) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return r;
#endif
}

inline F min(F a, F b) { return a < b ? a : b; }
inline F max(F a, F b) { return a > b ? a : b; }

// exp for |x| < 87; relative error under 2e-7. Cody-Waite reduction, then degree 5, minimax in relative error on
// [-ln 2 / 2, ln 2 / 2] with the first two coefficients held at 1.
inline F exp(F x) {
  const F magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const F n = fma(x, splat(1.44269504f), magic) - magic;
  F r = fma(n, splat(-0.693145752f), x);
  r = fma(n, splat(-1.42860677e-6f), r);
  F p = splat(0.00831252057f);
  p = fma(p, r, splat(0.0418901555f));
  p = fma(p, r, splat(0.166671142f));
  p = fma(p, r, splat(0.499992311f));
  p = fma(p, r, splat(1.0f));
  p = fma(p, r, splat(1.0f));
#if defined(__AVX512F__)
  return (F)_mm512_scalef_ps((__m512)p, (__m512)n);  // the same bits
#else
  const I scale = (__builtin_convertvector(n, I) + 127) << 23;
  return p * (F)scale;
#endif
}

// Low 32 bits of each 64-bit lane, multiplied to 64 bits; the high halves are ignored.
inline W multiply_low(W a, W b) {
#if defined(__AVX512F__)
  return (W)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  union Both {
    W w;
    __m256i h[2];
  };
  Both x{a}, y{b}, r{};
  for (int i = 0; i < 2; ++i) r.h[i] = _mm256_mul_epu32(x.h[i], y.h[i]);
  return r.w;
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

// Philox4x32-10 (Salmon et al. 2011) on sixteen consecutive paths. Counter (path low, path high, month, block of four
// variables), key (seed, stream). Even and odd paths travel in two registers of 64-bit lanes, whose high halves may
// hold anything. Half of round 1 belongs to the path and is done once in at(); what all lanes share in rounds 1 and 2
// is done on integers.
struct PhiloxDraws {
  static constexpr uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  uint64_t key0[10], key1[10];  // of each round
  W even, odd;                  // path low words times kMultiplier0
  uint32_t path_high;

  PhiloxDraws(uint32_t seed, uint32_t stream) : even{}, odd{}, path_high(0) {
    for (uint32_t round = 0; round < 10; ++round)
      key0[round] = uint32_t(seed + round * 0x9E3779B9u), key1[round] = uint32_t(stream + round * 0xBB67AE85u);
  }
  void at(uint64_t first_path) {  // Requires a multiple of 16
    const W step = {0, 2, 4, 6, 8, 10, 12, 14};
    const W low = uint32_t(first_path) + step;
    even = multiply_low(low, kMultiplier0 + W{});
    odd = multiply_low(low + 1, kMultiplier0 + W{});
    path_high = uint32_t(first_path >> 32);
  }

  void words(uint32_t month, uint32_t block, U out[4]) const {
    const W m0 = kMultiplier0 + W{}, m1 = kMultiplier1 + W{};
    const uint64_t p1 = month * kMultiplier1;
    const uint64_t p0 = ((p1 >> 32) ^ path_high ^ key0[0]) * kMultiplier0;
    const W pa = multiply_low((even >> 32) ^ (block ^ key1[0]), m1);
    const W pb = multiply_low((odd >> 32) ^ (block ^ key1[0]), m1);
    W a0 = (pa >> 32) ^ (p1 ^ key0[1]), a1 = pa, a2 = even ^ ((p0 >> 32) ^ key1[1]), a3 = p0 + W{};
    W b0 = (pb >> 32) ^ (p1 ^ key0[1]), b1 = pb, b2 = odd ^ ((p0 >> 32) ^ key1[1]), b3 = a3;
#pragma GCC unroll 8
    for (int round = 2; round < 10; ++round) {
      const W pa0 = multiply_low(a0, m0), pa1 = multiply_low(a2, m1);
      const W pb0 = multiply_low(b0, m0), pb1 = multiply_low(b2, m1);
      a0 = (pa1 >> 32) ^ a1 ^ key0[round], a2 = (pa0 >> 32) ^ a3 ^ key1[round];
      b0 = (pb1 >> 32) ^ b1 ^ key0[round], b2 = (pb0 >> 32) ^ b3 ^ key1[round];
      a1 = pa1, a3 = pa0, b1 = pb1, b3 = pb0;
    }
    const W low = uint64_t{0xffffffff} + W{};
    out[0] = (U)((a0 & low) | (b0 << 32)), out[1] = (U)((a1 & low) | (b1 << 32));
    out[2] = (U)((a2 & low) | (b2 << 32)), out[3] = (U)((a3 & low) | (b3 << 32));
  }
};

// Sobol' points of sixteen consecutive indices with hash-based Owen scrambling (Burley 2020, "Practical Hash-based Owen
// Scrambling"; constants of Vegdahl). One dimension a (month, variable).
struct SobolDraws {
  const uint32_t* columns;  // [32 bits][dimensions], bit-reversed so that the scramble starts where it must
  const uint32_t* lanes;    // [dimensions][16]: XOR of the columns of gray(0..15)
  const uint32_t* seeds;    // [dimensions]
  uint32_t* base;           // [dimensions], scratch of this thread
  uint32_t dimensions, per_month;

  void at(uint64_t first_path) {
    const auto index = uint32_t(first_path);
    const uint32_t gray = index ^ (index >> 1);
    for (uint32_t d = 0; d < dimensions; ++d) base[d] = 0;
    for (int bit = 0; bit < 32; ++bit)
      if (gray >> bit & 1)
        for (uint32_t d = 0; d < dimensions; ++d) base[d] ^= columns[uint32_t(bit) * dimensions + d];
  }

  void words(uint32_t month, uint32_t block, U out[4]) const {
    for (uint32_t j = 0; j < 4; ++j) {
      const uint32_t d = month * per_month + block * 4 + j;
      U x;
      __builtin_memcpy(&x, lanes + size_t(d) * kLanes, sizeof x);
      x ^= base[d];
      x ^= x * 0x3d20adeau;
      x += seeds[d];
      x *= (seeds[d] >> 16) | 1u;
      x ^= x * 0x05526c56u;
      x ^= x * 0x53a22864u;
      x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
      x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
      x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
      x = (x >> 8 & 0x00ff00ffu) | (x & 0x00ff00ffu) << 8;
      out[j] = x >> 16 | x << 16;
    }
  }
};

inline F table(const float* row, U index) {
#if defined(__AVX512F__)
  return (F)_mm512_permutex2var_ps(_mm512_loadu_ps(row), (__m512i)index, _mm512_loadu_ps(row + 16));
#else
  F r;
  for (int i = 0; i < kLanes; ++i) r[i] = row[index[i] & 31];
  return r;
#endif
}

// Entry `index` of eight values.
inline F pick8(const float* values, I index) {
#if defined(__AVX512F__)
  return (F)_mm512_permutexvar_ps((__m512i)index, _mm512_castps256_ps512(_mm256_loadu_ps(values)));
#else
  F r;
  for (int i = 0; i < kLanes; ++i) r[i] = values[index[i] & 7];
  return r;
#endif
}

// One standard normal a word: sign and 31 bits, monotone in the word (inverse CDF), |z| <= 6.24.
inline F normal(U w) {
  const F v = __builtin_convertvector((I)((w & 0x7fffffffu) | 1u), F);  // odd: the midpoint of two neighbours
  const U b = (U)v;
  const F x = bits_to_f((b & 0x007fffffu) | 0x3f800000u) - 1.5f;
  const U octave = b >> 23;
  F z = table(kNormalTable[5], octave);
  for (int k = 4; k >= 0; --k) z = fma(z, x, table(kNormalTable[k], octave));
  return bits_to_f((U)z ^ (~w & 0x80000000u));
}

// In (0, 1), 23 bits and a half.
inline F uniform(U w) { return (__builtin_convertvector((I)(w >> 9), F) + 0.5f) * (1.0f / 8388608.0f); }

inline D low_half(F x) {
  HalfF h;
  __builtin_memcpy(&h, &x, sizeof h);
  return __builtin_convertvector(h, D);
}
inline D high_half(F x) {
  HalfF h;
  __builtin_memcpy(&h, (const char*)&x + sizeof h, sizeof h);
  return __builtin_convertvector(h, D);
}
// Sum of eight lanes in one fixed order.
inline double sum(D x) { return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7])); }

}  // namespace ingot::mc::INGOT_MC_ISA
