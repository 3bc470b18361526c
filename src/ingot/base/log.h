// One line per event on stderr. Library code reports through results and errors; only long-running work logs.
#pragma once

#include <string_view>

namespace ingot {

void log_info(std::string_view line);
void log_warning(std::string_view line);  // "warning: ..."

}  // namespace ingot
