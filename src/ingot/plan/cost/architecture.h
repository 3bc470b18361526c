// A decoder transformer as far as its cost goes: parameters, matmul FLOPs and cache bytes follow from these numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/toml.h"
#include "ingot/plan/cost/facts.h"

namespace ingot::cost {

// Zero means "derive": kv_heads = heads, head_dim = width / heads, ffn = 4 width, v_head_dim = head_dim.
// kv_lora_rank > 0 selects multi-head latent attention (DeepSeek-V2, arXiv 2405.04434 sec. 2.1).
struct Architecture {
  std::string name;
  int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_dim = 0, ffn = 0, vocab = 0, seq_len = 2048;
  bool gated = false, tied = false, bias = false, learned_positions = false;
  int64_t experts = 0, experts_per_token = 0, shared_experts = 0, expert_ffn = 0, dense_layers = 0;
  int64_t q_lora_rank = 0, kv_lora_rank = 0, rope_head_dim = 0, v_head_dim = 0;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "a name of `ingot cost models`, a recipe.toml, or your own");
    v("layers", self.layers, "transformer blocks");
    v("width", self.width, "size of the residual stream");
    v("heads", self.heads, "attention heads");
    v("kv_heads", self.kv_heads, "key and value heads; 0: as many as heads");
    v("head_dim", self.head_dim, "size of a head; 0: width / heads");
    v("ffn", self.ffn, "hidden size of the feed-forward layer; 0: 4 width");
    v("vocab", self.vocab, "vocabulary size");
    v("seq_len", self.seq_len, "tokens in a training sequence");
    v("gated", self.gated, "feed-forward layer with a gate (SwiGLU): three matrices instead of two");
    v("tied", self.tied, "the output layer shares the embedding matrix");
    v("bias", self.bias, "linear layers and norms have biases");
    v("learned_positions", self.learned_positions, "a learned embedding per position");
    v("experts", self.experts, "experts a mixture-of-experts layer; 0: dense");
    v("experts_per_token", self.experts_per_token, "routed experts that a token visits");
    v("shared_experts", self.shared_experts, "experts that every token visits");
    v("expert_ffn", self.expert_ffn, "hidden size of one expert");
    v("dense_layers", self.dense_layers, "first layers that are dense in a mixture-of-experts model");
    v("q_lora_rank", self.q_lora_rank, "latent size of the queries (MLA)");
    v("kv_lora_rank", self.kv_lora_rank, "latent size of keys and values (MLA); 0: ordinary attention");
    v("rope_head_dim", self.rope_head_dim, "size of the decoupled rotary part of a head (MLA)");
    v("v_head_dim", self.v_head_dim, "size of a value head (MLA); 0: head_dim");
  }
  Problems validate() const;
  // The same with every derived size filled in.
  Architecture resolved() const;
  bool is_moe(int64_t layer) const { return experts > 0 && layer >= dense_layers; }
};

// Exact parameter counts. `active` leaves out the experts that a token does not visit.
struct ParameterCount {
  double embedding = 0, attention = 0, mlp = 0, norms = 0, head = 0, total = 0, active = 0;
  double experts = 0;  // part of mlp that is routed
};
ParameterCount count_parameters(const Architecture& model);

// facts/architectures.csv. Throws NotFound with near names.
Architecture find_architecture(const std::string& name, const FactsFolder& folder = {});
std::vector<Architecture> all_architectures(const FactsFolder& folder = {});

// The [model] section of one of our recipes (n_layer, n_embd, n_head, ...) or of a cost file; its name may be that of a
// known model, or a file with such a section.
Architecture read_architecture(const Document& document, const FactsFolder& folder = {});

}  // namespace ingot::cost
