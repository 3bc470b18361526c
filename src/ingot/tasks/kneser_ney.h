// Interpolated modified Kneser-Ney n-gram model, the baseline that a neural language model has to beat: Chen and
// Goodman 1999, "An empirical study of smoothing techniques for language modeling", section 4 and equation 26.
// Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace ingot {

class KneserNey {
 public:
  // Counts the n-grams up to `order` of the documents, each with a begin mark before it and an end mark behind it.
  // `vocabulary`: how many events a context has, the end mark and what no document holds included; the shortest context
  // backs off to 1 / vocabulary. Where a discount is not defined (an order without n-grams seen once to four times),
  // the order takes 0.5, 1, 1.5, as KenLM does. Throws InvalidArgument for an order outside 1 to 16.
  KneserNey(std::span<const std::vector<char32_t>> documents, int64_t order, int64_t vocabulary);

  // -ln p of the document and its end mark.
  double nats(std::span<const char32_t> document) const;
  // ln p of each event in turn, the end mark last.
  std::vector<double> log_p(std::span<const char32_t> document) const;

 private:
  struct Node {           // of one n-gram
    uint32_t suffix = 0;  // the n-gram without its first symbol
    uint16_t length = 0;
    bool at_begin = false;  // starts with the begin mark
    uint32_t count = 0;     // of the n-gram; below the full order, of distinct symbols before it
    double total = 0;       // as a context: counts of what follows
    double reserved = 0;    // and what the discounts take off them
  };
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t find(uint32_t node, char32_t symbol) const;
  uint32_t find_or_add(uint32_t node, char32_t symbol);
  double discount(const Node& node) const { return discounts_[node.length][std::min<uint32_t>(node.count, 3)]; }

  int64_t order_, vocabulary_;
  std::vector<Node> nodes_;                       // 0 is the empty n-gram
  std::unordered_map<uint64_t, uint32_t> next_;   // node and symbol to the node of both
  std::vector<std::array<double, 4>> discounts_;  // by length: of n-grams seen 0, 1, 2 and 3 or more times
};

}  // namespace ingot
