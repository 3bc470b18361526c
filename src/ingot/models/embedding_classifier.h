// Embedding -> Flatten -> Dense: Chollet 2018, "Deep Learning with Python", section 6.1.2, with Keras's defaults:
// embeddings U(-0.05, 0.05), Glorot-uniform kernel, zero bias. Two classes are one logit (sigmoid), more are a softmax.
#pragma once

#include <torch/nn/module.h>

#include "ingot/base/config.h"
#include "ingot/torch/tensor.h"

namespace ingot {

struct EmbeddingClassifierConfig {
  std::string name = "embedding_classifier";
  int64_t num_words = 10000;
  int64_t length = 20;
  int64_t embedding = 8;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "embedding_classifier");
    v("num_words", self.num_words, "vocabulary, the padding id included");
    v("length", self.length, "words of a text that count: the last ones");
    v("embedding", self.embedding, "width of a word's vector");
  }
  Problems validate() const;
};

class EmbeddingClassifier : public torch::nn::Module {
 public:
  EmbeddingClassifier(const EmbeddingClassifierConfig& config, int64_t num_classes);
  void initialise(uint64_t seed);
  Tensor forward(const Tensor& ids);  // [B, T] int64 -> logits [B, C], [B, 1] for two classes

 private:
  Tensor embedding_;  // [V, E]
  Tensor kernel_;     // [T * E, C]
  Tensor bias_;       // [C]
};

}  // namespace ingot
