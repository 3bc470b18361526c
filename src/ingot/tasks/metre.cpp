#include "ingot/tasks/metre.h"

#include <algorithm>

#include "ingot/base/lines.h"
#include "ingot/data/unicode.h"

namespace ingot {

std::vector<int64_t> clause_lengths(std::string_view line) {
  std::vector<int64_t> lengths;
  bool inside = false;
  for (const char *p = line.data(), *end = p + line.size(); p < end;) {
    const auto c = next_code_point(p, end);
    const bool between = is_punctuation(c) || char_class(c) == CharClass::Space;
    if (!between && !inside) lengths.push_back(0);
    if (!between) ++lengths.back();
    inside = !between;
  }
  return lengths;
}

bool scans(std::string_view line, std::span<const int64_t> metre) {
  const auto lengths = clause_lengths(line);
  return lengths.size() >= 2 &&
         std::adjacent_find(lengths.begin(), lengths.end(), std::not_equal_to()) == lengths.end() &&
         std::find(metre.begin(), metre.end(), lengths[0]) != metre.end();
}

std::vector<std::string_view> verses(std::string_view text) {
  std::vector<std::string_view> lines;
  LineReader reader(text);
  for (std::string_view line; reader.next(line);)
    if (!clause_lengths(line).empty()) lines.push_back(line);
  return lines;
}

}  // namespace ingot
