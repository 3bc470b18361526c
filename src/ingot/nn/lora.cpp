#include "ingot/nn/lora.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/init.h"
#include "ingot/nn/linear.h"

namespace ingot {
namespace {

constexpr std::string_view kA = ".lora_a", kB = ".lora_b";

// Whole parts of a dotted name, one behind the other: "attn.c_proj" is in "h.0.attn.c_proj", "proj" is not.
bool is_part(const std::string& part, const std::string& name) {
  return ("." + name + ".").find("." + part + ".") != std::string::npos;
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

// "c_attn, c_proj", each once, in the order of the model.
std::string list_of(const std::vector<std::string>& items) {
  std::vector<std::string> seen;
  std::string text;
  for (const auto& item : items)
    if (std::find(seen.begin(), seen.end(), item) == seen.end()) {
      if (!seen.empty()) text += ", ";
      text += seen.emplace_back(item);
    }
  return text;
}

}  // namespace

Problems LoraConfig::validate() const {
  Problems problems;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) problems.push_back(detail::join_parts(parts...));
  };
  check(rank >= 1, "rank: got ", rank, ", expected 1 or more; leave [model.lora] out to train every weight");
  check(alpha > 0 && std::isfinite(alpha), "alpha: got ", alpha, ", expected above 0");
  check(dropout >= 0 && dropout < 1, "dropout: got ", dropout, ", expected 0 <= x < 1");
  check(!targets.empty(), "targets: got none, expected names of linear maps");
  return problems;
}

void add_lora(torch::nn::Module& module, const LoraConfig& config, const std::vector<std::string>& heads) {
  for (auto& value : module.parameters()) value.requires_grad_(false);

  const auto& full = config.also_train ? *config.also_train : heads;
  std::vector<std::string> maps, parameters, used;
  for (const auto& item : module.named_parameters()) {
    parameters.push_back(item.key().substr(0, item.key().find('.')));
    for (const auto& name : full)
      if (is_part(name, item.key())) item.value().requires_grad_(true), used.push_back(name);
  }
  for (const auto& item : module.named_modules("", false)) {
    auto* map = dynamic_cast<LinearImpl*>(item.value().get());
    if (!map) continue;
    maps.push_back(last_part(item.key()));
    if (map->weight.requires_grad()) continue;  // trains in full
    bool wanted = false;
    for (const auto& name : config.targets)
      if (is_part(name, item.key())) wanted = true, used.push_back(name);
    if (!wanted) continue;
    const auto smaller = std::min(map->weight.size(0), map->weight.size(1));
    require("recipe", config.rank < smaller, "model.lora.rank: got ", config.rank, ", expected below ", smaller,
            ", the smaller side of ", item.key(), "; at that rank nothing is saved");
    map->add_low_rank(config.rank, config.scale(), config.dropout);
  }
  const auto matched = [&](const std::string& name) { return std::find(used.begin(), used.end(), name) != used.end(); };
  for (const auto& name : config.targets)
    require("recipe", matched(name), "model.lora.targets: got \"", name,
            "\", which names no frozen linear map, expected ", list_of(maps),
            ", or parts of their names from the model on");
  for (const auto& name : full)
    require("recipe", matched(name) || !config.also_train, "model.lora.also_train: got \"", name,
            "\", which names no parameter, expected ", list_of(parameters), ", or parts of them");
}

void initialise_lora(torch::nn::Module& module, uint64_t seed) {
  const at::NoGradGuard no_grad;
  for (const auto& item : module.named_parameters()) {
    if (item.key().ends_with(kA))
      fill_uniform(item.value(), 1 / std::sqrt(double(item.value().size(1))), seed, item.key());
    if (item.key().ends_with(kB)) item.value().zero_();
  }
}

bool is_lora(const std::string& parameter) { return parameter.ends_with(kA) || parameter.ends_with(kB); }

void merge_lora(std::map<std::string, Tensor>& tensors, double scale) {
  for (auto item = tensors.begin(); item != tensors.end();) {
    if (!item->first.ends_with(kA)) {
      ++item;
      continue;
    }
    const auto map = item->first.substr(0, item->first.size() - kA.size());
    auto& weight = tensors.at(map + ".weight");
    const auto b = tensors.extract(map + std::string(kB)).mapped();
    weight = weight.to(at::kDouble).add_(b.to(at::kDouble).mm(item->second.to(at::kDouble)), scale).to(weight.dtype());
    item = tensors.erase(item);
  }
}

}  // namespace ingot
