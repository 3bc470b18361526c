#include "ingot/engine/optimizer_kernels.h"

#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define INGOT_EACH_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define INGOT_EACH_SIMD
#endif

namespace ingot {
namespace {

inline float sign(float x) { return float(x > 0) - float(x < 0); }

inline float gradient(float g, float w, const UpdateTerms& t) { return t.grad_scale * g + t.l2 * w + t.l1 * sign(w); }

}  // namespace

INGOT_EACH_SIMD void sgd_update(const UpdateSpan& span, const UpdateTerms& terms) {
  const UpdateTerms t = terms;
  float* __restrict w = span.w;
  const float* __restrict g = span.g;
  float* __restrict m = span.m;
  const int64_t n = span.size;
  if (!m) {
    for (int64_t i = 0; i < n; ++i) w[i] = w[i] - t.lr * gradient(g[i], w[i], t);
    return;
  }
  const float keep = t.first ? 0 : t.beta1;
  const float from_gradient = t.nesterov ? 1 : 0, from_momentum = t.nesterov ? t.beta1 : 1;
  for (int64_t i = 0; i < n; ++i) {
    const float d = gradient(g[i], w[i], t);
    m[i] = keep * m[i] + d;
    w[i] = w[i] - t.lr * (from_gradient * d + from_momentum * m[i]);
  }
}

INGOT_EACH_SIMD void adam_update(const UpdateSpan& span, const UpdateTerms& terms) {
  const UpdateTerms t = terms;
  float* __restrict w = span.w;
  const float* __restrict g = span.g;
  float* __restrict m = span.m;
  float* __restrict v = span.v;
  const int64_t n = span.size;
  const float step = t.lr * t.bias1;
  for (int64_t i = 0; i < n; ++i) {
    const float d = gradient(g[i], w[i], t);
    m[i] = t.beta1 * m[i] + t.rest1 * d;
    v[i] = t.beta2 * v[i] + t.rest2 * d * d;
    w[i] = t.decay * w[i] - step * m[i] / (std::sqrt(v[i]) * t.bias2 + t.eps);
  }
}

INGOT_EACH_SIMD void lion_update(const UpdateSpan& span, const UpdateTerms& terms) {
  const UpdateTerms t = terms;
  float* __restrict w = span.w;
  const float* __restrict g = span.g;
  float* __restrict m = span.m;
  const int64_t n = span.size;
  for (int64_t i = 0; i < n; ++i) {
    const float d = gradient(g[i], w[i], t);
    w[i] = t.decay * w[i] - t.lr * sign(t.beta1 * m[i] + t.rest1 * d);
    m[i] = t.beta2 * m[i] + t.rest2 * d;
  }
}

INGOT_EACH_SIMD void muon_momentum(const UpdateSpan& span, const UpdateTerms& terms, float* __restrict u) {
  const UpdateTerms t = terms;
  const float* __restrict w = span.w;
  const float* __restrict g = span.g;
  float* __restrict m = span.m;
  const int64_t n = span.size;
  for (int64_t i = 0; i < n; ++i) {
    const float d = gradient(g[i], w[i], t);
    m[i] = m[i] + t.rest1 * (d - m[i]);
    u[i] = d + t.beta1 * (m[i] - d);
  }
}

INGOT_EACH_SIMD void muon_apply(float* __restrict w, const float* __restrict u, int64_t size, float decay, float lr) {
  for (int64_t i = 0; i < size; ++i) w[i] = decay * w[i] - lr * u[i];
}

INGOT_EACH_SIMD void newton_schulz_polynomial(const float* __restrict gram, const float* __restrict square, int64_t n,
                                              float* __restrict p) {
  for (int64_t i = 0; i < n * n; ++i) p[i] = -4.7750f * gram[i] + 2.0315f * square[i];
  for (int64_t i = 0; i < n; ++i) p[i * n + i] += 3.4445f;
}

INGOT_EACH_SIMD double sum_of_squares(const float* x, int64_t size) {
  double lanes[16] = {};
  int64_t i = 0;
  for (; i + 16 <= size; i += 16)
    for (int k = 0; k < 16; ++k) lanes[k] += double(x[i + k]) * double(x[i + k]);
  for (; i < size; ++i) lanes[i % 16] += double(x[i]) * double(x[i]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace ingot
