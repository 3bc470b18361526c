// Shapes: B sequences, T tokens each, N real tokens of all, M masked tokens, C hidden_size, V vocab_size.
#include "ingot/models/bert.h"

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/models/bert_weights.h"
#include "ingot/nn/dropout.h"
#include "ingot/nn/init.h"

namespace ingot {

Problems BertConfig::validate() const {
  Problems problems;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) problems.push_back(detail::join_parts(parts...));
  };
  for (const auto& [key, value] : {std::pair{"hidden_size", hidden_size},
                                   {"num_hidden_layers", num_hidden_layers},
                                   {"num_attention_heads", num_attention_heads},
                                   {"intermediate_size", intermediate_size},
                                   {"max_position_embeddings", max_position_embeddings}})
    check(value >= 1 && value <= (1 << 24), key, ": got ", value, ", expected 1 to ", 1 << 24);
  check(vocab_size >= 0, "vocab_size: got ", vocab_size, ", expected 0 (as the tokenizer) or more");
  check(type_vocab_size >= 0, "type_vocab_size: got ", type_vocab_size, ", expected 0 (none) or more");
  check(max_position_embeddings >= 3, "max_position_embeddings: got ", max_position_embeddings,
        ", expected at least 3: [CLS], a token, [SEP]");
  if (problems.empty()) {
    check(hidden_size % num_attention_heads == 0, "hidden_size: got ", hidden_size,
          ", expected a multiple of num_attention_heads ", num_attention_heads);
    check(position != PositionKind::Rotary || hidden_size / num_attention_heads % 2 == 0, "hidden_size: got ",
          hidden_size, ", expected an even width of each head for rotary positions");
  }
  for (const auto& [key, value] : {std::pair{"hidden_dropout_prob", hidden_dropout_prob},
                                   {"attention_probs_dropout_prob", attention_probs_dropout_prob}})
    check(value >= 0 && value < 1, key, ": got ", value, ", expected 0 <= x < 1");
  check(!lora || !init_from.empty(), kLoraWithoutModel);
  check(layer_norm_eps > 0, "layer_norm_eps: got ", layer_norm_eps, ", expected above 0");
  check(rope_theta > 0, "rope_theta: got ", rope_theta, ", expected above 0");
  return problems;
}

BertImpl::BertImpl(const BertConfig& c, int64_t num_classes) : config_(c), num_classes_(num_classes) {
  INGOT_INVARIANT(c.vocab_size > 0, "vocab_size is set before the model is built");
  const auto C = c.hidden_size;
  const auto norm = [&] { return Norm(c.norm, C, c.layer_norm_eps, c.bias); };
  word_embeddings_ = register_module("word_embeddings", Embedding(c.vocab_size, C));
  if (c.position == PositionKind::Learned)
    position_embeddings_ = register_module("position_embeddings", Embedding(c.max_position_embeddings, C));
  if (c.type_vocab_size > 0)
    token_type_embeddings_ = register_module("token_type_embeddings", Embedding(c.type_vocab_size, C));
  embeddings_norm_ = register_module("embeddings_norm", norm());
  torch::nn::ModuleList layers;
  for (int64_t i = 0; i < c.num_hidden_layers; ++i)
    layers->push_back(layers_.emplace_back(EncoderConfig{.width = C,
                                                         .heads = c.num_attention_heads,
                                                         .inner = c.intermediate_size,
                                                         .activation = c.hidden_act,
                                                         .norm = c.norm,
                                                         .norm_eps = c.layer_norm_eps,
                                                         .bias = c.bias,
                                                         .pre_norm = c.pre_norm,
                                                         .attention_dropout = c.attention_probs_dropout_prob,
                                                         .dropout = c.hidden_dropout_prob}));
  register_module("layer", layers);
  if (c.pre_norm) final_norm_ = register_module("final_norm", norm());
  switch (c.head) {
    case BertHead::MaskedLm:
      transform_ = register_module("transform", Linear(C, C, true));
      transform_norm_ = register_module("transform_norm", norm());
      decoder_bias_ = register_parameter("decoder_bias", torch::zeros({c.vocab_size}));
      break;
    case BertHead::Classify:
      pooler_ = register_module("pooler", Linear(C, C, true));
      classifier_ = register_module("classifier", Linear(C, num_classes, true));
      break;
    case BertHead::Span:
      qa_outputs_ = register_module("qa_outputs", Linear(C, 2, true));
      break;
  }
  // Heads that no pre-training has; that of masked words comes with the model.
  if (c.lora) add_lora(*this, *c.lora, {"pooler", "classifier", "qa_outputs"});
}

