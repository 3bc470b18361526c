// train() for a task that is made elsewhere than in the registry of model families: tests, and families of a user.
#pragma once

#include <functional>
#include <memory>

#include "ingot/base/file.h"
#include "ingot/engine/sweep.h"
#include "ingot/engine/train.h"
#include "ingot/tasks/task.h"

namespace ingot {

using MakeTask = std::function<std::unique_ptr<Task>(const Document& recipe, const TaskOptions& options)>;

TrainResult train_task(const Document& recipe, const TrainOptions& options, const MakeTask& make);
SweepResult sweep_task(const Document& recipe, const SweepOptions& options, const MakeTask& make);
Json dry_run_task(const Document& recipe, const MakeTask& make);
Json evaluate_task(const fs::path& run_folder, const std::string& split, const std::string& checkpoint,
                   const MakeTask& make);

}  // namespace ingot
