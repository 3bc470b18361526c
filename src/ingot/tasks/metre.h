// Metre of verse in which a character is a syllable (classical Chinese): whether a line's clauses are equally long.
// Torch-free.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

// Characters between punctuation or white space: "牀前看月光，疑是地上霜。" has clauses of 5 and 5.
std::vector<int64_t> clause_lengths(std::string_view line);
// Two clauses or more, all of one length, which is one of `metre`.
bool scans(std::string_view line, std::span<const int64_t> metre);
// Lines of `text` that are not blank.
std::vector<std::string_view> verses(std::string_view text);

}  // namespace ingot
