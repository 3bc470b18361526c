// Tensors to and from the safetensors container (formats/safetensors.h).
#pragma once

#include <map>
#include <string>

#include "ingot/formats/safetensors.h"
#include "ingot/torch/tensor.h"

namespace ingot {

at::ScalarType scalar_type(DType type);  // throws Unsupported for types that this LibTorch lacks
DType dtype_of(const Tensor& tensor);    // likewise

Tensor to_tensor(const TensorView& view);  // a copy, on the CPU

// Every tensor of the file, copied.
std::map<std::string, Tensor> load_tensors(const fs::path& path,
                                           std::map<std::string, std::string>* metadata = nullptr);

// Writes and fsyncs `path`, which must lie in a folder that is published by rename; see write_tensors_atomic.
// Tensors may be strided or on a device; each is brought to contiguous CPU memory in turn.
void write_tensors(const fs::path& path, const std::map<std::string, Tensor>& tensors,
                   const std::map<std::string, std::string>& metadata = {});
// path.tmp, then rename.
void write_tensors_atomic(const fs::path& path, const std::map<std::string, Tensor>& tensors,
                          const std::map<std::string, std::string>& metadata = {});

}  // namespace ingot
