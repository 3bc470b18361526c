// Manual pages (troff with the man or mdoc macros) to plain text: one line a paragraph, headings on lines of their own.
// Not groff: that is a process a page, wraps lines at a terminal's width, hyphenates, and changes with its version;
// this streams, is the same everywhere and covers what the Linux manual uses.
#pragma once

#include <string>
#include <string_view>

namespace ingot {

std::string clean_man_page(std::string_view troff);

}  // namespace ingot
