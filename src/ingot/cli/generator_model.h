// A Generator as the server wants it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ingot/server/model.h"

namespace ingot::cli {

// `name` empty: that of the folder.
std::unique_ptr<TextModel> load_generator_model(const std::filesystem::path& folder, const std::string& device,
                                                const std::string& checkpoint, const std::string& name);

}  // namespace ingot::cli
