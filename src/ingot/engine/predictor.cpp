#include "ingot/engine/predictor.h"

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/models/registry.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"

namespace ingot {

struct Predictor::Model {
  std::unique_ptr<Task> task;
};

Predictor::Predictor(const fs::path& run_folder, const std::string& which) : model_(std::make_unique<Model>()) {
  if (!fs::exists(run_folder / "recipe.toml"))
    fail(ErrorKind::NotFound, "predict", run_folder.string(), " is no run folder: it has no recipe.toml");
  const auto weights = find_checkpoint(run_folder, which).weights_file();
  model_->task =
      make_task(read_toml(run_folder / "recipe.toml"), {.purpose = Purpose::Infer, .run_folder = run_folder.string()});
  load_module_state(model_->task->module(), load_tensors(weights), weights.string());
  model_->task->module().eval();
}

Predictor::~Predictor() = default;

Json Predictor::operator()(const Json& request) {
  const torch::NoGradGuard no_grad;
  return model_->task->predict(request);
}

}  // namespace ingot
