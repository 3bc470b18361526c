// Shapes: B sentences, S source tokens, T target tokens, R rows of a decoder state, C d_model, H heads, D = C / H,
// V vocab_size.
#include "ingot/models/seq2seq.h"

#include <cmath>
#include <optional>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/models/saved_config.h"
#include "ingot/models/trained_task.h"
#include "ingot/nn/attention.h"
#include "ingot/nn/dropout.h"
#include "ingot/nn/init.h"

namespace ingot {

Problems Seq2SeqConfig::validate() const {
  Problems problems;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) problems.push_back(detail::join_parts(parts...));
  };
  for (const auto& [key, value] : {std::pair{"d_model", d_model},
                                   {"d_ff", d_ff},
                                   {"heads", heads},
                                   {"encoder_layers", encoder_layers},
                                   {"decoder_layers", decoder_layers}})
    check(value >= 1 && value <= (1 << 24), key, ": got ", value, ", expected 1 to ", 1 << 24);
  check(max_positions >= 2, "max_positions: got ", max_positions, ", expected at least 2: a token and the end");
  check(vocab_size >= 0, "vocab_size: got ", vocab_size, ", expected 0 (as the tokenizer) or more");
  if (problems.empty()) {
    check(d_model % heads == 0, "d_model: got ", d_model, ", expected a multiple of heads ", heads);
    check(d_model % 2 == 0, "d_model: got ", d_model, ", expected an even number for sines and cosines");
  }
  for (const auto& [key, value] : {std::pair{"dropout", dropout}, {"attention_dropout", attention_dropout}})
    check(value >= 0 && value < 1, key, ": got ", value, ", expected 0 <= x < 1");
  check(!lora || !init_from.empty(), kLoraWithoutModel);
  check(norm_eps > 0, "norm_eps: got ", norm_eps, ", expected above 0");
  return problems;
}

namespace {

// Sines in the even places, cosines in the odd ones: Vaswani et al. 2017, 3.5.
Tensor sinusoids(int64_t length, int64_t width, const at::TensorOptions& options) {
  const auto exact = at::TensorOptions().dtype(at::kDouble);
  const auto rates = at::pow(10000., -at::arange(0, width, 2, exact) / double(width));  // [C/2]
  const auto angles = at::outer(at::arange(length, exact), rates);                      // [T, C/2]
  return at::stack({angles.sin(), angles.cos()}, 2).flatten(1).to(options);
}

}  // namespace

class CrossAttentionImpl : public torch::nn::Module {
 public:
  explicit CrossAttentionImpl(const Seq2SeqConfig& c)
      : heads_(c.heads), attention_dropout_(c.attention_dropout), dropout_(c.dropout) {
    query_ = register_module("query", Linear(c.d_model, c.d_model, true));
    key_value_ = register_module("key_value", Linear(c.d_model, 2 * c.d_model, true));
    c_proj_ = register_module("c_proj", Linear(c.d_model, c.d_model, true));
  }
  KvCache::Layer keys_values(const Tensor& memory) {  // [B, S, C] -> [B, H, S, D] each
    const auto B = memory.size(0), S = memory.size(1), D = memory.size(2) / heads_;
    const auto kv = key_value_(memory).view({B, S, 2, heads_, D}).permute({2, 0, 3, 1, 4});
    return {kv[0], kv[1]};
  }
  // x [B, T, C]; `weights` gets those of the attention, [B, H, T, S]
  Tensor forward(const Tensor& x, const KvCache::Layer& inputs, const Tensor& hidden, Tensor* weights) {
    const auto B = x.size(0), T = x.size(1), C = x.size(2);
    const auto q = query_(x).view({B, T, heads_, C / heads_}).transpose(1, 2);  // [B, H, T, D]
    const auto y = attend(q, inputs.k, inputs.v, hidden, is_training() ? attention_dropout_ : 0, weights);
    const auto out = c_proj_(y.transpose(1, 2).reshape({B, T, C}));
    return ingot::dropout(out, dropout_, is_training());
  }

 private:
  int64_t heads_;
  double attention_dropout_, dropout_;
  Linear query_{nullptr}, key_value_{nullptr}, c_proj_{nullptr};
};
TORCH_MODULE(CrossAttention);

