// Which model to train: closed forms for the training budget, a search once serving counts.
#pragma once

#include "ingot/plan/cost/scaling_law.h"

namespace ingot::cost {

struct OptimalSize {
  double params = 0, tokens = 0, flop = 0, loss = 0;
};

// Least loss for C = 6ND: N = G (C/6)^(beta/(alpha+beta)), G = (alpha A / beta B)^(1/(alpha+beta)) (Hoffmann et al.
// 2022, eq. 4).
OptimalSize compute_optimal(const ScalingLaw& law, double flop);
// The same from the other side: the smallest budget that reaches `loss`. Throws InvalidArgument when loss <= E.
OptimalSize budget_for_loss(const ScalingLaw& law, double loss);
// The budget of which N is the optimal size.
OptimalSize optimal_at_params(const ScalingLaw& law, double params);

// Training plus serving (Sardana et al. 2024, arXiv 2401.00448, eq. 2): the size that reaches `loss` at the least
// train_rate * 6 N D + serve_rate * 2 N I. Rates of 1 count FLOPs; dollars per FLOP count money.
struct LifetimeOptimal {
  OptimalSize size;
  double train_cost = 0, serve_cost = 0;
  OptimalSize compute_optimal;  // for comparison, at the same loss
  double compute_optimal_cost = 0;
};
LifetimeOptimal lifetime_optimal(const ScalingLaw& law, double loss, double inference_tokens, double train_rate = 1,
                                 double serve_rate = 1);

}  // namespace ingot::cost
