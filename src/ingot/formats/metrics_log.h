// metrics.jsonl of a run folder, one event a line, and the same numbers for TensorBoard.
#pragma once

#include <optional>
#include <vector>

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

}  // namespace ingot
