// Encoder-decoder Transformer: Vaswani et al. 2017, "Attention Is All You Need". Norms stand before the blocks, with
// one at the end of each side (Xiong et al. 2020; as published by pre_norm = false), and source, target and output
// share one matrix (Press & Wolf 2017).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/nn/encoder.h"
#include "ingot/nn/lora.h"
#include "ingot/tasks/translate.h"

namespace ingot {

struct Seq2SeqConfig {  // [model]; names follow the paper
  std::string name = "seq2seq";
  int64_t vocab_size = 0;
  int64_t d_model = 512;
  int64_t d_ff = 2048;
  int64_t heads = 8;
  int64_t encoder_layers = 6, decoder_layers = 6;
  int64_t max_positions = 256;
  Activation activation = Activation::Relu;
  NormKind norm = NormKind::LayerNorm;
  double norm_eps = 1e-5;
  bool pre_norm = true;
  double dropout = 0.1, attention_dropout = 0;
  std::string init_from;
  std::optional<LoraConfig> lora;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "seq2seq");
    v("vocab_size", self.vocab_size, "rows of the embedding; 0: as many as the tokenizer has");
    v("d_model", self.d_model, "width");
    v("d_ff", self.d_ff, "width inside the feed-forward");
    v("heads", self.heads, "heads of each attention");
    v("encoder_layers", self.encoder_layers, "blocks of the encoder");
    v("decoder_layers", self.decoder_layers, "blocks of the decoder");
    v("max_positions", self.max_positions, "longest sentence of either side, in tokens");
    v("activation", self.activation, "relu (published), gelu, swiglu, geglu and others");
    v("norm", self.norm, "layernorm (published) or rmsnorm");
    v("norm_eps", self.norm_eps, "added to the variance");
    v("pre_norm", self.pre_norm, "norms before the blocks, else behind (published)");
    v("dropout", self.dropout, "dropout of embeddings and of what each block adds");
    v("attention_dropout", self.attention_dropout, "dropout of attention weights");
    v("init_from", self.init_from, "run folder with weights and subwords to start from");
    v("lora", self.lora, "train low-rank additions to the weights of init_from instead of them");
  }
  Problems validate() const;
};

class DecoderBlockImpl;

class Seq2SeqImpl : public EncoderDecoder {
 public:
  explicit Seq2SeqImpl(const Seq2SeqConfig& config);  // requires vocab_size > 0
  Tensor features(const Tensor& source, const Tensor& real, const Tensor& target, Tensor* attention = nullptr) override;
  Tensor logits(const Tensor& features) override;
  DecoderState start(const Tensor& source, const Tensor& real, int64_t beam, int64_t capacity) override;
  Tensor step(const Tensor& last, DecoderState& state) override;
  void initialise(uint64_t seed) override;
  int64_t longest() const override { return config_.max_positions; }
  Json config_json() const override { return write_config(config_); }

 private:
  Tensor embed(const Tensor& ids, int64_t first);                           // [B, T] -> [B, T, C]
  Tensor encode(const Tensor& source, const Tensor& real, Tensor& hidden);  // -> [B, S, C]

  Seq2SeqConfig config_;
  Embedding embedding_{nullptr};
  std::vector<EncoderBlock> encoder_;
  std::vector<std::shared_ptr<DecoderBlockImpl>> decoder_;
  Norm encoder_norm_{nullptr}, decoder_norm_{nullptr};  // absent with norms behind the blocks
  Bf16Copy head_copy_;
  Tensor positions_;  // [max_positions, C]; made on first use on each device
};
TORCH_MODULE(Seq2Seq);

}  // namespace ingot
