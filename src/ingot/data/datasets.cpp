#include "ingot/data/datasets.h"

#include <algorithm>

#include "ingot/base/csv.h"
#include "ingot/base/embedded.h"
#include "ingot/base/env.h"
#include "ingot/base/lines.h"

namespace ingot {

std::span<const EmbeddedFile> dataset_facts();

const std::vector<Dataset>& datasets() {
  static const auto all = [] {
    const auto table = [](const char* name) {
      const EmbeddedFile* file = find_embedded(dataset_facts(), name);
      INGOT_INVARIANT(file, name, " is not embedded");
      return parse_csv(file->bytes, name);
    };
    std::vector<Dataset> sets;
    const CsvTable names = table("datasets.csv"), files = table("dataset_files.csv");
    for (size_t i = 0; i < names.rows.size(); ++i)
      sets.push_back({names.text(i, "name"),
                      names.text(i, "task"),
                      names.text(i, "licence"),
                      names.text(i, "source"),
                      int64_t(names.number(i, "files")),
                      int64_t(names.number(i, "bytes")),
                      {}});
    for (size_t i = 0; i < files.rows.size(); ++i) {
      const auto set =
          std::find_if(sets.begin(), sets.end(), [&](const auto& s) { return s.name == files.text(i, "dataset"); });
      INGOT_INVARIANT(set != sets.end() && is_safe_path(files.text(i, "file")), "dataset_files.csv, row ", i);
      set->files.push_back(
          {files.text(i, "file"), files.text(i, "url"), files.text(i, "sha256"), int64_t(files.number(i, "bytes"))});
    }
    return sets;
  }();
  return all;
}

const Dataset& find_catalogued(std::string_view name) {
  std::vector<std::string> names;
  std::vector<const Dataset*> shortened;  // "tinyshakespeare" for lm-tinyshakespeare
  for (const auto& set : datasets()) {
    if (set.name == name) return set;
    if (set.name.ends_with("-" + std::string(name))) shortened.push_back(&set);
    names.push_back(set.name);
  }
  if (shortened.size() == 1) return *shortened.front();
  const std::string near = nearest_name(name, names);
  fail(ErrorKind::NotFound, "data", "no data set is called '", name, "'",
       near.empty() ? "" : "; did you mean '" + near + "'?",
       near.empty() ? "; `ingot data get --list` shows them all" : "");
}

std::string dataset_licence(std::string_view name) {
  for (const auto& set : datasets())
    if (set.name == name) return set.licence;
  return "unknown";
}

fs::path find_dataset(std::string_view name) {
  require("data", is_safe_path(name) && name.find('/') == std::string_view::npos, "data set name is '", name,
          "', expected a plain name");
  if (const auto mirror = data_mirror(); mirror && fs::is_directory(*mirror / name)) return *mirror / name;
  if (const fs::path folder = home_folder() / "datasets" / name; fs::is_directory(folder)) return folder;
  const Dataset& set = find_catalogued(name);
  if (set.name != name) return find_dataset(set.name);
  if (set.files.empty())
    fail(ErrorKind::NotFound, "data", "data set ", name,
         " is not on this machine and not downloadable as a whole; set INGOT_DATA to a "
         "folder that holds ",
         name, "/ (source: ", set.source, ")");
  fail(ErrorKind::NotFound, "data", "data set ", name, " is not on this machine; get it with `ingot data get ", name,
       "`");
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > 4096) return false;
  for (const char c : path)
    if (c == '\\' || uint8_t(c) < 0x20 || c == 0x7F) return false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;  // an empty first part is an absolute path
    begin = end + 1;
  }
  return true;
}

