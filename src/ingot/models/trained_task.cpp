#include "ingot/models/trained_task.h"

#include <algorithm>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/models/registry.h"
#include "ingot/nn/lora.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"

namespace ingot {

std::unique_ptr<Task> load_trained_task(const fs::path& run_folder, const std::string& which) {
  auto task =
      make_task(read_toml(run_folder / "recipe.toml"), {.purpose = Purpose::Infer, .run_folder = run_folder.string()});
  load_module_state(task->module(), load_run_weights(run_folder, which), run_folder.string());
  task->module().eval();
  return task;
}

std::map<std::string, Tensor> load_run_weights(const fs::path& source, const std::string& which) {
  const bool run = fs::is_directory(source);
  auto tensors = load_tensors(run ? find_checkpoint(source, which).weights_file() : source);
  if (std::none_of(tensors.begin(), tensors.end(), [](const auto& item) { return is_lora(item.first); }))
    return tensors;
  require("weights", run, source.string(), " holds LoRA, whose alpha is in its run; name the run folder instead");
  Document document{.origin = (source / "assets" / "model.json").string()};
  document.root["lora"] = read_json(document.origin).at("lora");
  merge_lora(tensors, read_config<LoraConfig>(document, "lora").scale());
  return tensors;
}

void load_base_weights(torch::nn::Module& module, std::map<std::string, Tensor> tensors, const std::string& origin) {
  for (const auto& [name, value] : module_state(module))
    if (is_lora(name)) tensors[name] = value.clone();
  load_module_state(module, tensors, origin);
}

}  // namespace ingot