Tensor BertImpl::features(const Tensor& ids, const Tensor& segments, const Packing& packing, Tensor* weights) {
  const auto T = ids.size(1);
  require("bert", T <= config_.max_position_embeddings, "the sequence is ", T,
          " tokens, expected <= max_position_embeddings ", config_.max_position_embeddings);
  auto x = word_embeddings_(ids);  // [B, T, C]
  if (position_embeddings_) x = x + position_embeddings_(at::arange(T, ids.options()));
  if (token_type_embeddings_) x = x + token_type_embeddings_(segments.defined() ? segments : at::zeros_like(ids));
  x = embeddings_norm_(packing.pack(x));  // [N, C]
  x = ingot::dropout(x, config_.hidden_dropout_prob, is_training());

  Rotary rotary;
  if (!position_embeddings_)
    rotary =
        rotary_window(rotary_, 0, T, config_.max_position_embeddings, config_.hidden_size / config_.num_attention_heads,
                      config_.rope_theta, word_embeddings_->weight.options().requires_grad(false));
  for (size_t i = 0; i < layers_.size(); ++i)
    x = layers_[i](x, packing, position_embeddings_ ? nullptr : &rotary, i + 1 == layers_.size() ? weights : nullptr);
  return final_norm_ ? final_norm_(x) : x;
}

Tensor BertImpl::attention(const Tensor& ids, const Tensor& segments, const Tensor& real) {
  Tensor weights;
  features(ids, segments, make_packing(real, config_.unpad), &weights);
  return weights.mean(1);
}

Tensor BertImpl::masked_logits(const Tensor& ids, const Tensor& real, const Tensor& places) {
  const auto packing = make_packing(real, config_.unpad);
  const auto x = packing.pad(features(ids, {}, packing)).flatten(0, 1).index_select(0, places);  // [M, C]
  const auto gated = is_gated(config_.hidden_act);
  const auto y = transform_norm_(activate(transform_(x), gated ? Activation::Gelu : config_.hidden_act));
  return linear(y, word_embeddings_->weight, decoder_bias_, decoder_copy_);  // [M, V]
}

Tensor BertImpl::class_logits(const Tensor& ids, const Tensor& real) {
  const auto packing = make_packing(real, config_.unpad);
  const auto x = packing.pad(features(ids, {}, packing));  // [B, T, C]
  const auto summary = config_.classifier_pooling == Pooling::Cls
                           ? x.select(1, 0)
                           : (x * real.unsqueeze(2)).sum(1) / real.sum(1, true);  // [B, C]
  auto pooled = at::tanh(pooler_(summary));
  pooled = ingot::dropout(pooled, config_.hidden_dropout_prob, is_training());
  return classifier_(pooled);
}

Tensor BertImpl::span_logits(const Tensor& ids, const Tensor& segments, const Tensor& real) {
  const auto packing = make_packing(real, config_.unpad);
  return packing.pad(qa_outputs_(features(ids, segments, packing)));
}

// Devlin et al.: normal(0.02), as in the published code; biases 0, norms 1.
void BertImpl::initialise(uint64_t seed) {
  const at::NoGradGuard no_grad;
  for (const auto& item : named_parameters()) {
    const auto& name = item.key();
    const auto& weight = item.value();
    if (name.ends_with("bias"))
      weight.zero_();
    else if (weight.dim() == 1)
      weight.fill_(1);
    else
      fill_normal(weight, 0.02, seed, name);
  }
  if (config_.lora) initialise_lora(*this, seed);
  if (!config_.init_from.empty()) load_bert_weights(*this, config_.init_from);
}

double BertImpl::train_flops_per_token(int64_t length) const {
  double flops = 0;
  for (const auto& item : named_parameters())
    if (item.key().starts_with("layer.") && item.value().dim() == 2) flops += train_flops(item.value());
  return flops + 12. * double(config_.num_hidden_layers * config_.hidden_size * length);
}

}  // namespace ingot
