// The special characters of troff by name, as in \(bu, \[em], \[:a] and \[u20AC].
#pragma once

#include <string>
#include <string_view>

namespace ingot {

// UTF-8, or "" for a name that is not known. Accented letters come as letter and combining mark, which NFC joins.
std::string man_glyph(std::string_view name);

}  // namespace ingot
