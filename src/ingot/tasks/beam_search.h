// Beam search over a batch: the likeliest sequences by log p / lp(length), lp(n) = ((5 + n) / 6)^alpha (Wu et al. 2016,
// eq. 14).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ingot/torch/tensor.h"

namespace ingot {

struct BeamOptions {
  int64_t beam = 5;
  double length_penalty = 0.6;  // alpha; 0 favours short outputs
  int64_t max_length = 100;     // tokens of an output, the end not counted
  int64_t begin = 0, end = 0;   // ids of the control tokens
};

struct Hypothesis {
  std::vector<int64_t> tokens;  // without begin and end
  double score = 0;             // log p / lp
};

// Rows are batch x beam. step(last [R] int64, origin [R] int64) -> log p of the next token, [R, V]: row r goes on from
// what row origin[r] was before. The first call has last = begin everywhere and origin = 0, 1, 2...
using BeamStep = std::function<Tensor(const Tensor& last, const Tensor& origin)>;

// The best hypothesis of each of `batch` inputs.
std::vector<Hypothesis> beam_search(int64_t batch, const BeamOptions& options, const BeamStep& step);

}  // namespace ingot
