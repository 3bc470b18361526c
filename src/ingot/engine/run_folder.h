// A run folder as the trainer sees it: lock, recipe, metrics in two forms, record. The layout is in engine/train.h.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ingot/base/file.h"
#include "ingot/base/json.h"
#include "ingot/formats/tfevents.h"

namespace ingot {

// Events as JSON lines and, their numbers, as TensorBoard scalars. A failed write is warned of once and ends no run.
class MetricsLog {
 public:
  // Continues the logs of `folder`: a line cut by a crash goes, and so do events after `last_step`, which will be
  // written again. Without `last_step` the logs begin anew.
  MetricsLog(const fs::path& folder, std::optional<int64_t> last_step);
  // {"event": "train", "step": 250, "loss": 3.2}; scalar tags are "<event>/<key>".
  void write(Json event);
  void rewind(int64_t step);  // for a rollback: drops what comes after `step` but for the reports of non-finite steps

 private:
  void open(std::optional<int64_t> last_step, bool keep_non_finite);
  fs::path folder_;
  std::optional<LineWriter> lines_;
  std::optional<TfEventsWriter> scalars_;
  bool warned_ = false;
};

std::vector<Json> read_metrics(const fs::path& run_folder);  // whole lines only

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
