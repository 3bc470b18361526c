#include "ingot/tasks/ctc_decode.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>

namespace ingot {
namespace {

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return std::isinf(b) ? a : a + std::log1p(std::exp(b - a));
}

struct PrefixMass {
  double blank = -INFINITY, label = -INFINITY;  // ln p of the paths that end in the blank, in the last label
  double extra = 0;                             // language model
  double total() const { return log_add(blank, label); }
};

}  // namespace

CtcLabels best_path(const Posteriors& p) {
  CtcLabels result;
  int64_t last = 0;
  for (int64_t t = 0; t < p.frames; ++t) {
    const auto* row = p.log_p + t * p.labels;
    const auto label = std::max_element(row, row + p.labels) - row;
    result.score += row[label];
    if (label != 0 && label != last) {
      result.labels.push_back(label);
      result.frames.push_back(t);
    } else if (label != 0 && p.at(t, label) > p.at(result.frames.back(), label)) {
      result.frames.back() = t;
    }
    last = label;
  }
  return result;
}

CtcLabels prefix_beam(const Posteriors& p, const PrefixBeamOptions& options, const LabelScore& score) {
  using Prefix = std::vector<int64_t>;
  std::map<Prefix, PrefixMass> beams = {{{}, {.blank = 0}}};
  const double least = std::log(options.least);
  for (int64_t t = 0; t < p.frames; ++t) {
    std::map<Prefix, PrefixMass> next;
    for (const auto& [prefix, mass] : beams) {
      auto& same = next[prefix];
      same.extra = mass.extra;
      same.blank = log_add(same.blank, mass.total() + p.at(t, 0));
      if (!prefix.empty()) same.label = log_add(same.label, mass.label + p.at(t, prefix.back()));
      for (int64_t c = 1; c < p.labels; ++c) {
        if (p.at(t, c) < least) continue;
        auto longer = prefix;
        longer.push_back(c);
        auto [at, fresh] = next.try_emplace(std::move(longer));
        if (fresh) {
          const auto known = beams.find(at->first);
          at->second.extra = known != beams.end() ? known->second.extra
                             : score              ? mass.extra + score(prefix, c)
                                                  : mass.extra;
        }
        // A repeated label needs a blank between.
        const double from = !prefix.empty() && prefix.back() == c ? mass.blank : mass.total();
        at->second.label = log_add(at->second.label, from + p.at(t, c));
      }
    }
    std::vector<std::pair<double, const Prefix*>> ranked;
    for (const auto& [prefix, mass] : next) ranked.emplace_back(mass.total() + mass.extra, &prefix);
    const auto keep = std::min(ranked.size(), size_t(options.beam));
    std::partial_sort(
        ranked.begin(), ranked.begin() + std::ptrdiff_t(keep), ranked.end(),
        [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : *a.second < *b.second; });
    beams.clear();
    for (size_t i = 0; i < keep; ++i) beams.insert(next.extract(*ranked[i].second));
  }
  CtcLabels best{{}, {}, -INFINITY};
  for (const auto& [prefix, mass] : beams)
    if (const double total = mass.total() + mass.extra + (score ? score(prefix, -1) : 0); total > best.score)
      best = {prefix, {}, total};
  return best;
}

}  // namespace ingot
