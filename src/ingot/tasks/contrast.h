// Pairs of an image and a text, or an image and a sound, brought to one space in which partners lie near each other:
// retrieval in both directions, and zero-shot classification. A family supplies a PairEncoder.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "ingot/data/augment.h"
#include "ingot/data/image_pairs.h"
#include "ingot/data/log_mel.h"
#include "ingot/data/tokenizer.h"
#include "ingot/data/tokenizer_train.h"
#include "ingot/tasks/image_classify.h"
#include "ingot/tasks/task.h"

namespace ingot {

struct ContrastConfig : ImagePairConfig {  // [data]
  AugmentConfig augment;
  double keep_texts = 1;
  TokenizerTrainConfig tokenizer{.kind = "wordpiece", .vocab_size = 2000, .lowercase = true};
  MelConfig mel;
  int64_t frames = 128;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    ImagePairConfig::visit(self, v);
    v("augment", self.augment, "random changes of the training images (not mixup, not cutmix)");
    v("keep_texts", self.keep_texts, "share of an image's texts that a training step sees, in random order; 1: all");
    v("tokenizer", self.tokenizer, "learned on the training texts");
    v("mel", self.mel, "the spectrogram of a sound");
    v("frames", self.frames, "of a spectrogram, cut or padded at the end; in training the start is drawn at random");
  }
  Problems validate() const;
};

// What goes with B images: token ids and which of them are real, both [B, T], or spectrograms [B, 1, M, F].
struct Partners {
  Tensor ids, real;
  Tensor mel;
};

class PairEncoder : public torch::nn::Module {
 public:
  virtual void initialise(uint64_t seed) = 0;
  virtual Tensor embed_images(const Tensor& images) = 0;        // [B, C, H, W] -> [B, D], of length 1
  virtual Tensor embed_partners(const Partners& partners) = 0;  // -> [B, D], of length 1
  // Summed over the pairs. `same` [B, B] bool: of the same class, never set against each other.
  virtual Tensor loss(const Tensor& images, const Tensor& partners, const Tensor& same) = 0;
  virtual double scale() const = 0;                                       // of the cosines before a softmax
  virtual int64_t context() const = 0;                                    // tokens of a text, at most
  virtual double forward_flops(int64_t height, int64_t width) const = 0;  // of one pair, multiply and add
  virtual Json card() const = 0;
};

// Share of rows of `similarity` [N, M] whose k most similar columns hold one of the same label.
double recall_at(const Tensor& similarity, const std::vector<std::string>& rows,
                 const std::vector<std::string>& columns, int64_t k);

class ContrastTask : public Task {
 public:
  ContrastTask(const ContrastConfig& data, const TaskOptions& options);
  void set_model(std::shared_ptr<PairEncoder> model) { model_ = std::move(model); }
  bool of_sound() const { return !config_.sound_column.empty(); }
  int64_t channels() const { return config_.channels; }
  int64_t vocab_size() const { return tokenizer_ ? tokenizer_->vocab_size() : 0; }

  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  // Every pair once an epoch, shuffled anew each. What does not fill the last batch is left out: a pair needs others.
  Batch train_batch(int64_t index) override;
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  // {"recall1", "recall5", "recall10": mean of both ways, "to_image": {..}, "from_image": {..}, "pairs"}
  Json evaluate(const std::string& split, int64_t limit) override;
  Objective objective() const override { return {"recall10", false}; }
  // Zero-shot classes of an image: {"file": "x.png", "texts": ["a cat", ..]} -> {"label", "score", "top"}.
  // The nearest images: {"text": "a cat" or "sound": "x.wav", "images": "folder"} -> {"file", "score", "top"}.
  Json predict(const Json& request) override;
  void illustrate(const std::string& folder) override;
  std::string unit() const override { return "pair"; }
  double train_flops_per_unit() const override { return 3 * model_->forward_flops(config_.size, config_.size); }
  std::string data_hash() const override { return train_.hash; }
  void save_assets(const std::string& folder) const override;
  Json card() const override;

 private:
  Partners texts(const std::vector<std::string>& texts) const;
  Tensor spectrogram(const std::vector<float>& samples, Rng* rng) const;  // [1, M, F]
  Partners partners_of(const std::vector<const ImagePair*>& pairs, Rng* rng) const;
  Tensor embed_images(const std::vector<const Image*>& images);
  Tensor embed_partners(const Partners& partners);
  std::string name_of(const ImagePair& pair) const;

  ContrastConfig config_;
  TaskOptions options_;
  ImageFormat format_;
  LogMel mel_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  ImagePairs train_;
  std::map<std::string, ImagePairs> splits_;
  std::shared_ptr<PairEncoder> model_;
};

}  // namespace ingot
