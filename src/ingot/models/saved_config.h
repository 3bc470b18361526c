// The configuration of a trained model, which lies beside its weights.
#pragma once

#include <optional>

#include "ingot/base/config.h"
#include "ingot/base/file.h"
#include "ingot/tasks/task.h"

namespace ingot {

// assets/model.json of the run folder; nothing when the task is made to train, or the run has no such file.
template <Visitable Config>
std::optional<Config> saved_config(const TaskOptions& options) {
  const auto path = fs::path(options.run_folder) / "assets" / "model.json";
  if (options.purpose != Purpose::Infer || !fs::exists(path)) return std::nullopt;
  Document document{.origin = path.string()};
  document.root["model"] = read_json(path);
  return read_config<Config>(document, "model");
}

}  // namespace ingot
