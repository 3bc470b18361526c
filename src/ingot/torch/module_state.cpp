#include "ingot/torch/module_state.h"

#include <sstream>

#include <torch/torch.h>

#include "ingot/base/error.h"

namespace ingot {
namespace {

std::string shape_of(const Tensor& tensor) {
  std::ostringstream out;
  out << tensor.sizes();
  return out.str();
}

}  // namespace

std::map<std::string, Tensor> module_state(const torch::nn::Module& module) {
  std::map<std::string, Tensor> state;
  for (const auto& item : module.named_parameters()) state[item.key()] = item.value().detach();
  for (const auto& item : module.named_buffers()) state[item.key()] = item.value().detach();
  return state;
}

int64_t count_parameters(const torch::nn::Module& module, bool trained_only) {
  std::map<const void*, int64_t> sizes;
  for (const auto& value : module.parameters())
    if (value.requires_grad() || !trained_only) sizes[value.unsafeGetTensorImpl()] = value.numel();
  int64_t count = 0;
  for (const auto& [tensor, size] : sizes) count += size;
  return count;
}

void load_module_state(torch::nn::Module& module, const std::map<std::string, Tensor>& tensors,
                       const std::string& origin, NonFinite non_finite) {
  const auto state = module_state(module);
  constexpr size_t kShown = 8;
  Problems problems;
  const auto complain = [&](const std::string& problem) {
    if (problems.size() < kShown) problems.push_back(origin + ": " + problem);
  };
  for (const auto& [name, target] : state) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      complain("tensor " + name + " is missing");
    } else if (found->second.sizes() != target.sizes()) {
      complain("tensor " + name + " has shape " + shape_of(found->second) + ", expected " + shape_of(target));
    } else if (non_finite == NonFinite::Refuse && found->second.is_floating_point() &&
               !found->second.isfinite().all().item<bool>()) {
      complain("tensor " + name + " holds NaN or infinity; pass --allow-nonfinite to load it all the same");
    }
  }
  for (const auto& [name, tensor] : tensors)
    if (!state.contains(name)) complain("tensor " + name + " is not in this model");
  throw_if_any("weights", problems);
  const at::NoGradGuard no_grad;
  for (const auto& [name, target] : state) {
    Tensor into = target;
    into.copy_(tensors.at(name));
  }
}

}  // namespace ingot
