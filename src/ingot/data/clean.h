// Text repair, in this order: UTF-8, line ends, control characters, white space, NFC. What each step changed is
// counted for the data card.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

struct CleanConfig {
  bool utf8 = true;
  bool control = true;
  bool spaces = true;
  bool nfc = true;
  int64_t boilerplate = 20;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("utf8", self.utf8,
      "repair invalid UTF-8: a text without one valid sequence is read as Windows-1252, else U+FFFD");
    v("control", self.control, "drop control characters, bidi overrides, zero-width spaces and byte order marks");
    v("spaces", self.spaces, "one kind of line end and space, no trailing spaces, at most one empty line in a row");
    v("nfc", self.nfc, "Unicode normalisation form C");
    v("boilerplate", self.boilerplate, "drop a line of 40 bytes or more once this many documents held it; 0 keeps all");
  }
  std::vector<std::string> validate() const;
};

struct CleanCounts {
  int64_t utf8_repaired = 0;        // invalid sequences replaced or re-read
  int64_t control_dropped = 0;      // characters
  int64_t nfc_changed = 0;          // lines
  int64_t boilerplate_dropped = 0;  // lines
  void add(const CleanCounts& other);
};

// Valid UTF-8 whatever the bytes were. Text that is valid already comes back unchanged.
std::string repair_utf8(std::string_view bytes, int64_t* repaired = nullptr);

// All steps but boilerplate, in place. With `utf8` off, invalid bytes pass through untouched.
void clean_text(const CleanConfig& config, std::string& text, CleanCounts& counts);

// Drops lines that many documents share (headers, licences, navigation). Counting every line of a corpus larger than
// memory is out of the question, so the counts are a set-associative form of Misra and Gries 1982, "Finding repeated
// elements": 8 counters a bucket, a newcomer to a full bucket takes one off each. Counts are never too high, so
// no line is dropped by accident of memory. Order matters: feed documents in corpus order.
class BoilerplateFilter {
 public:
  explicit BoilerplateFilter(int64_t max_documents);
  // Removes the lines from `text`; returns how many.
  int64_t apply(std::string& text);

 private:
  struct Counter {
    uint64_t line = 0;
    int64_t documents = 0;
    int64_t last_document = -1;
  };
  Counter& counter(uint64_t line);

  int64_t max_documents_;
  int64_t document_ = 0;
  std::vector<Counter> counters_;  // 2^18 of 24 bytes: 6 MiB
};

}  // namespace ingot
