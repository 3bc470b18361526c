// Losses as sums over the terms that count: the trainer divides by their number (Batch::weight), which keeps
// accumulation exact for any split into micro-batches.
#pragma once

#include "ingot/torch/tensor.h"

namespace ingot {

constexpr int64_t kIgnore = -100;  // a target that does not count

struct CrossEntropyOptions {
  double label_smoothing = 0;  // Szegedy et al. 2016: (1 - e) nll + e mean(-log p)
  double z_loss = 0;           // times log(Z)^2, Chowdhery et al. 2022 (PaLM), 5
};

// logits [N, V], targets [N] int64 or kIgnore -> scalar. Computed in float32 at least.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options = {});
// Negative log-likelihood of each target, [N]; 0 where ignored.
Tensor token_nll(const Tensor& logits, const Tensor& targets);
// What a student learns from a teacher (Hinton, Vinyals and Dean 2015, section 2): T^2 KL(teacher || student) at
// temperature T, summed over the rows that `targets` [N] counts. Logits [N, V] each -> scalar, in float32 at least.
Tensor distillation(const Tensor& student, const Tensor& teacher, const Tensor& targets, double temperature = 1);
// logits [N], targets [N] in [0, 1] -> scalar.
Tensor bce_with_logits(const Tensor& logits, const Tensor& targets);
Tensor squared_error(const Tensor& predictions, const Tensor& targets);
// Huber 1964: quadratic up to |error| = delta, linear beyond.
Tensor huber(const Tensor& predictions, const Tensor& targets, double delta = 1);

}  // namespace ingot
