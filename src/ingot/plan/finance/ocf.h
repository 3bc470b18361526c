// Open Cap Format packages (Open Cap Table Coalition, 1.2): a folder of JSON files, kept exactly as they were read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/json.h"

namespace ingot::finance {

struct OcfFile {
  std::string path;  // relative to the package
  Json document;     // {"file_type": ..., "items": [...]}
};

struct OcfPackage {
  Json manifest = Json::object();
  std::string manifest_path = "Manifest.ocf.json";
  std::vector<OcfFile> files;
};

// Reads every *.ocf.json under `folder`. Throws when there is no manifest, a file_type is unknown, or an item lacks
// object_type or id.
OcfPackage read_ocf(const std::filesystem::path& folder);

// Writes the package into `folder` (made if absent; existing files of the same names are replaced, one by one, whole).
void write_ocf(const OcfPackage& package, const std::filesystem::path& folder);

// Sets the manifest's file lists and their md5 from the files. Only for packages that changed or were made here.
void refresh_manifest(OcfPackage& package, const std::string& generated_at);

// The file that holds objects of this type, made (and named as in the OCF samples) when absent.
OcfFile& file_for(OcfPackage& package, const std::string& file_type);

}  // namespace ingot::finance
