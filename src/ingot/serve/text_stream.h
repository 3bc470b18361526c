// Bytes of tokens in, text that can no longer change out. Torch-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ingot {

// Holds back the bytes of an unfinished UTF-8 character and any end of the text that may be the start of a stop string.
// Bytes that can never become UTF-8 come out as U+FFFD.
class TextStream {
 public:
  explicit TextStream(std::vector<std::string> stops = {});  // empty stop strings are ignored

  // Adds a token's bytes; returns the text that is now final. After a stop string was met, returns nothing more.
  std::string push(std::string_view bytes);
  // What was held back, at the end of generation.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

// Bytes at the end of `text` that begin a UTF-8 character without finishing it (0 to 3).
size_t unfinished_utf8(std::string_view text);
// With every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace ingot
