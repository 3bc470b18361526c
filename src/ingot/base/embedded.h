// Files that were put into the program at build time (cmake/IngotEmbed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace ingot {

struct EmbeddedFile {
  std::string_view name;   // path relative to the folder it was embedded from
  std::string_view bytes;  // lives as long as the program
};

// The file called `name`, or nullptr.
inline const EmbeddedFile* find_embedded(std::span<const EmbeddedFile> files, std::string_view name) {
  for (const auto& file : files)
    if (file.name == name) return &file;
  return nullptr;
}

}  // namespace ingot
