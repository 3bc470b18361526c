// TOML at the border: becomes Json plus the place of each key, and never travels further.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/json.h"

namespace ingot {

// A parsed TOML file. Dates become ISO 8601 strings; integers stay int64.
struct Document {
  Json root = Json::object();
  std::string origin;                        // file name, for errors
  std::map<std::string, std::string> where;  // "train.steps" -> "recipe.toml:7:1" or "--set"
  Json* resolved = nullptr;                  // where read_config writes the sections it reads, defaults and all

  // "recipe.toml:7:1: train.steps", or just the key when its place is unknown.
  std::string at(const std::string& key) const;
  // Applies "a.b=c"; the value is TOML, a bare word counts as a string. Throws InvalidArgument.
  void set(std::string_view assignment);
};

// Throw InvalidArgument with line and column on a syntax error or a duplicate key.
Document parse_toml(std::string_view text, std::string_view origin);
Document read_toml(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});

// Canonical TOML text of a tree of tables, arrays and scalars. Null members are left out.
std::string to_toml(const Json& value);

}  // namespace ingot
