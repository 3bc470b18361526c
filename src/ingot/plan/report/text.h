// A sentence in the languages of a page, and numbers for Chinese readers.
#pragma once

#include <string>

#include "ingot/base/json.h"

namespace ingot::report {

struct Text {
  std::string en, zh;
};
Json both(const Text& text);                                      // {"en": .., "zh": ..}
std::string in_language(const Json& text, const char* language);  // of such a text, or of a plain string

std::string si_zh(double value);  // 1.23e8 -> "1.23亿", as si() for Chinese readers

}  // namespace ingot::report
