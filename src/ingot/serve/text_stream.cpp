#include "ingot/serve/text_stream.h"

#include <algorithm>
#include <cstdint>

#include "ingot/data/characters.h"

namespace ingot {

size_t unfinished_utf8(std::string_view text) {
  for (size_t n = 1; n <= std::min<size_t>(3, text.size()); ++n) {
    const auto byte = uint8_t(text[text.size() - n]);
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;  // a continuation: look further left for its first byte
    const size_t needs = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return byte >= 0xC2 && byte <= 0xF4 && needs > n ? n : 0;
  }
  return 0;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto character = decode_utf8(text, i);
    out += character.size ? text.substr(i, character.size) : "\xEF\xBF\xBD";
    i += std::max<size_t>(character.size, 1);
  }
  return out;
}

TextStream::TextStream(std::vector<std::string> stops) : stops_(std::move(stops)) { std::erase(stops_, ""); }

std::string TextStream::push(std::string_view bytes) {
  if (stopped_) return {};
  held_ += bytes;
  // 1. A whole stop string: the earliest ends the text.
  size_t end = std::string::npos;
  for (const auto& stop : stops_) end = std::min(end, held_.find(stop));
  if (end != std::string::npos) {
    stopped_ = true;
    held_.resize(end);
    return finish();
  }
  // 2. The longest end of the text that some stop string begins with.
  size_t keep = unfinished_utf8(held_);
  for (const auto& stop : stops_)
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > keep; --n)
      if (held_.ends_with(std::string_view(stop).substr(0, n))) keep = n;
  // 3. What is before it is final, up to the last whole character.
  auto text = held_.substr(0, held_.size() - keep);
  text.resize(text.size() - unfinished_utf8(text));
  held_.erase(0, text.size());
  return replace_invalid_utf8(text);
}

std::string TextStream::finish() {
  auto text = replace_invalid_utf8(held_);
  held_.clear();
  return text;
}

}  // namespace ingot
