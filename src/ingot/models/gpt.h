// Causal decoder: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners" (GPT-2), exactly, and by
// configuration the present form: rotary positions, RMSNorm, gated feed-forward, grouped key/value heads, normalised
// queries and keys, a head of its own, capped logits (Touvron et al. 2023; Henry et al. 2020; Gemma 2, 2024).
#pragma once

#include <optional>
#include <string>

#include "ingot/base/config.h"
#include "ingot/nn/activation.h"
#include "ingot/nn/attention.h"
#include "ingot/nn/lora.h"
#include "ingot/nn/norm.h"
#include "ingot/tasks/lm.h"

namespace ingot {

struct GptConfig {  // [model]; names follow GPT-2, so that its published sizes can be typed as printed
  std::string name = "gpt";
  int64_t vocab_size = 0;
  int64_t block_size = 1024;
  int64_t n_layer = 12;
  int64_t n_head = 12;
  int64_t n_kv_head = 0;
  int64_t n_embd = 768;
  int64_t n_inner = 0;
  PositionKind position = PositionKind::Learned;
  double rope_theta = 10000;
  NormKind norm = NormKind::LayerNorm;
  double norm_eps = 1e-5;
  Activation activation = Activation::GeluTanh;
  bool bias = true;
  bool qk_norm = false;
  bool tied_embeddings = true;
  double embd_dropout = 0, attn_dropout = 0, resid_dropout = 0;
  double logit_softcap = 0;
  double logit_scale = 1;
  double label_smoothing = 0;
  double z_loss = 0;
  std::string init_from;
  std::optional<LoraConfig> lora;
  std::optional<DistillConfig> distill;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "gpt");
    v("vocab_size", self.vocab_size, "rows of the embedding; 0: as many as the tokenizer has");
    v("block_size", self.block_size, "longest context, in tokens");
    v("n_layer", self.n_layer, "blocks");
    v("n_head", self.n_head, "query heads of each block");
    v("n_kv_head", self.n_kv_head, "key/value heads, a divisor of n_head; 0: n_head");
    v("n_embd", self.n_embd, "width");
    v("n_inner", self.n_inner, "width inside the feed-forward; 0: 4 n_embd, gated 8/3 n_embd rounded up to 8");
    v("position", self.position, "learned (GPT-2) or rotary");
    v("rope_theta", self.rope_theta, "base of the rotary wavelengths");
    v("norm", self.norm, "layernorm (GPT-2) or rmsnorm");
    v("norm_eps", self.norm_eps, "added to the variance");
    v("activation", self.activation, "gelu_tanh (GPT-2), gelu, relu, relu2, silu, sigmoid, tanh, swiglu, geglu, reglu");
    v("bias", self.bias, "biases in linear maps and LayerNorm");
    v("qk_norm", self.qk_norm, "RMSNorm of queries and keys");
    v("tied_embeddings", self.tied_embeddings, "one matrix for the embedding and the head");
    v("embd_dropout", self.embd_dropout, "dropout after the embedding");
    v("attn_dropout", self.attn_dropout, "dropout of attention weights");
    v("resid_dropout", self.resid_dropout, "dropout of what each block adds");
    v("logit_softcap", self.logit_softcap, "c: logits become c tanh(logits / c); 0: off");
    v("logit_scale", self.logit_scale,
      "multiplies the logits outside training; below 1 where the model is surer than it should be (Guo et al. 2017)");
    v("label_smoothing", self.label_smoothing, "in training only");
    v("z_loss", self.z_loss, "weight of log(Z)^2 in training; 0: off");
    v("init_from", self.init_from, "folder with weights to start from: a Hugging Face GPT-2 folder or a run folder");
    v("lora", self.lora, "train low-rank additions to the weights of init_from instead of them");
    v("distill", self.distill, "learn from the distributions of a trained model beside the text");
  }
  Problems validate() const;

  int64_t kv_heads() const { return n_kv_head ? n_kv_head : n_head; }
  int64_t inner() const;
  int64_t head_size() const { return n_embd / n_head; }
};

class GptBlockImpl;

class GptImpl : public LanguageModel {
 public:
  explicit GptImpl(const GptConfig& config);  // requires vocab_size > 0

  Tensor features(const Tensor& ids, const Tensor& first_key, KvCache* cache) override;
  Tensor logits(const Tensor& features) override;
  void initialise(uint64_t seed) override;
  KvCache make_cache(int64_t batch, int64_t capacity) const override;
  int64_t context_length() const override { return config_.block_size; }
  int64_t vocab_size() const override { return config_.vocab_size; }
  Json config_json() const override { return write_config(config_); }
  double train_flops_per_token() const override;
  const GptConfig& config() const { return config_; }

 private:
  GptConfig config_;
  Embedding wte_{nullptr}, wpe_{nullptr};
  std::vector<std::shared_ptr<GptBlockImpl>> blocks_;
  Norm ln_f_{nullptr};
  Linear lm_head_{nullptr};  // absent when tied
  Bf16Copy head_copy_;
  Rotary rotary_;  // of all positions; made on first use on each device
};
TORCH_MODULE(Gpt);

}  // namespace ingot
