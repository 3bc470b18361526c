// A run as something that answers: its family's model, the trained weights, and the assets that go with them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "ingot/base/file.h"
#include "ingot/tasks/task.h"
#include "ingot/torch/tensor.h"

namespace ingot {

// In eval mode, on the CPU. `which` is best, latest, average or a step. Throws NotFound for a run without such a
// checkpoint.
std::unique_ptr<Task> load_trained_task(const fs::path& run_folder, const std::string& which = "best");

// The weights of a checkpoint of a run folder, or of one of our .safetensors files. A LoRA run's are merged, so that
// they fit the model without LoRA (config_of_run). Throws InvalidArgument for a file with LoRA but without its run.
std::map<std::string, Tensor> load_run_weights(const fs::path& source, const std::string& which = "best");

// load_module_state, but for the LoRA of `module`, which stays as it is.
void load_base_weights(torch::nn::Module& module, std::map<std::string, Tensor> tensors, const std::string& origin);

}  // namespace ingot