Problems verify_dataset(std::string_view name, const fs::path& folder) {
  std::vector<DatasetFile> files;
  if (const fs::path manifest = folder / "MANIFEST.sha256"; fs::exists(manifest)) {
    const std::string text = read_file(manifest);
    LineReader lines(text);
    for (std::string_view row; lines.next(row);) {
      if (row.empty()) continue;
      const std::string line(row);
      // sha256sum: 64 digits, two characters, the name
      if (line.size() < 67 || !is_safe_path(line.substr(66)))
        return {manifest.string() + ": '" + line + "' is no line of sha256sum with a safe relative path"};
      files.push_back({line.substr(66), "", line.substr(0, 64), -1});
    }
  } else {
    files = find_catalogued(name).files;
  }
  Problems problems;
  for (const auto& file : files) {
    const fs::path path = folder / file.file;
    if (fs::is_symlink(path) || !fs::is_regular_file(path))
      problems.push_back(path.string() + ": missing, or no regular file");
    else if (sha256_file(path) != file.sha256)
      problems.push_back(path.string() + ": does not match its SHA-256; remove the file and get the set again");
  }
  return problems;
}

fs::path find_data(const std::string& path) {
  std::vector<fs::path> places = {path};
  if (const auto mirror = data_mirror()) places.push_back(*mirror / path);
  places.push_back(home_folder() / "data" / path);
  std::string looked;
  for (const auto& place : places) {
    if (fs::exists(place)) return place;
    looked += (looked.empty() ? "" : ", ") + place.string();
  }
  fail(ErrorKind::NotFound, "data", "'", path, "' is not at ", looked, "; get it with `ingot data get ",
       path.substr(0, path.find('/')), "` or set INGOT_DATA");
}

GetResult get_dataset(const Dataset& set, const fs::path& folder, const GetProgress& progress) {
  if (fs::is_directory(folder)) {
    throw_if_any("data", verify_dataset(set.name, folder));
    return {folder, false};
  }
  const fs::path part = folder.string() + ".part";
  fs::create_directories(part);
  const FileLock lock(folder.string() + ".lock");
  for (const auto& file : set.files) {
    require("data", is_safe_path(file.file), "file name is '", file.file, "', expected a relative path without '..'");
    const fs::path path = part / file.file;
    if (fs::exists(path) && sha256_file(path) == file.sha256) continue;
    fs::create_directories(path.parent_path());
    download(file, path, progress);
  }
  std::string manifest;
  for (const auto& file : set.files) manifest += file.sha256 + "  " + file.file + "\n";
  write_file_atomic(part / "MANIFEST.sha256", manifest);
  write_file_atomic(part / "SOURCE.md", "# " + set.name + "\n\n- Task: " + set.task + "\n- Source: " + set.source +
                                            "\n- Licence: " + set.licence + "\n");
  fs::rename(part, folder);
  sync_folder(folder.parent_path());
  std::error_code ignored;
  fs::remove(folder.string() + ".lock", ignored);
  return {folder, true};
}

GetResult get_dataset(std::string_view name, const GetProgress& progress) {
  const Dataset& set = find_catalogued(name);
  name = set.name;
  if (const auto mirror = data_mirror(); mirror && fs::is_directory(*mirror / name)) {
    throw_if_any("data", verify_dataset(name, *mirror / name));
    return {*mirror / name, false};
  }
  const fs::path folder = home_folder() / "datasets" / name;
  if (!fs::is_directory(folder) && set.files.empty())
    fail(ErrorKind::Unsupported, "data", "data set ", name,
         " is a subset or repacking without public files of its own; set INGOT_DATA to a folder "
         "that holds ",
         name, "/, or make it from ", set.source);
  return get_dataset(set, folder, progress);
}

void refuse_empty_classes(const fs::path& root) {
  const auto hidden = [](const fs::path& path) { return path.filename().string().starts_with("."); };
  for (const auto& folder : fs::directory_iterator(root)) {
    if (!folder.is_directory() || hidden(folder.path())) continue;
    const auto files = fs::recursive_directory_iterator(folder.path());
    require("data",
            std::any_of(begin(files), end(files),
                        [&](const auto& entry) { return entry.is_regular_file() && !hidden(entry.path()); }),
            folder.path().string(), " is a class without a file, expected at least one; fill or remove it");
  }
}

}  // namespace ingot
