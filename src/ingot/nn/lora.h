// LoRA (Hu et al. 2021): the weights of a trained model stay as they are, and chosen linear maps learn a low-rank
// addition, W x + alpha / r B A x. B starts at zero, so that step 0 is the model itself; merged, W + alpha / r B A is a
// model like any other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/torch/tensor.h"

namespace torch::nn {
class Module;
}

namespace ingot {

struct LoraConfig {  // [model.lora]
  int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  std::vector<std::string> targets = {"c_attn", "c_proj"};
  std::optional<std::vector<std::string>> also_train;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("rank", self.rank, "r, columns of B and rows of A");
    v("alpha", self.alpha, "B A is multiplied by alpha / rank");
    v("dropout", self.dropout, "of what A reads");
    v("targets", self.targets, "linear maps that learn, by name or a part of it: \"c_attn\", \"mlp.c_proj\", \"h.3\"");
    v("also_train", self.also_train, "what trains in full beside them, named likewise; left out: a head that is new");
  }
  Problems validate() const;
  double scale() const { return alpha / double(rank); }
};

// The problem of a [model.lora] that has nothing to add to.
constexpr char kLoraWithoutModel[] =
    "lora: got it without init_from, expected a trained model; name its run or Hugging Face folder in init_from";

// Freezes `module`, adds a pair A, B to each linear map that a target names, and lets `also_train` (of the config, else
// `heads`) train. Throws InvalidArgument naming what there is when a name matches nothing, and for a rank that is not
// below both sizes of a target.
void add_lora(torch::nn::Module& module, const LoraConfig& config, const std::vector<std::string>& heads = {});

// A uniform within 1 / sqrt(inputs), as the authors' program has it, B zero.
void initialise_lora(torch::nn::Module& module, uint64_t seed);

bool is_lora(const std::string& parameter);  // the A or B of a linear map

// weight + scale B A for each pair, which goes.
void merge_lora(std::map<std::string, Tensor>& tensors, double scale);

}  // namespace ingot
