// Opens a language model for inference, from a run folder or a Hugging Face folder.
#pragma once

#include <memory>
#include <string>

#include "ingot/base/file.h"
#include "ingot/tasks/lm.h"

namespace ingot {

// In eval mode, on the CPU. `which` picks the checkpoint of a run folder: "best", "latest" or a step. Throws NotFound,
// or Unsupported when the folder holds a model of another kind.
std::unique_ptr<LmTask> load_language_model(const fs::path& folder, const std::string& which = "best");

}  // namespace ingot
