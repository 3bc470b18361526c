// The short way in: a stack of layers, compile, fit, evaluate, predict, as in Keras and with Keras's defaults.
//
//   Sequential model({Embedding(10000, 8, 20), Flatten(), Dense(1, Output::Sigmoid)});
//   model.compile({.optimizer = {.name = OptimizerKind::Adam, .eps = 1e-7}});
//   model.fit(train, {.epochs = 10, .batch_size = 32, .validation = test});
//   model.evaluate(test).accuracy;
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingot/engine/optimizer.h"
#include "ingot/torch/tensor.h"

namespace ingot {

enum class Output { Linear, Relu, Tanh, Sigmoid };

struct Layer {
  enum class Kind { Embedding, Flatten, Dense } kind;
  int64_t inputs = 0;  // words of an embedding
  int64_t width = 0;
  int64_t length = 0;  // ids of a row
  Output output = Output::Linear;
};
Layer Embedding(int64_t words, int64_t width, int64_t length);  // ids [B, length] -> [B, length, width]
Layer Flatten();                                                // [B, ...] -> [B, features]
Layer Dense(int64_t width, Output output = Output::Linear);     // [B, features] -> [B, width]

struct Examples {
  Tensor x;  // [N, length] int64 after an embedding, else [N, features] float
  Tensor y;  // [N], 0 or 1
};

struct CompileOptions {  // the loss is binary cross-entropy: the last layer is Dense(1, Output::Sigmoid)
  OptimizerConfig optimizer = {.name = OptimizerKind::Adam, .eps = 1e-7};
  uint64_t seed = 0;
};

struct FitOptions {
  int64_t epochs = 1;
  int64_t batch_size = 32;
  std::optional<Examples> validation;
};

struct Score {
  double loss = 0;
  double accuracy = 0;
};

struct History {  // one entry an epoch; train scores are means over the batches as they were trained on
  std::vector<Score> train, validation;
};

class Sequential {
 public:
  explicit Sequential(std::vector<Layer> layers);  // throws InvalidArgument when layers do not fit
  ~Sequential();
  void compile(const CompileOptions& options = {});  // draws the weights anew
  History fit(const Examples& examples, const FitOptions& options = {});
  Score evaluate(const Examples& examples) const;
  Tensor predict(const Tensor& x) const;  // [N] probabilities
  int64_t num_parameters() const;

 private:
  struct Parts;
  Tensor logits(const Tensor& x) const;  // [B]
  std::unique_ptr<Parts> parts_;
};

}  // namespace ingot
