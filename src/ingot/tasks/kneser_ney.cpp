#include "ingot/tasks/kneser_ney.h"

#include <algorithm>
#include <cmath>

#include "ingot/base/error.h"

namespace ingot {
namespace {

constexpr char32_t kBeginMark = 0xFFFFFFFE, kEndMark = 0xFFFFFFFF;  // no characters

// Chen and Goodman 1999, equation 17 and its like for two and three.
std::array<double, 4> discounts_of(const std::array<double, 5>& seen) {
  const double y = seen[1] / (seen[1] + 2 * seen[2]);
  std::array<double, 4> discounts = {0, 0, 0, 0};
  for (size_t k = 1; k <= 3; ++k) {
    discounts[k] = double(k) - double(k + 1) * y * seen[k + 1] / seen[k];
    if (!(discounts[k] >= 0 && discounts[k] <= double(k))) return {0, 0.5, 1, 1.5};
  }
  return discounts;
}

}  // namespace

KneserNey::KneserNey(std::span<const std::vector<char32_t>> documents, int64_t order, int64_t vocabulary)
    : order_(order), vocabulary_(vocabulary), nodes_(1) {
  require("n-gram", order >= 1 && order <= 16, "the order is ", order, ", expected 1 to 16");
  // 1. Count. `recent[n]` is the node of the last n symbols.
  std::vector<uint32_t> recent;
  const auto count = [&](char32_t symbol) {
    for (size_t n = std::min(recent.size(), size_t(order)); n > 0; --n) {
      if (n == recent.size()) recent.push_back(0);
      recent[n] = find_or_add(recent[n - 1], symbol);
      ++nodes_[recent[n]].count;
    }
  };
  for (const auto& document : documents) {
    recent = {0};
    count(kBeginMark);
    nodes_[recent[1]].at_begin = true;
    for (const auto symbol : document) count(symbol);
    count(kEndMark);
  }
  // 2. Below the full order an n-gram counts once for each symbol before it; nothing stands before the begin mark.
  for (auto& node : nodes_)
    if (node.length < order_ && !node.at_begin) node.count = 0;
  for (size_t i = 1; i < nodes_.size(); ++i)
    if (nodes_[i].length > 1) ++nodes_[nodes_[i].suffix].count;
  if (const auto begin = find(0, kBeginMark); begin != kNone) nodes_[begin].count = 0;  // it is never predicted
  // 3. Discounts of each order.
  std::vector<std::array<double, 5>> seen(size_t(order_) + 1);
  for (const auto& node : nodes_)
    if (node.count >= 1 && node.count <= 4) ++seen[node.length][node.count];
  for (const auto& counts : seen) discounts_.push_back(discounts_of(counts));
  for (const auto& [key, child] : next_) {
    auto& context = nodes_[key >> 32];
    context.total += nodes_[child].count;
    context.reserved += discount(nodes_[child]);
  }
}

uint32_t KneserNey::find(uint32_t node, char32_t symbol) const {
  const auto found = next_.find(uint64_t(node) << 32 | symbol);
  return found == next_.end() ? kNone : found->second;
}

uint32_t KneserNey::find_or_add(uint32_t node, char32_t symbol) {
  const auto [found, is_new] = next_.try_emplace(uint64_t(node) << 32 | symbol, uint32_t(nodes_.size()));
  if (!is_new) return found->second;
  const auto id = found->second;
  INGOT_INVARIANT(id != kNone, "too many n-grams");
  Node added;
  added.length = uint16_t(nodes_[node].length + 1);
  added.at_begin = nodes_[node].at_begin;
  nodes_.push_back(added);
  if (node != 0) {
    const auto suffix = find_or_add(nodes_[node].suffix, symbol);
    nodes_[id].suffix = suffix;
  }
  return id;
}

std::vector<double> KneserNey::log_p(std::span<const char32_t> document) const {
  std::vector<uint32_t> recent = {0};
  const auto read = [&](char32_t symbol) {
    std::vector<uint32_t> next = {0};
    for (size_t n = 0; n < recent.size() && n + 1 < size_t(order_); ++n)
      next.push_back(recent[n] == kNone ? kNone : find(recent[n], symbol));
    recent = std::move(next);
  };
  read(kBeginMark);
  std::vector<double> result;
  for (size_t i = 0; i <= document.size(); ++i) {
    const auto symbol = i < document.size() ? document[i] : kEndMark;
    double p = 1. / double(vocabulary_);
    for (const auto context : recent) {
      if (context == kNone || nodes_[context].total == 0) break;  // nor was any longer one seen
      const auto found = find(context, symbol);
      const double kept = found == kNone ? 0 : nodes_[found].count - discount(nodes_[found]);
      p = (kept + nodes_[context].reserved * p) / nodes_[context].total;
    }
    result.push_back(std::log(p));
    read(symbol);
  }
  return result;
}

double KneserNey::nats(std::span<const char32_t> document) const {
  double total = 0;
  for (const double value : log_p(document)) total -= value;
  return total;
}

}  // namespace ingot
