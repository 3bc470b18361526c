// Bidirectional encoder: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
// Understanding", exactly, and by configuration the present form: rotary positions, GeGLU, norms before the blocks, no
// work on padding (Portes et al. 2023, MosaicBERT; Warner et al. 2024, ModernBERT).
// Differs from the paper: no next-sentence task (Liu et al. 2019, RoBERTa: it does not help).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/base/config.h"
#include "ingot/nn/encoder.h"
#include "ingot/nn/lora.h"
#include "ingot/torch/tensor.h"

namespace ingot {

enum class BertHead { MaskedLm, Classify, Span };
template <>
struct EnumNames<BertHead> {
  static constexpr std::pair<const char*, BertHead> kValues[] = {
      {"masked_lm", BertHead::MaskedLm}, {"classify", BertHead::Classify}, {"span", BertHead::Span}};
};

enum class Pooling { Cls, Mean };
template <>
struct EnumNames<Pooling> {
  static constexpr std::pair<const char*, Pooling> kValues[] = {{"cls", Pooling::Cls}, {"mean", Pooling::Mean}};
};

struct BertConfig {  // [model]; sizes are named as in the published bert_config.json
  std::string name = "bert";
  BertHead head = BertHead::Classify;
  int64_t vocab_size = 0;
  int64_t hidden_size = 768;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t intermediate_size = 3072;
  int64_t max_position_embeddings = 512;
  int64_t type_vocab_size = 2;
  Activation hidden_act = Activation::Gelu;
  double hidden_dropout_prob = 0.1;
  double attention_probs_dropout_prob = 0.1;
  double layer_norm_eps = 1e-12;
  PositionKind position = PositionKind::Learned;
  double rope_theta = 10000;
  NormKind norm = NormKind::LayerNorm;
  bool pre_norm = false;
  bool bias = true;
  bool unpad = true;
  Pooling classifier_pooling = Pooling::Cls;
  std::string init_from;
  std::optional<LoraConfig> lora;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "bert");
    v("head", self.head, "masked_lm (pre-training), classify, or span (extractive question answering)");
    v("vocab_size", self.vocab_size, "rows of the embedding; 0: as many as the tokenizer has");
    v("hidden_size", self.hidden_size, "width");
    v("num_hidden_layers", self.num_hidden_layers, "blocks");
    v("num_attention_heads", self.num_attention_heads, "heads of each block");
    v("intermediate_size", self.intermediate_size, "width inside the feed-forward");
    v("max_position_embeddings", self.max_position_embeddings, "longest sequence, in tokens");
    v("type_vocab_size", self.type_vocab_size, "segments that are told apart; 0: none");
    v("hidden_act", self.hidden_act, "gelu (published), gelu_tanh, relu, geglu, swiglu and others");
    v("hidden_dropout_prob", self.hidden_dropout_prob, "dropout of embeddings, of what each block adds, of the pooled");
    v("attention_probs_dropout_prob", self.attention_probs_dropout_prob, "dropout of attention weights");
    v("layer_norm_eps", self.layer_norm_eps, "added to the variance");
    v("position", self.position, "learned (published) or rotary");
    v("rope_theta", self.rope_theta, "base of the rotary wavelengths");
    v("norm", self.norm, "layernorm (published) or rmsnorm");
    v("pre_norm", self.pre_norm, "norms before the blocks and one at the end, instead of behind (published)");
    v("bias", self.bias, "biases in the blocks' linear maps and norms");
    v("unpad", self.unpad, "leave padding out of everything but attention");
    v("classifier_pooling", self.classifier_pooling,
      "what classes are read from: cls (published), or mean of the tokens");
    v("init_from", self.init_from, "folder with weights to start from: a Hugging Face BERT folder or a run folder");
    v("lora", self.lora, "train low-rank additions to the weights of init_from, and a new head, instead of them");
  }
  Problems validate() const;
};

class BertImpl : public torch::nn::Module {
 public:
  BertImpl(const BertConfig& config, int64_t num_classes);  // requires vocab_size > 0; num_classes of head classify

  // ids, segments, real [B, T]; segments may be undefined (all 0); real: bool, what is no padding.
  // -> [N, C]; `weights` gets those of the last block's attention, [B, H, T, T]
  Tensor features(const Tensor& ids, const Tensor& segments, const Packing& packing, Tensor* weights = nullptr);
  // What each token reads of each other in the last block, mean of the heads: -> [B, T, T], rows sum to 1.
  Tensor attention(const Tensor& ids, const Tensor& segments, const Tensor& real);
  Tensor masked_logits(const Tensor& ids, const Tensor& real, const Tensor& places);  // places [M] in B T -> [M, V]
  Tensor class_logits(const Tensor& ids, const Tensor& real);                         // -> [B, num_classes]
  Tensor span_logits(const Tensor& ids, const Tensor& segments, const Tensor& real);  // -> [B, T, 2]: start, end
  void initialise(uint64_t seed);
  double train_flops_per_token(int64_t length) const;  // of sequences of that length; heads left out
  const BertConfig& config() const { return config_; }
  int64_t num_classes() const { return num_classes_; }

 private:
  BertConfig config_;
  int64_t num_classes_;
  Embedding word_embeddings_{nullptr}, position_embeddings_{nullptr}, token_type_embeddings_{nullptr};
  Norm embeddings_norm_{nullptr}, final_norm_{nullptr};
  std::vector<EncoderBlock> layers_;
  Linear transform_{nullptr}, pooler_{nullptr}, classifier_{nullptr}, qa_outputs_{nullptr};
  Norm transform_norm_{nullptr};
  Tensor decoder_bias_;  // [V]
  Bf16Copy decoder_copy_;
  Rotary rotary_;  // of all positions; made on first use on each device
};
TORCH_MODULE(Bert);

}  // namespace ingot
