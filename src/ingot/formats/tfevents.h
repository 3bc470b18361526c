// TensorBoard event files: scalars only, so the protobuf is written by hand. One record is
//   u64 length, u32 masked CRC-32C of the length, Event, u32 masked CRC-32C of the Event
// (tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/base/file.h"

namespace ingot {

struct ScalarEvent {
  double wall_time = 0;
  int64_t step = 0;
  std::string tag;
  float value = 0;
  bool operator==(const ScalarEvent&) const = default;
};

uint32_t crc32c(std::string_view bytes);
std::string tfevents_header(double wall_time);  // the first record of a file
std::string tfevents_record(const ScalarEvent& event);

// The scalars of a file, up to its first damaged or cut record: what a crash leaves is a valid file with a cut tail.
std::vector<ScalarEvent> read_tfevents(const fs::path& path);

class TfEventsWriter {
 public:
  // Continues `path` when it exists: its cut tail goes, and so do events after `last_step`, which resuming repeats.
  TfEventsWriter(const fs::path& path, std::optional<int64_t> last_step = {});
  void scalar(const std::string& tag, float value, int64_t step, double wall_time);

 private:
  std::optional<FileWriter> file_;
};

}  // namespace ingot
