#include "ingot/plan/cost/flops.h"

namespace ingot::cost {

TokenFlops token_flops(const Architecture& model, double context) {
  const Architecture m = model.resolved();
  const double h = double(m.width), a = double(m.heads), d = double(m.head_dim), kv = double(m.kv_heads) * d;
  double projections = 2 * h * (2 * a * d + 2 * kv);
  double scores = 2 * context * a * d * 2;
  if (m.kv_lora_rank > 0) {
    const double r = double(m.rope_head_dim), rank = double(m.kv_lora_rank), v = double(m.v_head_dim);
    const double q_rank = double(m.q_lora_rank), q_out = a * (d + r);
    projections =
        2 * ((q_rank > 0 ? h * q_rank + q_rank * q_out : h * q_out) + h * (rank + r) + rank * a * (d + v) + a * v * h);
    scores = 2 * context * a * (d + r + v);
  }
  const double matrices = m.gated ? 3 : 2;
  TokenFlops flops;
  flops.projections = double(m.layers) * projections;
  flops.scores = double(m.layers) * scores;
  for (int64_t layer = 0; layer < m.layers; ++layer)
    flops.mlp +=
        m.is_moe(layer)
            ? 2 * h *
                  (matrices * double(m.expert_ffn) * double(m.experts_per_token + m.shared_experts) + double(m.experts))
            : 2 * matrices * h * double(m.ffn);
  flops.logits = 2 * h * double(m.vocab);
  return flops;
}

}  // namespace ingot::cost
