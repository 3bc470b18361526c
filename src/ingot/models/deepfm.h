// DeepFM: Guo et al. 2017, "DeepFM: A Factorization-Machine based Neural Network for CTR Prediction": a linear part, a
// factorisation machine (Rendle 2010) and a deep part that share one table of embeddings. Leaving parts out gives its
// baselines: ["linear"] is logistic regression, ["linear", "fm"] the factorisation machine.
// Differs from the paper: a field with several values is their mean (weighted sum for libffm), and the machine pairs
// fields, not the values within one.
#pragma once

#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "ingot/base/config.h"
#include "ingot/nn/activation.h"
#include "ingot/nn/linear.h"
#include "ingot/torch/tensor.h"

namespace ingot {

struct DeepFmConfig {
  std::string name = "deepfm";
  std::vector<std::string> parts = {"linear", "fm", "deep"};
  int64_t embedding = 10;
  std::vector<int64_t> hidden = {400, 400, 400};
  Activation activation = Activation::Relu;
  double dropout = 0.5;
  double embedding_std = 0.01;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "deepfm");
    v("parts", self.parts, "of linear, fm, deep: [\"linear\"] is logistic regression, with fm a factorisation machine");
    v("embedding", self.embedding, "width of a value's vector");
    v("hidden", self.hidden, "widths of the deep part's layers");
    v("activation", self.activation, "of the deep part");
    v("dropout", self.dropout, "after each layer of the deep part");
    v("embedding_std", self.embedding_std, "of the vectors at the start");
  }
  Problems validate() const;
  bool has(const std::string& part) const;
};

class DeepFm : public torch::nn::Module {
 public:
  DeepFm(const DeepFmConfig& config, int64_t num_rows, int64_t num_fields, int64_t num_thresholds = 1);
  void initialise(uint64_t seed);
  // F bags a record: ids and weights [nnz], offsets [B F + 1] -> logits [B, L], one for each threshold of the label: a
  // score and L biases (CORAL, Cao et al. 2020). The tables' gradients are row-sparse.
  Tensor forward(const Tensor& ids, const Tensor& weights, const Tensor& offsets);

 private:
  DeepFmConfig config_;
  int64_t num_fields_;
  Tensor bias_;       // [L]
  Tensor linear_;     // [R, 1]
  Tensor embedding_;  // [R, K]
  std::vector<Linear> layers_;
};

}  // namespace ingot
