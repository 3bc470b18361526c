// Export to the Hugging Face layout. Torch-free header: `ingot export` includes it.
#pragma once

#include <filesystem>
#include <string>

#include "ingot/base/json.h"

namespace ingot {

// Writes config.json, model.safetensors and the tokenizer's files into `out`, which must not exist or be empty. Returns
// {"run", "out", "architecture", "parameters", "files": [{"file", "bytes", "sha256"}]}.
Json export_hugging_face(const std::filesystem::path& run_folder, const std::filesystem::path& out,
                         const std::string& checkpoint = "best");

}  // namespace ingot
