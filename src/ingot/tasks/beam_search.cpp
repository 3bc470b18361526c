// Shapes: B inputs, K beams of each, V vocabulary.
#include "ingot/tasks/beam_search.h"

#include <cmath>

#include <torch/torch.h>

namespace ingot {

std::vector<Hypothesis> beam_search(int64_t B, const BeamOptions& o, const BeamStep& step) {
  const auto K = o.beam;
  const auto penalty = [&](int64_t length) { return std::pow((5 + double(length)) / 6, o.length_penalty); };
  struct Beam {
    std::vector<int64_t> tokens;
    double log_p;
  };
  const double none = -INFINITY;
  std::vector<std::vector<Beam>> alive(size_t(B), std::vector<Beam>(size_t(K), Beam{{}, none}));
  std::vector<Hypothesis> best(size_t(B), Hypothesis{{}, none});
  std::vector<int64_t> finished(size_t(B), 0);
  for (auto& beams : alive) beams[0].log_p = 0;  // the others would only repeat the first

  auto last = at::full({B * K}, o.begin, at::kLong), origin = at::arange(B * K, at::kLong);
  for (int64_t length = 0;; ++length) {
    auto log_p = step(last, origin).to(at::kCPU, at::kFloat);  // [B K, V]
    const auto V = log_p.size(1);
    if (length == o.max_length) {  // nothing but the end may follow
      const auto ends = log_p.select(1, o.end).clone();
      log_p = at::full_like(log_p, none);
      log_p.select(1, o.end).copy_(ends);
    }
    auto sums = at::empty({B * K, 1});
    for (int64_t r = 0; r < B * K; ++r) sums.data_ptr<float>()[r] = float(alive[size_t(r / K)][size_t(r % K)].log_p);
    // 2 K candidates leave K that go on even when K of them end.
    const auto [values, places] = (log_p + sums).view({B, K * V}).topk(std::min(2 * K, K * V), 1);
    const auto value = values.accessor<float, 2>();
    const auto place = places.accessor<int64_t, 2>();
    bool open = false;
    for (int64_t b = 0; b < B; ++b) {
      auto& beams = alive[size_t(b)];
      auto& top = best[size_t(b)];
      std::vector<Beam> next;
      for (int64_t c = 0; c < values.size(1) && int64_t(next.size()) < K; ++c) {
        const auto from = place[b][c] / V, token = place[b][c] % V;
        const double sum = value[b][c];
        if (sum == none) break;
        const auto& tokens = beams[size_t(from)].tokens;
        if (token == o.end) {
          if (c >= K) continue;  // not among the best K: a greedy step would not have ended here
          finished[size_t(b)] += 1;
          if (sum / penalty(length + 1) > top.score) top = {tokens, sum / penalty(length + 1)};
          continue;
        }
        auto longer = tokens;
        longer.push_back(token);
        origin.data_ptr<int64_t>()[b * K + int64_t(next.size())] = b * K + from;
        last.data_ptr<int64_t>()[b * K + int64_t(next.size())] = token;
        next.push_back({std::move(longer), sum});
      }
      // The most that a beam can reach: no further loss, and the kindest penalty.
      const bool done = finished[size_t(b)] >= K || next.empty() ||
                        (finished[size_t(b)] > 0 && next[0].log_p / penalty(o.max_length + 1) <= top.score);
      open |= !done;
      for (auto k = int64_t(next.size()); k < K; ++k) {
        origin.data_ptr<int64_t>()[b * K + k] = b * K;
        last.data_ptr<int64_t>()[b * K + k] = o.end;
        next.push_back({{}, none});
      }
      if (done)
        for (auto& beam : next) beam.log_p = none;
      beams = std::move(next);
    }
    if (!open) return best;
  }
}

}  // namespace ingot
