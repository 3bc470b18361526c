// GPT-2's and cl100k's patterns by hand. One pass, no backtracking: linear on any text. An invalid byte counts as a
// character that is neither letter, number nor space.
#include "ingot/data/pretokenize.h"

namespace ingot {
namespace {

struct Scanner {
  const CharClass* classes = char_class_table();

  // Class of the character at p < end; moves p behind it.
  CharClass take(const char*& p, const char* end) const {
    if (uint8_t(*p) < 0x80) return classes[uint8_t(*p++)];
    const char32_t c = next_code_point(p, end);
    return c < kClassTableSize ? classes[c] : CharClass::Other;
  }
  // Behind the run of `wanted` that begins at p.
  const char* run(const char* p, const char* end, CharClass wanted) const {
    while (p < end) {
      const char* next = p;
      if (take(next, end) != wanted) break;
      p = next;
    }
    return p;
  }
  // Start of the last character of [begin, end), begin < end.
  static const char* last(const char* begin, const char* end) {
    do --end;
    while (end > begin && (uint8_t(*end) & 0xC0) == 0x80);
    return end;
  }
  // \s+(?!\S)|\s+ : a run of spaces leaves its last one to the word behind it.
  static const char* spaces(const char* p, const char* run_end, const char* end) {
    if (run_end == end) return run_end;
    const char* const before_last = last(p, run_end);
    return before_last > p ? before_last : run_end;
  }
};

const Scanner& scanner() {
  static const Scanner instance;
  return instance;
}

// Length of 's 't 'm 'd 're 've 'll at p, which holds the apostrophe; 0: none.
size_t contraction(const char* p, const char* end) {
  if (end - p < 2) return 0;
  const char a = p[1];
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  if (end - p < 3) return 0;
  const char b = p[2];
  return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

// The same without case; U+017F (long s) folds to s.
size_t contraction_any_case(const char* p, const char* end) {
  if (end - p >= 3 && uint8_t(p[1]) == 0xC5 && uint8_t(p[2]) == 0xBF) return 3;
  char lowered[3] = {'\'', 0, 0};
  const ptrdiff_t n = end - p < 3 ? end - p : 3;
  for (ptrdiff_t i = 1; i < n; ++i) lowered[i] = p[i] >= 'A' && p[i] <= 'Z' ? char(p[i] + 32) : p[i];
  return contraction(lowered, lowered + n);
}

}  // namespace

size_t next_gpt2(const char* const p, const char* const end) {
  const Scanner& scan = scanner();
  if (*p == '\'')
    if (const size_t n = contraction(p, end)) return n;
  const char* body = p;
  CharClass kind = scan.take(body, end);
  if (*p == ' ' && body < end) {  // " ?" before a run of one class
    const char* behind = body;
    const CharClass next = scan.take(behind, end);
    if (next != CharClass::Space) {
      kind = next;
      body = behind;
    }
  }
  const char* const run_end = scan.run(body, end, kind);
  return size_t((kind == CharClass::Space ? Scanner::spaces(p, run_end, end) : run_end) - p);
}

size_t next_cl100k(const char* const p, const char* const end, int max_digits) {
  const Scanner& scan = scanner();
  if (*p == '\'')
    if (const size_t n = contraction_any_case(p, end)) return n;
  const char* body = p;
  const CharClass kind = scan.take(body, end);
  // [^\r\n\p{L}\p{N}]?\p{L}+
  if (kind == CharClass::Letter) return size_t(scan.run(body, end, CharClass::Letter) - p);
  if (kind != CharClass::Number && *p != '\r' && *p != '\n' && body < end) {
    const char* behind = body;
    if (scan.take(behind, end) == CharClass::Letter) return size_t(scan.run(behind, end, CharClass::Letter) - p);
  }
  // \p{N}{1,3}
  if (kind == CharClass::Number) {
    for (int digits = 1; digits < max_digits && body < end; ++digits) {
      const char* behind = body;
      if (scan.take(behind, end) != CharClass::Number) break;
      body = behind;
    }
    return size_t(body - p);
  }
  // " ?[^\s\p{L}\p{N}]+[\r\n]*"
  const char* symbols = nullptr;
  if (kind == CharClass::Other) {
    symbols = body;
  } else if (*p == ' ' && body < end) {
    const char* behind = body;
    if (scan.take(behind, end) == CharClass::Other) symbols = behind;
  }
  if (symbols) {
    const char* run_end = scan.run(symbols, end, CharClass::Other);
    while (run_end < end && (*run_end == '\r' || *run_end == '\n')) ++run_end;
    return size_t(run_end - p);
  }
  // \s*[\r\n]+ : to the last line end of the run of spaces
  const char* const run_end = scan.run(body, end, CharClass::Space);
  for (const char* q = run_end; q > p; --q)
    if (q[-1] == '\r' || q[-1] == '\n') return size_t(q - p);
  return size_t(Scanner::spaces(p, run_end, end) - p);
}

}  // namespace ingot
