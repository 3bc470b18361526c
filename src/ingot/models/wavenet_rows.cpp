#include "ingot/models/wavenet_rows.h"

#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define INGOT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define INGOT_CLONES
#endif
#define INGOT_INLINE inline __attribute__((always_inline))

namespace ingot {
namespace {

INGOT_INLINE float wide(float x) { return x; }
INGOT_INLINE float wide(Half x) {
  const uint32_t bits = uint32_t(x) << 16;
  float y;
  std::memcpy(&y, &bits, 4);
  return y;
}
INGOT_INLINE void put(float& to, float x) { to = x; }
INGOT_INLINE void put(Half& to, float x) {  // to the nearest, ties to even
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  to = Half((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// 1 / (1 + e^-x); Cephes' expf without branches, as nn/kernels/vec.h has it.
INGOT_INLINE float sigmoid(float x) {
  const float clamped = -x > 80.0F ? 80.0F : -x < -80.0F ? -80.0F : -x, shifter = 0x1.8p23F;
  const float n = (clamped * 1.44269504F + shifter) - shifter;
  const float r = clamped - n * 0.693359375F - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const int32_t exponent = (int32_t(n) + 127) << 23;
  float power;
  std::memcpy(&power, &exponent, 4);
  return 1.0F / (1.0F + p * power);
}

template <typename T>
INGOT_INLINE void pack_rows(const WaveRows& n, const float* __restrict x, T* __restrict u) {
  for (int64_t r = n.first; r < n.last; ++r) {
    T* out = u + r * 2 * n.R;
    const float *now = x + r * n.R, *past = now - n.shift * n.R;
    if (r >= n.shift)
      for (int64_t i = 0; i < n.R; ++i) put(out[i], past[i]);
    else
      for (int64_t i = 0; i < n.R; ++i) put(out[i], 0);
    for (int64_t i = 0; i < n.R; ++i) put(out[n.R + i], now[i]);
  }
}

template <typename T>
INGOT_INLINE void gate_rows(const WaveRows& n, const T* __restrict z, const float* __restrict here, T* __restrict h) {
  const int64_t R = n.R;
  for (int64_t r = n.first; r < n.last; ++r) {
    const float* c = here + (r / (n.clips * n.hop) * n.clips + r % n.clips) * 2 * R;
    const T* in = z + r * 2 * R;
    T* out = h + r * R;
    for (int64_t i = 0; i < R; ++i)
      put(out[i], (2 * sigmoid(2 * (wide(in[i]) + c[i])) - 1) * sigmoid(wide(in[R + i]) + c[R + i]));
  }
}

template <typename T>
INGOT_INLINE void gate_gradient_rows(const WaveRows& n, const T* __restrict z, const float* __restrict here,
                                     const T* __restrict gh, T* __restrict gz, float* __restrict ghere) {
  const int64_t R = n.R;
  for (int64_t r = n.first; r < n.last; ++r) {
    const int64_t place = (r / (n.clips * n.hop) * n.clips + r % n.clips) * 2 * R;
    const float* c = here + place;
    float* sums = ghere + place;
    const T *in = z + r * 2 * R, *g = gh + r * R;
    T* out = gz + r * 2 * R;
    for (int64_t i = 0; i < R; ++i) {
      const float a = 2 * sigmoid(2 * (wide(in[i]) + c[i])) - 1, b = sigmoid(wide(in[R + i]) + c[R + i]);
      const float gb = wide(g[i]) * b, ga = gb * (1 - a * a), gs = gb * a * (1 - b);
      put(out[i], ga);
      put(out[R + i], gs);
      sums[i] += ga;
      sums[R + i] += gs;
    }
  }
}

template <typename T>
INGOT_INLINE void pack_gradient_rows(const WaveRows& n, const float* __restrict gnext, const float* __restrict gsum,
                                     T* __restrict gj) {
  for (int64_t r = n.first; r < n.last; ++r) {
    T* out = gj + r * (n.R + n.S);
    for (int64_t i = 0; i < n.R; ++i) put(out[i], gnext[r * n.R + i]);
    for (int64_t i = 0; i < n.S; ++i) put(out[n.R + i], gsum[r * n.S + i]);
  }
}

template <typename T>
INGOT_INLINE void unpack_gradient_rows(const WaveRows& n, const float* __restrict gnext, const T* __restrict gu,
                                       float* __restrict gx) {
  const int64_t R = n.R;
  for (int64_t r = n.first; r < n.last; ++r) {
    const T *now = gu + r * 2 * R + R, *later = gu + (r + n.shift) * 2 * R;
    const float* g = gnext + r * R;
    float* out = gx + r * R;
    if (r + n.shift < n.rows)
      for (int64_t i = 0; i < R; ++i) out[i] = g[i] + wide(now[i]) + wide(later[i]);
    else
      for (int64_t i = 0; i < R; ++i) out[i] = g[i] + wide(now[i]);
  }
}

// A template cannot be cloned; its two cases can.
INGOT_CLONES void pack(const WaveRows& n, const float* x, float* u) { pack_rows(n, x, u); }
INGOT_CLONES void pack_half(const WaveRows& n, const float* x, Half* u) { pack_rows(n, x, u); }
INGOT_CLONES void gate(const WaveRows& n, const float* z, const float* c, float* h) { gate_rows(n, z, c, h); }
INGOT_CLONES void gate_half(const WaveRows& n, const Half* z, const float* c, Half* h) { gate_rows(n, z, c, h); }
INGOT_CLONES void gate_gradient(const WaveRows& n, const float* z, const float* c, const float* gh, float* gz,
                                float* gc) {
  gate_gradient_rows(n, z, c, gh, gz, gc);
}
INGOT_CLONES void gate_gradient_half(const WaveRows& n, const Half* z, const float* c, const Half* gh, Half* gz,
                                     float* gc) {
  gate_gradient_rows(n, z, c, gh, gz, gc);
}
INGOT_CLONES void pack_gradient(const WaveRows& n, const float* a, const float* b, float* gj) {
  pack_gradient_rows(n, a, b, gj);
}
INGOT_CLONES void pack_gradient_half(const WaveRows& n, const float* a, const float* b, Half* gj) {
  pack_gradient_rows(n, a, b, gj);
}
INGOT_CLONES void unpack_gradient(const WaveRows& n, const float* g, const float* gu, float* gx) {
  unpack_gradient_rows(n, g, gu, gx);
}
INGOT_CLONES void unpack_gradient_half(const WaveRows& n, const float* g, const Half* gu, float* gx) {
  unpack_gradient_rows(n, g, gu, gx);
}
INGOT_CLONES void add(const WaveRows& n, const float* __restrict j, const float* __restrict x,
                      const float* __restrict skip, float* __restrict next, float* __restrict sum) {
  for (int64_t r = n.first; r < n.last; ++r) {
    const float* in = j + r * (n.R + n.S);
    for (int64_t i = 0; i < n.R; ++i) next[r * n.R + i] = x[r * n.R + i] + in[i];
    for (int64_t i = 0; i < n.S; ++i) sum[r * n.S + i] = skip[r * n.S + i] + in[n.R + i];
  }
}
// `Blocks` blocks of outputs at once: one alone would wait for each sum before the next.
template <int Blocks>
INGOT_INLINE void times_blocks(const float* __restrict weight, const float* __restrict bias, const float* __restrict x,
                               float* __restrict y, int64_t in) {
  float sums[Blocks][kWaveBlock];  // in registers
  for (int b = 0; b < Blocks; ++b)
    for (int64_t k = 0; k < kWaveBlock; ++k) sums[b][k] = bias[b * kWaveBlock + k];
  for (int64_t i = 0; i < in; ++i)
    for (int b = 0; b < Blocks; ++b)
      for (int64_t k = 0; k < kWaveBlock; ++k) sums[b][k] += weight[(b * in + i) * kWaveBlock + k] * x[i];
  for (int b = 0; b < Blocks; ++b)
    for (int64_t k = 0; k < kWaveBlock; ++k) y[b * kWaveBlock + k] = sums[b][k];
}
INGOT_CLONES void times(const float* __restrict weight, const float* __restrict bias, const float* __restrict x,
                        float* __restrict y, int64_t in, int64_t out) {
  int64_t first = 0;
  for (; first + 4 * kWaveBlock <= out; first += 4 * kWaveBlock)
    times_blocks<4>(weight + first * in, bias + first, x, y + first, in);
  for (; first < out; first += kWaveBlock) times_blocks<1>(weight + first * in, bias + first, x, y + first, in);
}

}  // namespace

template <>
void wave_pack(const WaveRows& n, const float* x, float* u) {
  pack(n, x, u);
}
template <>
void wave_pack(const WaveRows& n, const float* x, Half* u) {
  pack_half(n, x, u);
}
template <>
void wave_gate(const WaveRows& n, const float* z, const float* here, float* h) {
  gate(n, z, here, h);
}
template <>
void wave_gate(const WaveRows& n, const Half* z, const float* here, Half* h) {
  gate_half(n, z, here, h);
}
template <>
void wave_pack_gradient(const WaveRows& n, const float* gnext, const float* gsum, float* gj) {
  pack_gradient(n, gnext, gsum, gj);
}
template <>
void wave_pack_gradient(const WaveRows& n, const float* gnext, const float* gsum, Half* gj) {
  pack_gradient_half(n, gnext, gsum, gj);
}
template <>
void wave_gate_gradient(const WaveRows& n, const float* z, const float* here, const float* gh, float* gz,
                        float* ghere) {
  gate_gradient(n, z, here, gh, gz, ghere);
}
template <>
void wave_gate_gradient(const WaveRows& n, const Half* z, const float* here, const Half* gh, Half* gz, float* ghere) {
  gate_gradient_half(n, z, here, gh, gz, ghere);
}
template <>
void wave_unpack_gradient(const WaveRows& n, const float* gnext, const float* gu, float* gx) {
  unpack_gradient(n, gnext, gu, gx);
}
template <>
void wave_unpack_gradient(const WaveRows& n, const float* gnext, const Half* gu, float* gx) {
  unpack_gradient_half(n, gnext, gu, gx);
}
void wave_add(const WaveRows& n, const float* j, const float* x, const float* skip, float* next, float* sum) {
  add(n, j, x, skip, next, sum);
}
void wave_times(const float* weight, const float* bias, const float* x, float* y, int64_t in, int64_t out) {
  times(weight, bias, x, y, in, out);
}

}  // namespace ingot
