#include "ingot/torch/safetensors.h"

#include <cstring>

#include <ATen/ATen.h>

#include "ingot/base/error.h"

namespace ingot {
namespace {

struct Pair {
  DType file;
  at::ScalarType memory;
};
constexpr Pair kPairs[] = {{DType::Bool, at::kBool}, {DType::U8, at::kByte},       {DType::I8, at::kChar},
                           {DType::I16, at::kShort}, {DType::I32, at::kInt},       {DType::I64, at::kLong},
                           {DType::F16, at::kHalf},  {DType::BF16, at::kBFloat16}, {DType::F32, at::kFloat},
                           {DType::F64, at::kDouble}};

}  // namespace

at::ScalarType scalar_type(DType type) {
  for (const auto& pair : kPairs)
    if (pair.file == type) return pair.memory;
  fail(ErrorKind::Unsupported, "safetensors", "dtype is ", to_string(type), ", which LibTorch tensors do not have");
}

DType dtype_of(const Tensor& tensor) {
  for (const auto& pair : kPairs)
    if (pair.memory == tensor.scalar_type()) return pair.file;
  fail(ErrorKind::Unsupported, "safetensors", "dtype is ", at::toString(tensor.scalar_type()),
       ", which is not written to safetensors");
}

Tensor to_tensor(const TensorView& view) {
  auto tensor = at::empty(view.shape, at::TensorOptions().dtype(scalar_type(view.dtype)));
  if (!view.bytes.empty()) std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor;
}

std::map<std::string, Tensor> load_tensors(const fs::path& path, std::map<std::string, std::string>* metadata) {
  const SafetensorsFile file(path);
  if (metadata) *metadata = file.metadata();
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, view] : file.tensors()) tensors.emplace(name, to_tensor(view));
  return tensors;
}

void write_tensors(const fs::path& path, const std::map<std::string, Tensor>& tensors,
                   const std::map<std::string, std::string>& metadata) {
  std::map<std::string, Tensor> kept;  // owns the contiguous copies until they are written
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    const auto& plain = kept[name] = tensor.detach().cpu().contiguous();
    views[name] = {dtype_of(plain),
                   plain.sizes().vec(),
                   {static_cast<const std::byte*>(plain.data_ptr()), size_t(plain.nbytes())}};
  }
  FileWriter file(path);
  write_safetensors(file, views, metadata);
  file.sync();
  file.close();
}

void write_tensors_atomic(const fs::path& path, const std::map<std::string, Tensor>& tensors,
                          const std::map<std::string, std::string>& metadata) {
  const fs::path temporary = path.string() + ".tmp";
  try {
    write_tensors(temporary, tensors, metadata);
    fs::rename(temporary, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
  sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

}  // namespace ingot
