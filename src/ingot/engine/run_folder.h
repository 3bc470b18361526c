// A run folder as the trainer sees it: lock, recipe, record. The layout is in engine/train.h.
#pragma once

#include <string>

#include "ingot/base/file.h"

namespace ingot {

class RunFolder {
 public:
  // Makes the folder and takes its lock. Throws Io naming the process that holds it.
  explicit RunFolder(const fs::path& path);
  const fs::path& path() const { return path_; }
  fs::path checkpoints() const { return path_ / "checkpoints"; }
  bool holds_a_run() const;  // a recipe was written here before

 private:
  fs::path path_;
  FileLock lock_;
};

// runs/<name>-<n> with the first free n.
fs::path next_run_folder(const std::string& name);

// Whether the process that last locked the folder lives.
bool run_is_active(const fs::path& run_folder);

}  // namespace ingot
