// The safetensors container (huggingface/safetensors format description, 2026-05): an 8-byte header length, a JSON
// header, then the tensors without holes. Reading maps the file and copies nothing; every rule of the format is
// checked before a byte of data is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "ingot/base/file.h"

namespace ingot {

enum class DType { Bool, U8, I8, F8E4M3, F8E5M2, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64 };
size_t size_of(DType type);
const char* to_string(DType type);  // "BF16", ... as written in the header

struct TensorView {
  DType dtype = DType::F32;
  std::vector<int64_t> shape;  // empty for a scalar
  std::span<const std::byte> bytes;
};

class SafetensorsFile {
 public:
  // Throws NotFound, Io or InvalidArgument naming the file, the tensor and the rule broken.
  explicit SafetensorsFile(const fs::path& path);
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const TensorView& at(const std::string& name) const;  // throws NotFound with the nearest name
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  MappedFile file_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Checks a whole container in memory (for the fuzzer and for SafetensorsFile). `origin` is named in errors.
std::map<std::string, TensorView> parse_safetensors(std::span<const std::byte> bytes, const std::string& origin,
                                                    std::map<std::string, std::string>* metadata = nullptr);

// Writes in the order of the reference writer: by dtype alignment descending, then by name. Not atomic: callers write
// into a folder or name that is published by rename. Requires unique names and sizes that match the shapes.
void write_safetensors(FileWriter& file, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace ingot
