#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/engine/machine.h"
#include "ingot/engine/run_folder.h"
#include "ingot/engine/run_registry.h"
#include "ingot/engine/train_config.h"
#include "ingot/engine/trainer.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/models/registry.h"
#include "ingot/torch/compat.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"

namespace ingot {

Json evaluate_task(const fs::path& run_folder, const std::string& split, const std::string& which,
                   const MakeTask& make) {
  if (!fs::exists(run_folder / "recipe.toml"))
    fail(ErrorKind::NotFound, "eval", run_folder.string(), " is no run folder: it has no recipe.toml");
  const auto recipe = read_toml(run_folder / "recipe.toml");
  const auto config = read_train_config(recipe);
  const auto checkpoint = find_checkpoint(run_folder, which);
  set_num_threads(config.train.threads > 0 ? config.train.threads : describe_machine().cores);
  set_deterministic();
  torch::manual_seed(config.train.seed);
  auto task = make(recipe, {Purpose::Train, config.train.batch_size, config.train.seed, ""});
  task->module().to(resolve_device(config.train.device));
  load_module_state(task->module(), load_tensors(checkpoint.weights_file()), checkpoint.weights_file().string());
  const Json metrics = task->evaluate(split);

  if (!run_is_active(run_folder) && fs::exists(run_folder / "run.json")) {
    Json record = read_json(run_folder / "run.json");
    record["eval"][split] = metrics;
    record["eval"][split]["step"] = checkpoint.manifest.step;
    write_json(run_folder / "run.json", record);
  }
  return {{"run", run_folder.string()},
          {"checkpoint", checkpoint.folder.filename().string()},
          {"step", checkpoint.manifest.step},
          {"split", split},
          {"metrics", metrics}};
}

Json evaluate_run(const fs::path& run_folder, const std::string& split, const std::string& checkpoint) {
  return evaluate_task(run_folder, split, checkpoint, make_task);
}

}  // namespace ingot
