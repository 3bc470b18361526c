#include "ingot/base/progress.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ingot/base/clock.h"
#include "ingot/base/env.h"

namespace ingot {
namespace {
size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}
}  // namespace

Progress::Progress(std::string_view label, int64_t total, double plain_interval_s)
    : label_(label),
      total_(total),
      plain_interval_s_(plain_interval_s),
      started_s_(now_s()),
      terminal_(is_terminal()) {}

Progress::~Progress() { finish(); }

void Progress::update(int64_t done, std::string_view note) {
  if (first_ < 0) first_ = done;
  done_ = done;
  note_ = note;
  const double interval = terminal_ ? 0.1 : plain_interval_s_;
  const bool last = !terminal_ && total_ > 0 && done >= total_;  // finish() prints that line, with the duration
  if (!last && now_s() - drawn_s_ >= interval) draw(done, note, false);
}

void Progress::print(std::string_view line) {
  if (terminal_) std::fputs("\r\x1b[K", stderr);
  fmt::print(stderr, "{}\n", line);
  if (terminal_ && !finished_ && first_ >= 0) draw(done_, note_, false);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (first_ >= 0) draw(done_, note_, true);
}

void Progress::draw(int64_t done, std::string_view note, bool last) {
  drawn_s_ = now_s();
  const double elapsed = drawn_s_ - started_s_;
  std::string text = label_;
  if (total_ > 0) {
    const double share = std::clamp(double(done) / double(total_), 0.0, 1.0);
    if (terminal_) {
      constexpr int kWidth = 24;
      const int filled = int(share * kWidth);
      text += " [" + std::string(size_t(filled), '=') + (filled < kWidth ? ">" : "") +
              std::string(size_t(std::max(0, kWidth - filled - 1)), ' ') + "]";
    }
    text += fmt::format(" {}/{} {:3.0f}%", done, total_, 100 * share);
    if (done > first_ && !last)
      text += "  ETA " + format_duration(elapsed / double(done - first_) * double(std::max<int64_t>(0, total_ - done)));
  } else {
    text += fmt::format(" {}", done);
  }
  if (last) text += "  " + format_duration(elapsed);
  if (!note.empty()) text += fmt::format("  {}", note);
  if (terminal_) {
    if (const size_t width = terminal_width(); text.size() >= width) text.resize(width - 1);
    fmt::print(stderr, "\r\x1b[K{}{}", text, last ? "\n" : "");
  } else {
    fmt::print(stderr, "{}\n", text);
  }
  std::fflush(stderr);
}

}  // namespace ingot