// The paper's figure 1, right.
class DecoderBlockImpl : public torch::nn::Module {
 public:
  explicit DecoderBlockImpl(const Seq2SeqConfig& c) : pre_norm_(c.pre_norm) {
    const auto norm = [&] { return Norm(c.norm, c.d_model, c.norm_eps, true); };
    attn_ = register_module("attn", CausalSelfAttention(AttentionConfig{.width = c.d_model,
                                                                        .heads = c.heads,
                                                                        .kv_heads = c.heads,
                                                                        .norm_eps = c.norm_eps,
                                                                        .dropout = c.attention_dropout,
                                                                        .residual_dropout = c.dropout}));
    cross_ = register_module("cross", CrossAttention(c));
    mlp_ = register_module("mlp", FeedForward(c.d_model, c.d_ff, c.activation, true, c.dropout));
    ln_1_ = register_module("ln_1", norm());
    ln_2_ = register_module("ln_2", norm());
    ln_3_ = register_module("ln_3", norm());
  }
  KvCache::Layer keys_values(const Tensor& memory) { return cross_->keys_values(memory); }
  Tensor forward(Tensor x, const KvCache::Layer& inputs, const Tensor& hidden, KvCache::Layer* written, int64_t past,
                 Tensor* weights = nullptr) {
    if (pre_norm_) {
      x = x + attn_(ln_1_(x), Tensor(), nullptr, written, past);
      x = x + cross_(ln_2_(x), inputs, hidden, weights);
      return x + mlp_(ln_3_(x));
    }
    x = ln_1_(x + attn_(x, Tensor(), nullptr, written, past));
    x = ln_2_(x + cross_(x, inputs, hidden, weights));
    return ln_3_(x + mlp_(x));
  }

 private:
  bool pre_norm_;
  CausalSelfAttention attn_{nullptr};
  CrossAttention cross_{nullptr};
  FeedForward mlp_{nullptr};
  Norm ln_1_{nullptr}, ln_2_{nullptr}, ln_3_{nullptr};
};

Seq2SeqImpl::Seq2SeqImpl(const Seq2SeqConfig& c) : config_(c) {
  INGOT_INVARIANT(c.vocab_size > 0, "vocab_size is set before the model is built");
  embedding_ = register_module("embedding", Embedding(c.vocab_size, c.d_model));
  torch::nn::ModuleList encoder, decoder;
  for (int64_t i = 0; i < c.encoder_layers; ++i)
    encoder->push_back(encoder_.emplace_back(EncoderConfig{.width = c.d_model,
                                                           .heads = c.heads,
                                                           .inner = c.d_ff,
                                                           .activation = c.activation,
                                                           .norm = c.norm,
                                                           .norm_eps = c.norm_eps,
                                                           .pre_norm = c.pre_norm,
                                                           .attention_dropout = c.attention_dropout,
                                                           .dropout = c.dropout}));
  for (int64_t i = 0; i < c.decoder_layers; ++i)
    decoder->push_back(decoder_.emplace_back(std::make_shared<DecoderBlockImpl>(c)));
  register_module("encoder", encoder);
  register_module("decoder", decoder);
  if (c.pre_norm) {
    encoder_norm_ = register_module("encoder_norm", Norm(c.norm, c.d_model, c.norm_eps, true));
    decoder_norm_ = register_module("decoder_norm", Norm(c.norm, c.d_model, c.norm_eps, true));
  }
  if (c.lora) add_lora(*this, *c.lora);
}

Tensor Seq2SeqImpl::embed(const Tensor& ids, int64_t first) {
  const auto T = ids.size(1);
  require("seq2seq", first + T <= config_.max_positions, "the sentence is ", first + T,
          " tokens, expected <= max_positions ", config_.max_positions);
  const auto& table = embedding_->weight;
  if (!positions_.defined() || positions_.device() != table.device() || positions_.scalar_type() != table.scalar_type())
    positions_ = sinusoids(config_.max_positions, config_.d_model, table.options().requires_grad(false));
  const auto x = embedding_(ids) * std::sqrt(double(config_.d_model)) + positions_.narrow(0, first, T);
  return ingot::dropout(x, config_.dropout, is_training());
}

Tensor Seq2SeqImpl::encode(const Tensor& source, const Tensor& real, Tensor& hidden) {
  const auto packing = make_packing(real, true);
  hidden = packing.hidden;
  auto x = packing.pack(embed(source, 0));  // [N, C]
  for (auto& block : encoder_) x = block(x, packing, nullptr);
  return packing.pad(encoder_norm_ ? encoder_norm_(x) : x);
}

