#include "ingot/base/log.h"

#include <cstdio>

#include <fmt/format.h>

namespace ingot {

void log_info(std::string_view line) { fmt::print(stderr, "{}\n", line); }
void log_warning(std::string_view line) { fmt::print(stderr, "warning: {}\n", line); }

}  // namespace ingot
