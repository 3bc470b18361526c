#include "ingot/plan/report/text.h"

#include <cmath>

#include <fmt/format.h>

namespace ingot::report {

Json both(const Text& text) { return {{"en", text.en}, {"zh", text.zh}}; }

std::string in_language(const Json& text, const char* language) {
  return (text.is_object() ? text.at(language) : text).get<std::string>();
}

std::string si_zh(double value) {
  const double magnitude = std::fabs(value);
  if (magnitude >= 1e8) return fmt::format("{:.3g}亿", value / 1e8);
  if (magnitude >= 1e4) return fmt::format("{:.4g}万", value / 1e4);
  return fmt::format("{:.3g}", value);
}

}  // namespace ingot::report
