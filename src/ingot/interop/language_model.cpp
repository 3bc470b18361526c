#include "ingot/interop/language_model.h"

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/models/gpt_weights.h"
#include "ingot/models/registry.h"
#include "ingot/models/trained_task.h"

namespace ingot {

std::unique_ptr<LmTask> load_language_model(const fs::path& folder, const std::string& which) {
  std::unique_ptr<Task> task;
  if (fs::exists(folder / "recipe.toml")) {
    task = load_trained_task(folder, which);
  } else if (is_hugging_face_folder(folder)) {
    Document recipe;
    recipe.origin = folder.string();
    recipe.root["model"] = {{"name", "gpt"}, {"init_from", folder.string()}};
    task = make_task(recipe, {.purpose = Purpose::Infer, .run_folder = folder.string()});
    task->initialise();
  } else {
    fail(ErrorKind::NotFound, "model", folder.string(),
         " is no model folder, expected recipe.toml (a run of `ingot train`) or config.json (Hugging Face) in it");
  }
  auto* lm = dynamic_cast<LmTask*>(task.get());
  if (!lm) fail(ErrorKind::Unsupported, "model", folder.string(), " is no language model; `ingot eval` evaluates it");
  (void)task.release();
  lm->module().eval();
  return std::unique_ptr<LmTask>(lm);
}

}  // namespace ingot
