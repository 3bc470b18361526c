// Export of any family as it is. Torch-free header: `ingot export` includes it.
#pragma once

#include <filesystem>
#include <string>

#include "ingot/base/json.h"

namespace ingot {

// Writes model.safetensors (the checkpoint's weights under their own names: torchvision's in resnet and faster_rcnn),
// config.json (family, [model] and [data] of the recipe with every default) and the run's assets into `out`, which must
// not exist or be empty. Returns what export_hugging_face does.
Json export_plain(const std::filesystem::path& run_folder, const std::filesystem::path& out,
                  const std::string& checkpoint = "best");

Json exported_files(const std::filesystem::path& out);  // [{"file", "bytes", "sha256"}], by name

}  // namespace ingot
