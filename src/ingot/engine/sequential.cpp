#include "ingot/engine/sequential.h"

#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/data/permutation.h"

namespace ingot {

struct Sequential::Parts {
  std::vector<Layer> layers;
  std::vector<OptimizedParameter> parameters;  // of embeddings one, of dense layers kernel and bias, in order
  std::unique_ptr<Optimizer> optimizer;
  uint64_t seed = 0;
};

Layer Embedding(int64_t words, int64_t width, int64_t length) { return {Layer::Kind::Embedding, words, width, length}; }
Layer Flatten() { return {Layer::Kind::Flatten}; }
Layer Dense(int64_t width, Output output) { return {Layer::Kind::Dense, 0, width, 0, output}; }

Sequential::Sequential(std::vector<Layer> layers) : parts_(std::make_unique<Parts>()) {
  require("sequential",
          !layers.empty() && layers.back().kind == Layer::Kind::Dense && layers.back().width == 1 &&
              layers.back().output == Output::Sigmoid,
          "the last layer is another, expected Dense(1, Output::Sigmoid) for binary cross-entropy");
  bool flat = layers.front().kind != Layer::Kind::Embedding;
  require("sequential", !flat, "the first layer is another, expected Embedding(words, width, length)");
  int64_t features = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    auto& layer = layers[i];
    if (layer.kind == Layer::Kind::Embedding) {
      require("sequential", i == 0 && layer.inputs > 0 && layer.width > 0 && layer.length > 0, "layer ", i,
              " is an embedding of ", layer.inputs, " words, width ", layer.width, ", length ", layer.length,
              ", expected the first layer and sizes above 0");
      features = layer.width * layer.length;
    } else if (layer.kind == Layer::Kind::Flatten) {
      flat = true;
    } else {
      require("sequential", flat && layer.width > 0, "layer ", i, " is Dense(", layer.width,
              "), expected a width above 0 and a Flatten() before it");
      layer.inputs = features;
      features = layer.width;
    }
  }
  parts_->layers = std::move(layers);
}
Sequential::~Sequential() = default;

void Sequential::compile(const CompileOptions& options) {
  auto& p = *parts_;
  p.seed = options.seed;
  p.parameters.clear();
  const torch::NoGradGuard no_grad;
  const auto generator = at::detail::createCPUGenerator(options.seed);
  const auto add = [&](const std::string& name, Tensor value) {
    p.parameters.push_back({name, value.requires_grad_(true), value.dim() >= 2});
  };
  for (size_t i = 0; i < p.layers.size(); ++i) {
    const auto& layer = p.layers[i];
    const std::string name = "layer" + std::to_string(i) + ".";
    if (layer.kind == Layer::Kind::Embedding) {
      add(name + "embedding", torch::empty({layer.inputs, layer.width}).uniform_(-0.05, 0.05, generator));
    } else if (layer.kind == Layer::Kind::Dense) {
      const double glorot = std::sqrt(6.0 / double(layer.inputs + layer.width));
      add(name + "kernel", torch::empty({layer.inputs, layer.width}).uniform_(-glorot, glorot, generator));
      add(name + "bias", torch::zeros({layer.width}));
    }
  }
  p.optimizer = make_optimizer(options.optimizer, p.parameters);
}

Tensor Sequential::logits(const Tensor& x) const {
  const auto& p = *parts_;
  require("sequential", !p.parameters.empty(), "the model is not compiled, expected compile() first");
  Tensor h = x;
  size_t next = 0;
  for (const auto& layer : p.layers) {
    if (layer.kind == Layer::Kind::Embedding) {
      require("sequential", h.dim() == 2 && h.size(1) == layer.length, "x has ", h.dim() == 2 ? h.size(1) : 0,
              " ids a row, expected ", layer.length);
      h = torch::embedding(p.parameters[next++].value, h);
    } else if (layer.kind == Layer::Kind::Flatten) {
      h = h.flatten(1);
    } else {
      h = torch::addmm(p.parameters[next + 1].value, h, p.parameters[next].value);
      next += 2;
      if (layer.output == Output::Relu) h = h.relu();
      if (layer.output == Output::Tanh) h = h.tanh();
    }
  }
  return h.squeeze(1);
}

History Sequential::fit(const Examples& examples, const FitOptions& options) {
  const int64_t rows = examples.x.defined() ? examples.x.size(0) : 0;
  require("sequential", rows > 0 && examples.y.defined() && examples.y.size(0) == rows, "x has ", rows,
          " rows, expected one or more and as many labels");
  require("sequential", options.epochs > 0 && options.batch_size > 0, "epochs is ", options.epochs, ", batch_size ",
          options.batch_size, ", expected both above 0");
  auto& p = *parts_;
  const auto labels = examples.y.to(torch::kFloat);
  History history;
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    auto order = torch::empty({rows}, torch::kLong);
    for (int64_t i = 0; i < rows; ++i)
      order.data_ptr<int64_t>()[i] = int64_t(shuffled(uint64_t(i), uint64_t(rows), p.seed, uint64_t(epoch)));
    const auto x = examples.x.index_select(0, order), y = labels.index_select(0, order);
    Score score;
    for (int64_t begin = 0; begin < rows; begin += options.batch_size) {
      const auto xb = x.slice(0, begin, begin + options.batch_size), yb = y.slice(0, begin, begin + options.batch_size);
      const auto scores = logits(xb);
      const auto loss = at::binary_cross_entropy_with_logits(scores, yb, {}, {}, at::Reduction::Sum);
      for (const auto& parameter : p.parameters) parameter.value.mutable_grad() = Tensor();
      loss.backward();
      const double value = loss.item<double>();
      require("sequential", std::isfinite(value), "the loss of epoch ", epoch + 1, " is ", value,
              ", expected a finite one; lower the learning rate");
      p.optimizer->step(1, 1 / double(yb.size(0)));
      score.loss += value;
      score.accuracy += scores.detach().gt(0).eq(yb.gt(0.5)).sum().item<double>();
    }
    history.train.push_back({score.loss / double(rows), score.accuracy / double(rows)});
    if (options.validation) history.validation.push_back(evaluate(*options.validation));
  }
  return history;
}

Score Sequential::evaluate(const Examples& examples) const {
  require("sequential", examples.x.defined() && examples.x.size(0) > 0, "there is no row, expected one or more");
  const torch::NoGradGuard no_grad;
  const auto y = examples.y.to(torch::kFloat);
  const auto scores = logits(examples.x);
  const double rows = double(y.size(0));
  return {at::binary_cross_entropy_with_logits(scores, y, {}, {}, at::Reduction::Sum).item<double>() / rows,
          scores.gt(0).eq(y.gt(0.5)).sum().item<double>() / rows};
}

Tensor Sequential::predict(const Tensor& x) const {
  const torch::NoGradGuard no_grad;
  return logits(x).sigmoid();
}

int64_t Sequential::num_parameters() const {
  int64_t count = 0;
  for (const auto& parameter : parts_->parameters) count += parameter.value.numel();
  return count;
}

}  // namespace ingot
