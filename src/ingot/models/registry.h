// The one list of model families. Needs no torch header.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "ingot/base/toml.h"
#include "ingot/tasks/task.h"

namespace ingot {

struct ModelEntry {
  const char* name;     // recipe: [model] name = "gpt"
  const char* task;     // "lm"
  const char* summary;  // one line with its source
  // Reads [model] and [data] of the recipe, checks every key, builds the module.
  std::unique_ptr<Task> (*make)(const Document& recipe, const TaskOptions& options);
};

std::span<const ModelEntry> model_entries();  // sorted by name
// Throws InvalidArgument naming the nearest family when [model] name is unknown or missing.
std::unique_ptr<Task> make_task(const Document& recipe, const TaskOptions& options);

}  // namespace ingot
