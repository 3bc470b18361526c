// From logits to the next token. Torch-free; on plain floats.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/base/rng.h"

namespace ingot {

struct SamplingConfig {
  double temperature = 1;
  int64_t top_k = 0;
  double top_p = 1;
  double min_p = 0;
  double repetition_penalty = 1;
  int64_t seed = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("temperature", self.temperature, "divides the logits; 0: always the likeliest token");
    v("top_k", self.top_k, "keep the k likeliest tokens; 0: all");
    v("top_p", self.top_p, "keep the fewest tokens whose probabilities reach p (Holtzman et al. 2020); 1: all");
    v("min_p", self.min_p, "keep tokens with at least p times the likeliest's probability; 0: all");
    v("repetition_penalty", self.repetition_penalty, "for tokens seen before (Keskar et al. 2019, CTRL); 1: none");
    v("seed", self.seed, "of the random draws");
  }
  Problems validate() const;
};

class Sampler {
 public:
  explicit Sampler(const SamplingConfig& config);  // throws InvalidArgument

  // Draws a token. `seen` are the tokens of prompt and completion, for the repetition penalty. The order of filters is
  // penalty, temperature, top_k, top_p, min_p. Deterministic in (config, logits, number of earlier calls).
  int32_t next(std::span<const float> logits, std::span<const int32_t> seen);

  // The tokens that next() may draw with their probabilities, likeliest first; equal ones by id.
  std::vector<std::pair<int32_t, double>> candidates(std::span<const float> logits,
                                                     std::span<const int32_t> seen) const;

 private:
  SamplingConfig config_;
  Rng rng_;
};

// Log softmax of the logits, in double; the logits outlive it.
class LogProbabilities {
 public:
  explicit LogProbabilities(std::span<const float> logits);
  double of(int32_t id) const { return double(logits_[size_t(id)]) - largest_ - log_total_; }

 private:
  std::span<const float> logits_;
  double largest_, log_total_;
};

}  // namespace ingot
