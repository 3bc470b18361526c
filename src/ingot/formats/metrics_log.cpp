#include "ingot/formats/metrics_log.h"

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/log.h"

namespace ingot {
namespace {

fs::path find_events_file(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) return entry.path();
  return folder / ("events.out.tfevents." + std::to_string(int64_t(unix_time_s())) + ".ingot");
}

}  // namespace

std::vector<Json> read_metrics(const fs::path& run_folder) {
  std::vector<Json> events;
  const fs::path path = run_folder / "metrics.jsonl";
  if (!fs::exists(path)) return events;
  const std::string text = read_file(path);
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    Json event = Json::parse(text.begin() + std::ptrdiff_t(begin), text.begin() + std::ptrdiff_t(end), nullptr, false);
    if (event.is_object()) events.push_back(std::move(event));
  }
  return events;
}

MetricsLog::MetricsLog(const fs::path& folder, std::optional<int64_t> last_step) : folder_(folder) {
  open(last_step, false);
}

void MetricsLog::open(std::optional<int64_t> last_step, bool keep_non_finite) {
  std::string kept;
  if (last_step)
    for (const auto& event : read_metrics(folder_))
      if (event.value("step", int64_t{0}) <= *last_step ||
          (keep_non_finite && event.value("event", "") == "non_finite"))
        kept += to_text(event) + "\n";
  lines_.reset();
  scalars_.reset();
  write_file_atomic(folder_ / "metrics.jsonl", kept);
  lines_.emplace(folder_ / "metrics.jsonl");
  scalars_.emplace(find_events_file(folder_), last_step.value_or(-1));
}

void MetricsLog::rewind(int64_t step) { open(step, true); }

void MetricsLog::write(Json event) {
  try {
    lines_->write(to_text(event));
    const std::string name = event.value("event", "");
    for (const auto& [key, value] : event.items())
      if (value.is_number() && key != "step")
        scalars_->scalar(name + "/" + key, value.get<float>(), event.value("step", int64_t{0}), unix_time_s());
  } catch (const Error& e) {
    if (!warned_) log_warning(std::string("metrics are not logged: ") + e.what());
    warned_ = true;
  }
}

}  // namespace ingot
