// The lines of a text in memory, without copies. A line end at the end of the text begins no further line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace ingot {

class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}
  // False at the end. `line` goes up to the line feed; a carriage return before it stays.
  bool next(std::string_view& line) {
    if (begin_ >= text_.size()) return false;
    const size_t end = std::min(text_.find('\n', begin_), text_.size());
    line = text_.substr(begin_, end - begin_);
    begin_ = end + 1;
    ++number_;
    return true;
  }
  int64_t number() const { return number_; }  // of the last line, from 1

 private:
  std::string_view text_;
  size_t begin_ = 0;
  int64_t number_ = 0;
};

}  // namespace ingot
