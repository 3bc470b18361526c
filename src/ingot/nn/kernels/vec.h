// A vector of floats as wide as the file is compiled for, in GCC vector extensions. Included by simd_<set>.cpp alone:
// everything is in an unnamed namespace and nothing here touches std, so that no inline function compiled for a wide
// machine can be picked by the linker for a narrow one.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ingot {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

using Vec = float __attribute__((vector_size(kLanes * 4)));
using VecInt = int32_t __attribute__((vector_size(kLanes * 4)));
using VecUint = uint32_t __attribute__((vector_size(kLanes * 4)));
using VecHalf = uint16_t __attribute__((vector_size(kLanes * 2)));
using Bf16 = uint16_t;  // the upper half of a float

inline Vec splat(float x) { return Vec{} + x; }
inline int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

inline Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }
inline Vec load(const Bf16* p) {
  VecHalf h;
  __builtin_memcpy(&h, p, sizeof h);
  return Vec(__builtin_convertvector(h, VecUint) << 16);
}
inline void store(Bf16* p, Vec v) {  // to nearest, ties to even
  const VecUint bits = VecUint(v);
  const VecHalf h = __builtin_convertvector((bits + 0x7fff + (bits >> 16 & 1)) >> 16, VecHalf);
  __builtin_memcpy(p, &h, sizeof h);
}

// The first n < kLanes elements; the rest are `fill`.
template <typename T>
inline Vec load(const T* p, int64_t n, float fill) {
  T lanes[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
  Vec v = load(lanes);
  for (int64_t i = n; i < kLanes; ++i) v[i] = fill;
  return v;
}
template <typename T>
inline void store(T* p, Vec v, int64_t n) {
  T lanes[kLanes];
  store(lanes, v);
  for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
}

// Calls body(i, load, store) for i = 0, kLanes, .. below size; load and store see the end of the row.
struct Whole {
  template <typename T>
  Vec load(const T* p, float = 0) const {
    return ingot::load(p);
  }
  template <typename T>
  void store(T* p, Vec v) const {
    ingot::store(p, v);
  }
};
struct Tail {
  int64_t n;
  template <typename T>
  Vec load(const T* p, float fill = 0) const {
    return ingot::load(p, n, fill);
  }
  template <typename T>
  void store(T* p, Vec v) const {
    ingot::store(p, v, n);
  }
};
template <typename Body>
inline __attribute__((always_inline)) void each_vec(int64_t size, const Body& body) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) body(i, Whole{});
  if (i < size) body(i, Tail{size - i});
}

inline float sum(Vec v) {
#if defined(__AVX512F__)
  using Half = float __attribute__((vector_size(32)));
  Half halves[2];
  __builtin_memcpy(halves, &v, sizeof v);
  const Half h = halves[0] + halves[1];
#else
  const Vec h = v;
#endif
#if defined(__AVX2__)
  using Quarter = float __attribute__((vector_size(16)));
  Quarter quarters[2];
  __builtin_memcpy(quarters, &h, sizeof h);
  const Quarter q = quarters[0] + quarters[1];
#else
  const Vec q = h;
#endif
  return (q[0] + q[1]) + (q[2] + q[3]);
}
inline Vec max_of(Vec a, Vec b) { return a > b ? a : b; }
inline Vec min_of(Vec a, Vec b) { return a < b ? a : b; }
inline float max_lane(Vec v) {
  float m = v[0];
  for (int i = 1; i < kLanes; ++i) m = v[i] > m ? v[i] : m;
  return m;
}

// e^x to 2 units in the last place; 0 below -87.3, which takes in -infinity; at most e^88; NaN stays NaN, by the order
// of the operands of min and max.
inline Vec exp(Vec x) {
  const Vec clamped = min_of(splat(88.0f), max_of(splat(-87.3f), x));
  const Vec shifter = splat(0x1.8p23f);
  const Vec n = (clamped * 1.44269504f + shifter) - shifter;
  const Vec r = clamped - n * 0.693359375f - n * -2.12194440e-4f;  // Cody & Waite
  Vec p = splat(1.9875691500e-4f);                                 // Cephes expf
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const VecInt exponent = __builtin_convertvector(n, VecInt) + 127;
  const Vec y = p * Vec(exponent << 23);
  return x < -87.3f ? Vec{} : y;
}
inline Vec sigmoid(Vec x) { return 1.0f / (1.0f + exp(-x)); }

}  // namespace
}  // namespace ingot
