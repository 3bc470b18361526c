// Known public data sets: where they lie on this machine, or how to get them. The table is facts/datasets.csv and
// facts/dataset_files.csv, compiled into the program.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/file.h"

namespace ingot {

struct DatasetFile {
  std::string file;  // relative to the set's folder
  std::string url;
  std::string sha256;
  int64_t bytes;
};

struct Dataset {
  std::string name, task, licence, source;
  int64_t num_files, bytes;
  std::vector<DatasetFile> files;  // empty: only a mirror has it, as a subset or a repacking of its source
};

const std::vector<Dataset>& datasets();                 // sorted by name
const Dataset& find_catalogued(std::string_view name);  // throws NotFound with the nearest name
std::string dataset_licence(std::string_view name);     // "unknown" for a set that is not in the catalogue

// The folder of a set: in the mirror (INGOT_DATA), else among the downloads. Throws NotFound with the command that
// gets it.
fs::path find_dataset(std::string_view name);

// As given, else under INGOT_DATA, else under home_folder()/data. Throws NotFound that says where it looked.
fs::path find_data(const std::string& path);

struct GetResult {
  fs::path folder;
  bool downloaded = false;  // false: it was there
};
using GetProgress = std::function<void(const std::string& file, int64_t done, int64_t total)>;

// Makes a set available and checks the SHA-256 of every file. A set in the mirror or among the downloads is only
// checked; else every file is downloaded into home_folder()/datasets/NAME.part and the folder is published whole.
// A cut download goes on where it stopped. Throws Unsupported for a set that has no public files.
GetResult get_dataset(std::string_view name, const GetProgress& progress = {});
// As above for a set that need not be in the catalogue, into `folder`.
GetResult get_dataset(const Dataset& set, const fs::path& folder, const GetProgress& progress = {});

// Downloads `url` (http, https or file) to `path`.part, going on from what is there, checks size and hash, renames.
// Throws Io; a wrong hash removes the part, so that the next try starts afresh.
void download(const DatasetFile& file, const fs::path& path, const GetProgress& progress = {});

// Problems of a folder against its MANIFEST.sha256 (sha256sum's format) or, without one, against the catalogue.
Problems verify_dataset(std::string_view name, const fs::path& folder);

// A relative path without "..", ".", empty parts, backslashes or control characters.
bool is_safe_path(std::string_view path);

// <root>/<class>/<files>: throws InvalidArgument for a class without a file (hidden ones do not count).
void refuse_empty_classes(const fs::path& root);

}  // namespace ingot
