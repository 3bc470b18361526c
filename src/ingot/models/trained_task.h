// A run as something that answers: its family's model, the trained weights, and the assets that go with them.
#pragma once

#include <memory>
#include <string>

#include "ingot/base/file.h"
#include "ingot/tasks/task.h"

namespace ingot {

// In eval mode, on the CPU. `which` is best, latest or a step. Throws NotFound for a run without such a checkpoint.
std::unique_ptr<Task> load_trained_task(const fs::path& run_folder, const std::string& which = "best");

}  // namespace ingot
