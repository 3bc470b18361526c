#include "ingot/data/clean.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <utf8proc.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/characters.h"
#include "ingot/data/unicode.h"

namespace ingot {
namespace {

// WHATWG Encoding Standard, index windows-1252: 0x80 to 0x9F; the five unassigned bytes map to themselves.
constexpr uint16_t kWindows1252[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                       0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                       0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                       0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::string decode_utf16(std::string_view bytes, bool big_endian, int64_t& repaired) {
  std::string text;
  const auto unit = [&](size_t i) {
    const uint32_t a = uint8_t(bytes[i]), b = uint8_t(bytes[i + 1]);
    return big_endian ? a << 8 | b : b << 8 | a;
  };
  for (size_t i = 2; i + 1 < bytes.size(); i += 2) {
    uint32_t c = unit(i);
    if (c >= 0xD800 && c <= 0xDBFF && i + 3 < bytes.size() && unit(i + 2) >= 0xDC00 && unit(i + 2) <= 0xDFFF) {
      c = 0x10000 + ((c - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    } else if (c >= 0xD800 && c <= 0xDFFF) {
      c = 0xFFFD;
      ++repaired;
    }
    append_utf8(text, c);
  }
  return text;
}

// Composes the lines that hold a character NFC may change; line feeds never take part in a composition.
void compose_lines(std::string& text, int64_t& changed) {
  std::string out;
  size_t copied = 0;
  for (size_t at = 0; at < text.size();) {
    at += ascii_prefix(std::string_view(text).substr(at));
    if (at >= text.size()) break;
    const Decoded c = decode_utf8(text, at);
    if (!(character_flags(c.code_point) & kMayCompose) || c.size == 0) {
      at += std::max(c.size, 1u);
      continue;
    }
    const size_t before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
    const size_t begin = std::max(copied, before == std::string::npos ? 0 : before + 1);
    const size_t end = std::min(text.find('\n', at), text.size());
    utf8proc_uint8_t* composed = nullptr;
    const auto size =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + begin), utf8proc_ssize_t(end - begin),
                     &composed, utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (size >= 0) {
      const std::string_view line(reinterpret_cast<const char*>(composed), size_t(size));
      if (line != std::string_view(text).substr(begin, end - begin)) {
        out.append(text, copied, begin - copied).append(line);
        copied = end;
        ++changed;
      }
    }
    std::free(composed);
    at = end;
  }
  if (copied > 0) text = out.append(text, copied);
}

// Writes cleaned lines: knows how to trim and to fold empty lines.
class LineSink {
 public:
  LineSink(std::string& out, bool trim) : out_(out), trim_(trim) {}
  void end_line() {
    if (trim_) {
      while (out_.size() > line_begin_ && (out_.back() == ' ' || out_.back() == '\t')) out_.pop_back();
      const bool empty = out_.size() == line_begin_;
      if (empty && empty_before_) return;
      empty_before_ = empty;
    }
    out_ += '\n';
    line_begin_ = out_.size();
  }
  void finish() {
    if (!trim_) return;
    while (!out_.empty() && (out_.back() == ' ' || out_.back() == '\t' || out_.back() == '\n')) out_.pop_back();
    if (!out_.empty()) out_ += '\n';
  }

 private:
  std::string& out_;
  bool trim_;
  size_t line_begin_ = 0;
  bool empty_before_ = true;  // leading empty lines go too
};

// 1 for the ASCII characters that clean_text must look at: controls, line ends and DEL.
constexpr auto kSpecialAscii = [] {
  std::array<bool, 256> special{};
  for (int c = 0; c < 32; ++c) special[size_t(c)] = c != '\t';
  special[127] = true;
  for (int c = 128; c < 256; ++c) special[size_t(c)] = true;
  return special;
}();

}  // namespace

std::vector<std::string> CleanConfig::validate() const {
  Problems problems;
  if (boilerplate < 0) problems.push_back("boilerplate: got " + std::to_string(boilerplate) + ", expected 0 or more");
  return problems;
}

void CleanCounts::add(const CleanCounts& other) {
  utf8_repaired += other.utf8_repaired;
  control_dropped += other.control_dropped;
  nfc_changed += other.nfc_changed;
  boilerplate_dropped += other.boilerplate_dropped;
}

std::string repair_utf8(std::string_view bytes, int64_t* repaired) {
  int64_t ignored = 0;
  int64_t& count = repaired ? *repaired : ignored;
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    return decode_utf16(bytes, bytes[0] == '\xFE', count);
  int64_t valid = 0, invalid = 0;
  for (size_t at = 0; at < bytes.size();) {
    at += ascii_prefix(bytes.substr(at));
    if (at >= bytes.size()) break;
    const uint32_t size = decode_utf8(bytes, at).size;
    ++(size ? valid : invalid);
    at += std::max(size, 1u);
  }
  std::string text;
  if (invalid == 0) return text.assign(bytes);
  count += invalid;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (size_t at = 0; at < bytes.size();) {
    const size_t plain = ascii_prefix(bytes.substr(at));
    text.append(bytes, at, plain);
    at += plain;
    if (at >= bytes.size()) break;
    const uint8_t byte = uint8_t(bytes[at]);
    if (valid == 0) {
      append_utf8(text, byte < 0xA0 ? kWindows1252[byte - 0x80] : byte);
      ++at;
    } else if (const uint32_t size = decode_utf8(bytes, at).size) {
      text.append(bytes, at, size);
      at += size;
    } else {
      append_utf8(text, 0xFFFD);
      ++at;
    }
  }
  return text;
}

void clean_text(const CleanConfig& config, std::string& text, CleanCounts& counts) {
  if (config.utf8) text = repair_utf8(text, &counts.utf8_repaired);
  if (config.control || config.spaces) {
    std::string out;
    out.reserve(text.size() + 1);
    LineSink lines(out, config.spaces);
    for (size_t at = 0; at < text.size();) {
      size_t plain = at;
      while (plain < text.size() && !kSpecialAscii[uint8_t(text[plain])]) ++plain;
      out.append(text, at, plain - at);
      at = plain;
      if (at >= text.size()) break;
      const char byte = text[at];
      if (byte == '\n' || (byte == '\r' && config.spaces)) {
        lines.end_line();
        at += byte == '\r' && at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
        continue;
      }
      const Decoded c = decode_utf8(text, at);
      const uint32_t size = std::max(c.size, 1u);
      const uint8_t flags = c.size ? character_flags(c.code_point) : 0;
      if (config.control && (flags & kDropped)) {
        ++counts.control_dropped;
      } else if (config.spaces && (flags & kLineBreak)) {
        lines.end_line();
      } else if (config.spaces && (flags & kSpace)) {
        out += ' ';
      } else {
        out.append(text, at, size);
      }
      at += size;
    }
    lines.finish();
    text.swap(out);
  }
  if (config.nfc) compose_lines(text, counts.nfc_changed);
}

namespace {
constexpr size_t kWays = 8;
constexpr size_t kBuckets = size_t{1} << 15;
constexpr size_t kShortestLine = 40;  // headings, braces and short refrains are not boilerplate
}  // namespace

BoilerplateFilter::BoilerplateFilter(int64_t max_documents) : max_documents_(max_documents) {
  if (max_documents > 0) counters_.resize(kBuckets * kWays);
}

BoilerplateFilter::Counter& BoilerplateFilter::counter(uint64_t line) {
  Counter* bucket = &counters_[(line >> 49) * kWays];
  Counter* least = bucket;
  for (size_t i = 0; i < kWays; ++i) {
    if (bucket[i].line == line && bucket[i].documents > 0) return bucket[i];
    if (bucket[i].documents < least->documents) least = &bucket[i];
  }
  if (least->documents > 0)
    for (size_t i = 0; i < kWays; ++i) --bucket[i].documents;
  if (least->documents <= 0) *least = {line, 0, -1};
  return *least;
}

int64_t BoilerplateFilter::apply(std::string& text) {
  if (max_documents_ == 0) return 0;
  const int64_t document = document_++;
  int64_t dropped = 0;
  std::string out;
  size_t copied = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const size_t next = std::min(end + 1, text.size());
    if (end - begin >= kShortestLine) {
      const uint64_t line = xxh3(text.data() + begin, end - begin);
      Counter& seen = counter(line);
      if (seen.line == line) {
        if (seen.last_document != document) ++seen.documents;
        seen.last_document = document;
        if (seen.documents > max_documents_) {
          out.append(text, copied, begin - copied);
          copied = next;
          ++dropped;
        }
      }
    }
    begin = next;
  }
  if (dropped > 0) text = out.append(text, copied);
  return dropped;
}

}  // namespace ingot
