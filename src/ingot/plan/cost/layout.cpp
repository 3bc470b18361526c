#include "ingot/plan/cost/layout.h"

#include <algorithm>

namespace ingot::cost {

Problems Layout::validate(const Architecture& model) const {
  Problems problems;
  const auto rule = [&](bool holds, const auto&... parts) {
    if (!holds) problems.push_back(detail::join_parts(parts...));
  };
  for (const auto& [name, value] : {std::pair<const char*, int64_t>{"tensor", tensor},
                                    {"pipeline", pipeline},
                                    {"data", data},
                                    {"expert", expert},
                                    {"global_batch", global_batch},
                                    {"microbatch", microbatch},
                                    {"interleave", interleave}})
    rule(value > 0, name, " is ", value, ", expected > 0");
  if (!problems.empty()) return problems;
  rule(model.heads % tensor == 0, "tensor is ", tensor, ", expected a divisor of heads ", model.heads);
  rule(model.layers >= pipeline * interleave, "pipeline * interleave is ", pipeline * interleave,
       ", expected <= layers ", model.layers);
  rule(global_batch % (data * microbatch) == 0, "global_batch is ", global_batch,
       " sequences, expected a multiple of data * microbatch = ", data * microbatch);
  rule(interleave == 1 || pipeline > 1, "interleave is ", interleave, ", expected 1 without a pipeline");
  rule(expert == 1 || model.experts > 0, "expert is ", expert, ", expected 1 for a dense model");
  rule(model.experts == 0 || model.experts % expert == 0, "expert is ", expert, ", expected a divisor of experts ",
       model.experts);
  rule(data % expert == 0, "expert is ", expert, ", expected a divisor of data ", data);
  return problems;
}

double layer_activations(const Architecture& model, const Layout& layout) {
  const Architecture m = model.resolved();
  const double tokens = double(layout.microbatch * m.seq_len), h = double(m.width), t = double(layout.tensor);
  const double outside = layout.sequence_parallel ? t : 1;  // norms and dropouts are cut along the sequence, or not
  if (layout.recompute == Recompute::Full) return 2 * tokens * h / outside;
  const double q = double(m.heads * m.head_dim), kv = double(m.kv_heads * m.head_dim), mask = layout.dropout ? 1 : 0;
  const bool cheap = layout.recompute == Recompute::Selective && layout.attention == Attention::Flash;
  // Two norms (4h), the input of attention (2h), of the feed-forward layer (2h), and two dropout masks.
  const double cut = tokens * h * (4 + (cheap ? 0 : 4) + 2 * mask) / outside;
  // Q, K, V and the input of the output projection; the inputs of the activation and of the second linear layer.
  const double f = m.experts > 0 ? double(m.expert_ffn * (m.experts_per_token + m.shared_experts)) : double(m.ffn);
  const double inside = tokens * (2 * (2 * q + 2 * kv) + 2 * f * ((m.gated ? 3 : 2) - (cheap ? 1 : 0))) / t;
  const bool keeps_scores = layout.attention == Attention::Standard && layout.recompute == Recompute::None;
  const double scores = keeps_scores ? double(m.heads) * double(m.seq_len) * tokens * (4 + mask) / t : 0;
  return cut + inside + scores;
}

Memory training_memory(const Architecture& model, const Layout& layout) {
  const Architecture m = model.resolved();
  const ParameterCount n = count_parameters(m);
  const double t = double(layout.tensor), p = double(layout.pipeline), dp = double(layout.data);
  // The first stage also holds the embedding, the last one the output layer.
  const double dense = n.attention + n.mlp - n.experts + n.norms;
  const double stage = layout.stage_layers(m.layers) / double(m.layers);
  Memory memory;
  memory.parameters =
      (dense * stage + std::max(n.embedding, n.head) + (layout.pipeline == 1 ? std::min(n.embedding, n.head) : 0)) / t +
      n.experts * stage / double(layout.expert) / t;
  const double share = 1 / dp;
  memory.weights = 2 * memory.parameters * (layout.zero == Zero::Parameters ? share : 1);
  memory.gradients = 4 * memory.parameters * (layout.zero >= Zero::Gradients ? share : 1);
  memory.optimizer = 12 * memory.parameters * (layout.zero >= Zero::Optimizer ? share : 1);
  // The first stage holds `pipeline` microbatches at once; interleaving adds (p - 1) / (p v) (Korthikanti sec. 4.2.3).
  const double in_flight = std::min(p, double(layout.microbatches())) *
                           (layout.interleave > 1 ? 1 + (p - 1) / (p * double(layout.interleave)) : 1);
  memory.activations = layer_activations(m, layout) * layout.stage_layers(m.layers) * in_flight;
  if (layout.recompute == Recompute::Full) {  // one layer is rebuilt at a time
    Layout whole = layout;
    whole.recompute = Recompute::None;
    memory.activations += layer_activations(m, whole);
  }
  if (layout.pipeline == 1)  // logits in fp32 and their gradient in bf16
    memory.activations += double(layout.microbatch * m.seq_len) * double(m.vocab) * 6 / t;
  return memory;
}

double kv_bytes_per_token(const Architecture& model, double bytes_per_value) {
  const Architecture m = model.resolved();
  const int64_t values = m.kv_lora_rank > 0 ? m.kv_lora_rank + m.rope_head_dim : 2 * m.kv_heads * m.head_dim;
  return double(m.layers * values) * bytes_per_value;
}

}  // namespace ingot::cost
