#include "ingot/engine/predictor.h"

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/models/trained_task.h"

namespace ingot {

struct Predictor::Model {
  std::unique_ptr<Task> task;
};

Predictor::Predictor(const fs::path& run_folder, const std::string& which) : model_(std::make_unique<Model>()) {
  if (!fs::exists(run_folder / "recipe.toml"))
    fail(ErrorKind::NotFound, "predict", run_folder.string(), " is no run folder: it has no recipe.toml");
  model_->task = load_trained_task(run_folder, which);
}

Predictor::~Predictor() = default;

Json Predictor::operator()(const Json& request) {
  const torch::NoGradGuard no_grad;
  return model_->task->predict(request);
}

}  // namespace ingot
