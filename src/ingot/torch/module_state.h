// A module's parameters and buffers by name, and back.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ingot/torch/tensor.h"

namespace torch::nn {
class Module;
}

namespace ingot {

// Detached views of every parameter and buffer: they see later updates. Clone to keep.
std::map<std::string, Tensor> module_state(const torch::nn::Module& module);

// Tied weights once; `trained_only`: those that are not frozen.
int64_t count_parameters(const torch::nn::Module& module, bool trained_only = false);

enum class NonFinite { Refuse, Allow };

// Copies `tensors` into the module, on whatever device it is. Throws InvalidArgument that lists what is missing,
// unexpected, of another shape, or holds NaN or infinity; `origin` names the file. Nothing is copied when it throws.
void load_module_state(torch::nn::Module& module, const std::map<std::string, Tensor>& tensors,
                       const std::string& origin, NonFinite non_finite = NonFinite::Refuse);

}  // namespace ingot
