// Initial weights from (seed, parameter name) alone: the same on every machine and device, whatever else the model has.
#pragma once

#include <cstdint>
#include <string_view>

#include "ingot/torch/tensor.h"

namespace ingot {

// Fills `weight` in place, without grad: normal with mean 0, or uniform in [-bound, bound).
void fill_normal(const Tensor& weight, double std, uint64_t seed, std::string_view name);
void fill_uniform(const Tensor& weight, double bound, uint64_t seed, std::string_view name);

}  // namespace ingot
