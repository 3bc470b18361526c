// Durations are monotonic; dates are only for people.
#pragma once

#include <string>

namespace ingot {

double now_s();          // monotonic seconds
double cpu_time_s();     // CPU seconds of this process, all threads
double thread_time_s();  // CPU seconds of this thread
double unix_time_s();
std::string utc_timestamp();  // "2026-11-24T06:10:00Z"
std::string today();          // "2026-11-24"
// "3 s", "4 min 10 s", "2 h 05 min", "3 d 4 h"
std::string format_duration(double seconds);

}  // namespace ingot
