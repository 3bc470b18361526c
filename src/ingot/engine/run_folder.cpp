#include "ingot/engine/run_folder.h"

#include <cstdlib>

#include <signal.h>

namespace ingot {
RunFolder::RunFolder(const fs::path& path) : path_((fs::create_directories(path), path)), lock_(path / "lock") {}

bool RunFolder::holds_a_run() const { return fs::exists(path_ / "recipe.toml"); }

fs::path next_run_folder(const std::string& name) {
  for (int n = 1;; ++n)
    if (const fs::path path = fs::path("runs") / (name + "-" + std::to_string(n)); !fs::exists(path)) return path;
}

bool run_is_active(const fs::path& run_folder) {
  // The lock itself is not touched: testing it would make a trainer that starts just then fail.
  const fs::path lock = run_folder / "lock";
  if (!fs::exists(lock)) return false;
  const long pid = std::atol(read_file(lock).c_str());
  return pid > 0 && ::kill(pid_t(pid), 0) == 0;
}

}  // namespace ingot
