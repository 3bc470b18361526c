// A Task binds a model, its data, its losses and its metrics; the loop in engine/ sees only tasks.
//
// What each family needs of it: a GAN steps two players in one step (players()); detection and CTC decode inside
// evaluate(); WaveNet and seq2seq generate inside predict(); DeepFM's embeddings have row-sparse gradients, which the
// optimisers accept. Nothing here knows files, logging, devices or optimisers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/json.h"
#include "ingot/base/toml.h"
#include "ingot/torch/tensor.h"

namespace torch::nn {
class Module;
}

namespace ingot {

// Named tensors of one micro-batch. `weight` is the number of loss terms (tokens that count, images, samples): a step
// divides the summed loss of its micro-batches by their summed weight, which makes accumulation token-correct.
struct Batch {
  std::map<std::string, Tensor> tensors;
  double weight = 0;
  const Tensor& operator[](const std::string& name) const { return tensors.at(name); }
};

// One set of parameters with its own optimiser. `prefix` selects them among module().named_parameters(); "" is all.
struct Player {
  std::string name;  // "model"; "discriminator", "generator"
  std::string prefix;
};

// The metric by which checkpoints are best and training stops early.
struct Objective {
  std::string metric = "loss";
  bool lower_is_better = true;
};

enum class Purpose { Train, Infer };  // Infer opens no training data: the model, its tokenizer and nothing else

struct TaskOptions {
  Purpose purpose = Purpose::Train;
  int64_t batch_size = 1;  // of one micro-batch
  uint64_t seed = 0;
  std::string run_folder;  // Infer: where tokenizer/ and the like were saved by save_assets()
};

class Task {
 public:
  virtual ~Task() = default;

  // All parameters and buffers. Their names are the checkpoint keys: renaming one is a format change.
  virtual torch::nn::Module& module() = 0;
  // Weights from the seed of the options alone.
  virtual void initialise() = 0;
  virtual std::vector<Player> players() const { return {{"model", ""}}; }
  // Parameters that weight decay leaves alone (norms, biases, embeddings by family custom).
  virtual bool decays(const std::string& parameter, const Tensor& value) const;
  // Parameters that Muon may take (hidden matrices); the rest goes to AdamW.
  virtual bool is_hidden_matrix(const std::string& parameter, const Tensor& value) const;

  // Micro-batch `index` of the run: a pure function of (data, recipe, seed, index), so that the data cursor is one
  // number and resume needs no reader state. CPU tensors; the loop moves them. Thread-safe with respect to itself.
  virtual Batch train_batch(int64_t index) = 0;
  // Micro-batches in one pass over the training data; 0 when the task samples without epochs.
  virtual int64_t batches_per_epoch() const = 0;
  // Summed loss of `batch` for `player`, a scalar with grad.
  virtual Tensor loss(const Batch& batch, const std::string& player) = 0;
  // Metrics over `split` ("validation", "test"): {"loss": .., "accuracy": ..}. Runs without grad in eval mode.
  // `limit`: at most that many batches, 0 = all.
  virtual Json evaluate(const std::string& split, int64_t limit = 0) = 0;
  virtual Objective objective() const { return {}; }

  // Request in, answer out: {"text": ..} -> {"label": .., "score": ..}. In eval mode and without grad.
  virtual Json predict(const Json& request);
  // Pictures that say more than the metrics, as SVG, PNG or text files in `folder`, which exists: a confusion matrix,
  // samples, boxes, spectrograms. Called at the end of training with the final (averaged) weights, in eval mode and
  // without grad.
  virtual void illustrate(const std::string& folder);

  virtual std::string unit() const = 0;             // "token", "image", "sample": what weight counts
  virtual double train_flops_per_unit() const = 0;  // forward and backward, matmuls only (Kaplan et al. 2020)
  // Tokenizer, label names and whatever else inference needs besides the weights.
  virtual void save_assets(const std::string& folder) const = 0;
  // Identity of the training data (manifest hash), part of the run record; resume refuses when it changed.
  virtual std::string data_hash() const = 0;
  // Facts for the model card: {"parameters": .., "context": .., "data": ..}.
  virtual Json card() const = 0;
};

// The split of that name; nullptr for a validation split that the run does not have, since every evaluation asks for
// one. Throws NotFound for others; `what` a split is made of: "texts".
template <typename Splits>
auto* find_split(Splits& splits, const std::string& name, const char* what) {
  const auto found = splits.find(name);
  if (found == splits.end() && name != "validation")
    fail(ErrorKind::NotFound, "eval", "this run has no split '", name, "'; name its ", what, " in data.", name);
  return found == splits.end() ? nullptr : &found->second;
}

}  // namespace ingot
