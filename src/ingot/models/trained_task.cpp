#include "ingot/models/trained_task.h"

#include <torch/torch.h>

#include "ingot/formats/checkpoint_folder.h"
#include "ingot/models/registry.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"

namespace ingot {

std::unique_ptr<Task> load_trained_task(const fs::path& run_folder, const std::string& which) {
  auto task =
      make_task(read_toml(run_folder / "recipe.toml"), {.purpose = Purpose::Infer, .run_folder = run_folder.string()});
  const auto weights = find_checkpoint(run_folder, which).weights_file();
  load_module_state(task->module(), load_tensors(weights), weights.string());
  task->module().eval();
  return task;
}

}  // namespace ingot
