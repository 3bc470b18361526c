// Answers requests with a trained run. Torch-free header: cli/ and server/ include it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ingot/base/json.h"

namespace ingot {

class Predictor {
 public:
  // `checkpoint` is best, latest, average or a step. Throws NotFound for what is no run folder or holds no such
  // checkpoint.
  Predictor(const std::filesystem::path& run_folder, const std::string& checkpoint);
  ~Predictor();
  // As Task::predict of the run's family says, e.g. {"text": "a fine film"} -> {"label": "positive", "score": 0.93}.
  Json operator()(const Json& request);

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

}  // namespace ingot
