// CLIP: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", with the sigmoid
// loss of Zhai et al. 2023 (SigLIP) by choice. The image tower is a residual network (as in the paper's table 19), the
// text tower a pre-norm Transformer. Differs from the paper: text is bidirectional and averaged over its tokens instead
// of read at the end token; positions and images are small. A sound is read by a residual network over its spectrogram.
#pragma once

#include "ingot/models/resnet.h"
#include "ingot/nn/encoder.h"
#include "ingot/tasks/contrast.h"

namespace ingot {

enum class ContrastLoss { InfoNce, Sigmoid };
template <>
struct EnumNames<ContrastLoss> {
  static constexpr std::pair<const char*, ContrastLoss> kValues[] = {{"infonce", ContrastLoss::InfoNce},
                                                                     {"sigmoid", ContrastLoss::Sigmoid}};
};

struct TextTowerConfig {  // [model.text]
  int64_t layers = 12, width = 512, heads = 8, inner = 2048, context = 76;
  double dropout = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("layers", self.layers, "Transformer blocks");
    v("width", self.width, "of a token");
    v("heads", self.heads, "attention heads");
    v("inner", self.inner, "width inside the feed-forward network");
    v("context", self.context, "tokens of a text at most; the rest is cut off");
    v("dropout", self.dropout, "of embeddings, attention and feed-forward outputs");
  }
};

struct ClipConfig {
  std::string name = "clip";
  ResNetConfig image;
  TextTowerConfig text;
  ResNetConfig sound;
  int64_t embedding = 512;
  double image_dropout = 0;
  ContrastLoss loss = ContrastLoss::InfoNce;
  double max_scale = 100;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "clip");
    v("image", self.image, "residual network of the images");
    v("text", self.text, "Transformer of the texts");
    v("sound", self.sound, "residual network of the spectrograms, for pairs of image and sound");
    v("embedding", self.embedding, "dimensions of the common space");
    v("image_dropout", self.image_dropout, "of an image's features before their projection");
    v("loss", self.loss, "infonce: softmax over the batch both ways; sigmoid: each pair of the batch by itself");
    v("max_scale", self.max_scale, "the learned factor on the cosines is held at or below it");
  }
  Problems validate() const;
};

// logits [B, B]; `same` [B, B] bool marks pairs off the diagonal that are no negatives. Sums over the B pairs: the mean
// of both directions' cross-entropies; Zhai et al. 2023, equation 1.
Tensor info_nce(const Tensor& logits, const Tensor& same);
Tensor sigmoid_contrast(const Tensor& logits, const Tensor& same);

class ClipImpl : public PairEncoder {
 public:
  // `vocab_size` 0: the partners are sounds.
  ClipImpl(const ClipConfig& config, int64_t channels, int64_t vocab_size);
  void initialise(uint64_t seed) override;
  Tensor embed_images(const Tensor& images) override;
  Tensor embed_partners(const Partners& partners) override;
  Tensor loss(const Tensor& images, const Tensor& partners, const Tensor& same) override;
  double scale() const override;
  int64_t context() const override { return config_.text.context; }
  double forward_flops(int64_t height, int64_t width) const override;
  Json card() const override;

 private:
  ClipConfig config_;
  ResNet visual_{nullptr}, sound_{nullptr};
  Embedding token_embedding_{nullptr}, positional_embedding_{nullptr};
  std::vector<EncoderBlock> blocks_;
  Norm ln_final_{nullptr};
  Linear image_projection_{nullptr}, partner_projection_{nullptr};
  Tensor logit_scale_, logit_bias_;
};
TORCH_MODULE(Clip);

}  // namespace ingot