Tensor Seq2SeqImpl::features(const Tensor& source, const Tensor& real, const Tensor& target, Tensor* attention) {
  Tensor hidden, weights;
  const auto memory = encode(source, real, hidden);
  auto x = embed(target, 0);
  for (auto& block : decoder_)
    x = block->forward(x, block->keys_values(memory), hidden, nullptr, 0,
                       attention && block == decoder_.back() ? &weights : nullptr);
  if (attention) *attention = weights.mean(1);
  return decoder_norm_ ? decoder_norm_(x) : x;
}

Tensor Seq2SeqImpl::logits(const Tensor& features) { return linear(features, embedding_->weight, {}, head_copy_); }

DecoderState Seq2SeqImpl::start(const Tensor& source, const Tensor& real, int64_t beam, int64_t capacity) {
  DecoderState state;
  const auto memory = encode(source, real, state.hidden);
  const auto rows = [&](const Tensor& x) { return beam == 1 ? x : x.repeat_interleave(beam, 0); };
  if (state.hidden.defined()) state.hidden = rows(state.hidden);
  for (auto& block : decoder_) {
    const auto layer = block->keys_values(memory);
    state.inputs.push_back({rows(layer.k), rows(layer.v)});
    const auto empty = [&] {
      return at::empty({source.size(0) * beam, config_.heads, capacity, config_.d_model / config_.heads},
                       embedding_->weight.options().requires_grad(false));
    };
    state.written.layers.push_back({empty(), empty()});
  }
  return state;
}

Tensor Seq2SeqImpl::step(const Tensor& last, DecoderState& state) {
  const auto past = state.written.length;
  INGOT_INVARIANT(past < state.written.capacity(), "the state holds ", state.written.capacity(), " tokens");
  auto x = embed(last.unsqueeze(1), past);  // [R, 1, C]
  for (size_t i = 0; i < decoder_.size(); ++i)
    x = decoder_[i]->forward(x, state.inputs[i], state.hidden, &state.written.layers[i], past);
  state.written.length += 1;
  return logits((decoder_norm_ ? decoder_norm_(x) : x).squeeze(1));  // [R, V]
}

// Embeddings normal with variance 1 / C, matrices uniform after Glorot & Bengio 2010, as fairseq has them.
void Seq2SeqImpl::initialise(uint64_t seed) {
  if (config_.lora) initialise_lora(*this, seed);
  if (!config_.init_from.empty())
    return load_base_weights(*this, load_run_weights(config_.init_from), config_.init_from);
  const at::NoGradGuard no_grad;
  for (const auto& item : named_parameters()) {
    const auto& name = item.key();
    const auto& weight = item.value();
    if (name == "embedding.weight") {
      fill_normal(weight, 1 / std::sqrt(double(config_.d_model)), seed, name);
    } else if (weight.dim() == 2) {
      auto out = weight.size(0);
      if (name.ends_with("c_attn.weight")) out /= 3;  // three maps in one
      if (name.ends_with("key_value.weight")) out /= 2;
      fill_uniform(weight, std::sqrt(6 / double(out + weight.size(1))), seed, name);
    } else {
      weight.fill_(name.ends_with("bias") ? 0 : 1);
    }
  }
}

std::unique_ptr<Task> make_seq2seq(const Document& recipe, const TaskOptions& options) {
  Seq2SeqConfig config;
  std::optional<fs::path> from;
  Document with_tokenizer = recipe;
  if (const auto saved = saved_config<Seq2SeqConfig>(options)) {
    config = *saved;
  } else {
    // A recipe need not repeat the sizes of the model that it starts from, nor name its tokenizer.
    from = init_from(recipe);
    if (from) {
      config = config_of_run<Seq2SeqConfig>(*from).value_or(config);
      if (auto& path = with_tokenizer.root["data"]["tokenizer"]["path"]; path.is_null() || path == "")
        path = tokenizer_folder(*from).string();
    }
    config = read_config<Seq2SeqConfig>(recipe, "model", config);
  }
  auto task = std::make_unique<TranslateTask>(read_config<TranslateConfig>(with_tokenizer, "data"), options);
  if (from) require_same_vocabulary(task->tokenizer(), *from);
  if (config.vocab_size == 0) config.vocab_size = task->vocab_size();
  require("recipe", config.vocab_size >= task->vocab_size(), "model.vocab_size is ", config.vocab_size,
          ", expected at least the ", task->vocab_size(), " tokens of the tokenizer");
  task->set_model(std::make_shared<Seq2SeqImpl>(config));
  return task;
}

}  // namespace ingot
