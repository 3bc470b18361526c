// Word error rate: the fewest substitutions, insertions and deletions that turn what was said into what was heard
// (Levenshtein 1966), over the words said. The same on characters is the character error rate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

struct EditCounts {
  int64_t hits = 0, substitutions = 0, deletions = 0, insertions = 0;
  int64_t errors() const { return substitutions + deletions + insertions; }
  int64_t reference() const { return hits + substitutions + deletions; }
  double rate() const { return double(errors()) / double(reference()); }
  EditCounts& operator+=(const EditCounts& other);
};

// Of a cheapest alignment; among equals the one with the most substitutions.
EditCounts count_edits(const std::vector<std::string>& reference, const std::vector<std::string>& guess);

std::vector<std::string> words_of(std::string_view text);       // between white space
std::vector<std::string> characters_of(std::string_view text);  // UTF-8 characters, spaces as one

}  // namespace ingot
