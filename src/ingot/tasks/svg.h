// What pictures in SVG share.
#pragma once

#include <string>

namespace ingot {

inline std::string xml_text(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return result;
}

}  // namespace ingot
