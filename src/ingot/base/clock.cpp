#include "ingot/base/clock.h"

#include <cmath>
#include <ctime>

#include <fmt/format.h>

namespace ingot {
namespace {
double read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}
std::string utc(const char* format) {
  const std::time_t t = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&t, &parts);
  char text[32];
  std::strftime(text, sizeof text, format, &parts);
  return text;
}
}  // namespace

double now_s() { return read_clock(CLOCK_MONOTONIC); }
double cpu_time_s() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
double thread_time_s() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
double unix_time_s() { return read_clock(CLOCK_REALTIME); }
std::string utc_timestamp() { return utc("%Y-%m-%dT%H:%M:%SZ"); }
std::string today() { return utc("%Y-%m-%d"); }

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto s = std::llround(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

}  // namespace ingot
