// Random text that meets the corners of the split patterns more often than prose does.
#pragma once

#include <string>

#include "ingot/base/rng.h"
#include "ingot/data/unicode.h"

namespace ingot {

inline std::string random_bytes(Rng& rng, size_t size) {
  std::string out;
  while (out.size() < size) out += char(rng.below(256));
  return out;
}

inline std::string random_text(Rng& rng, size_t characters) {
  static constexpr std::u32string_view kCorners =
      U"  \n\r\t\v\u00A0\u0085\u180E\u1680\u2003\u2028\u3000\uFEFF'''''sStTmMdDrReEvVlL\u017F09\u0663\u00BD\u2160"
      U"aZ\u00E9\u0301\u0130\u03A3\u03C3\u0E01\u0E34\u4E2D\u6587\u3042\u0627\u0644.,!?-_/\\(){}<>@#$%^&*+=|~`\u20AC"
      U"\U0001F917\U0001F468\u200D\U0001F469\uFE0F\U00020000\U000E0061\uE000\x01\x7F";
  std::string out;
  for (size_t i = 0; i < characters; ++i) {
    if (rng.below(16) > 0) {
      append_utf8(out, kCorners[rng.below(kCorners.size())]);
    } else {
      const auto c = char32_t(rng.below(0x110000));
      append_utf8(out, c >= 0xD800 && c <= 0xDFFF ? U' ' : c);
    }
  }
  return out;
}

}  // namespace ingot
