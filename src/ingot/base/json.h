// The one value tree of the program: recipes (from TOML), run folders, requests and results are all Json.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace ingot {

using Json = nlohmann::ordered_json;  // keeps the order in which keys were written

// Parses strict JSON. Throws InvalidArgument on malformed text, depth over 128, duplicate keys or invalid UTF-8,
// naming `origin` (a file or "request"). nlohmann alone keeps the last duplicate and crashes on a deep dump.
Json parse_json(std::string_view text, std::string_view origin);
Json read_json(const std::filesystem::path& path);
// Atomic (base/file.h). Indented by two spaces, ends with a newline.
void write_json(const std::filesystem::path& path, const Json& value);
// As dump(), with invalid UTF-8 replaced by U+FFFD instead of throwing.
std::string to_text(const Json& value, int indent = -1);

}  // namespace ingot
