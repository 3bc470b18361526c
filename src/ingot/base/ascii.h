// Text in which only the letters A to Z have a case: names, header fields, currency codes. For words of people see
// data/unicode.h.
#pragma once

#include <string>
#include <string_view>

namespace ingot {

inline std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  return out;
}

}  // namespace ingot
