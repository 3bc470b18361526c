#include "ingot/tasks/beam_search.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace ingot {
namespace {

// A made-up language model of 4 tokens over the whole history: 0 begins, 1 ends.
Tensor next_log_p(const std::vector<int64_t>& history) {
  auto x = torch::empty({4});
  double state = 1;
  for (const auto token : history) state = state * 3.7 + double(token) + 1;
  for (int64_t v = 0; v < 4; ++v) x[v] = v == 0 ? -1e9 : 2 * std::sin(state * double(v + 1)) - (v == 1 ? 0.5 : 0);
  return x.log_softmax(0);
}

// step() for rows that carry their own history.
struct Histories {
  std::vector<std::vector<int64_t>> rows;
  Tensor operator()(const Tensor& last, const Tensor& origin) {
    std::vector<std::vector<int64_t>> next;
    std::vector<Tensor> log_p;
    for (int64_t r = 0; r < last.size(0); ++r) {
      auto row = rows.empty() ? std::vector<int64_t>() : rows[size_t(origin[r].item<int64_t>())];
      row.push_back(last[r].item<int64_t>());
      log_p.push_back(next_log_p(row));
      next.push_back(row);
    }
    rows = std::move(next);
    return torch::stack(log_p);
  }
};

void enumerate(std::vector<int64_t>& history, double sum, const BeamOptions& o, Hypothesis& best) {
  const auto log_p = next_log_p(history);
  const auto length = int64_t(history.size()) - 1;
  const double score = (sum + log_p[1].item<double>()) / std::pow((5 + double(length + 1)) / 6, o.length_penalty);
  if (score > best.score) best = {{history.begin() + 1, history.end()}, score};
  if (length == o.max_length) return;
  for (int64_t v = 2; v < 4; ++v) {
    history.push_back(v);
    enumerate(history, sum + log_p[v].item<double>(), o, best);
    history.pop_back();
  }
}

TEST(BeamSearch, FindsTheBestOfAllWhenItsBeamHoldsAll) {
  for (const double alpha : {0.0, 0.6, 2.0}) {
    const BeamOptions o{.beam = 64, .length_penalty = alpha, .max_length = 5, .begin = 0, .end = 1};
    Hypothesis best{{}, -1e30};
    std::vector<int64_t> history{0};
    enumerate(history, 0, o, best);
    const auto found = beam_search(2, o, Histories());
    for (const auto& hypothesis : found) {
      EXPECT_EQ(hypothesis.tokens, best.tokens) << alpha;
      EXPECT_NEAR(hypothesis.score, best.score, 1e-4) << alpha;
    }
  }
}

TEST(BeamSearch, IsGreedyWithOneBeam) {
  const BeamOptions o{.beam = 1, .length_penalty = 0, .max_length = 6, .begin = 0, .end = 1};
  std::vector<int64_t> history{0};
  while (int64_t(history.size()) <= o.max_length) {
    const auto token = next_log_p(history).argmax().item<int64_t>();
    if (token == 1) break;
    history.push_back(token);
  }
  EXPECT_EQ(beam_search(1, o, Histories())[0].tokens, std::vector<int64_t>(history.begin() + 1, history.end()));
}

}  // namespace
}  // namespace ingot
