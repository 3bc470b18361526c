// Matmul FLOPs of one token (Kaplan et al. 2020, table 1; Chowdhery et al. 2022, appendix B), and 6ND beside them.
#pragma once

#include "ingot/plan/cost/architecture.h"

namespace ingot::cost {

// Forward FLOPs of one token, each multiply-add counted as two.
struct TokenFlops {
  double projections = 0;  // Q, K, V, output
  double scores = 0;       // QK^T and scores V over the whole context
  double mlp = 0;          // experts that are visited, router included
  double logits = 0;
  double forward() const { return projections + scores + mlp + logits; }
  double training() const { return 3 * forward(); }  // backward: one matmul each for inputs and weights
};

// `context`: keys that a query meets. Training counts seq_len, as MFU is defined in PaLM; a causal model needs half.
TokenFlops token_flops(const Architecture& model, double context);

// 6ND without embeddings' lookup being free: N is every parameter that a token visits (Kaplan eq. 2.2 uses the same
// rule without embeddings).
inline double six_nd(double active_parameters, double tokens) { return 6 * active_parameters * tokens; }

}  // namespace ingot::cost
