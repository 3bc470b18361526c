// One progress line on a terminal, plain lines elsewhere. Writes to stderr only. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ingot {

class Progress {
 public:
  // `total` 0: unknown. Plain mode prints a line at most every `plain_interval_s` seconds.
  Progress(std::string_view label, int64_t total, double plain_interval_s = 10);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `note` is shown behind the bar, as in "loss 3.21  18.4k tok/s". The ETA counts from the first call's `done`.
  void update(int64_t done, std::string_view note = {});
  // Prints a line of text without breaking the bar.
  void print(std::string_view line);
  void finish();

 private:
  void draw(int64_t done, std::string_view note, bool last);

  std::string label_;
  int64_t total_;
  double plain_interval_s_;
  double started_s_;
  double drawn_s_ = 0;
  int64_t first_ = -1;
  int64_t done_ = 0;
  std::string note_;
  bool terminal_;
  bool finished_ = false;
};

}  // namespace ingot
