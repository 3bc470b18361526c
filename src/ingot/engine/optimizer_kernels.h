// One pass over memory per parameter update. Torch-free, so that the loops can be compiled for several instruction
// sets; which one runs is chosen when the program loads. Every set gives the same bits.
#pragma once

#include <cstdint>

namespace ingot {

// A run of one parameter: w, its gradient, and the moments its optimiser keeps (null where it keeps none).
struct UpdateSpan {
  float* w;
  const float* g;
  float* m;
  float* v;
  int64_t size;
};

// g' = grad_scale g + l2 w + l1 sign(w); w is multiplied by `decay` = 1 - lr weight_decay before its update.
struct UpdateTerms {
  float grad_scale = 1, l1 = 0, l2 = 0, decay = 1;
  float lr = 0;
  float beta1 = 0, beta2 = 0, eps = 0;
  float rest1 = 1, rest2 = 1;            // 1 - beta, taken in double: 1 - 0.999f is 6e-5 off
                                         // sgd: beta1 is the momentum
  float bias1 = 1, bias2 = 1;            // adam: 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t)
  bool nesterov = false, first = false;  // sgd: the first momentum is the gradient itself
};

using UpdateKernel = void (*)(const UpdateSpan&, const UpdateTerms&);

void sgd_update(const UpdateSpan& span, const UpdateTerms& terms);   // Sutskever et al. 2013, as torch.optim.SGD
void adam_update(const UpdateSpan& span, const UpdateTerms& terms);  // Kingma & Ba 2015; AdamW when decay < 1
void lion_update(const UpdateSpan& span, const UpdateTerms& terms);  // Chen et al. 2023, algorithm 2

// Muon's two passes. m moves towards g' by 1 - beta1 and u = g' + beta1 (m - g') (Nesterov); then w = decay w - lr u.
void muon_momentum(const UpdateSpan& span, const UpdateTerms& terms, float* u);
void muon_apply(float* w, const float* u, int64_t size, float decay, float lr);
// p = a I + b A + c A^2 for A, A^2 [n, n]: the quintic of one Newton-Schulz iteration without its last factor.
void newton_schulz_polynomial(const float* gram, const float* square, int64_t n, float* p);

double sum_of_squares(const float* x, int64_t size);

}  // namespace ingot
