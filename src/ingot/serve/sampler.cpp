#include "ingot/serve/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ingot {

Problems SamplingConfig::validate() const {
  Problems problems;
  const auto check = [&](bool ok, const char* key, double value, const char* rule) {
    if (!ok) problems.push_back(detail::join_parts(key, ": got ", value, ", expected ", rule));
  };
  check(temperature >= 0 && temperature <= 100, "temperature", temperature, "0 to 100");
  check(top_k >= 0, "top_k", double(top_k), "0 (all) or more");
  check(top_p > 0 && top_p <= 1, "top_p", top_p, "0 < x <= 1");
  check(min_p >= 0 && min_p <= 1, "min_p", min_p, "0 to 1");
  check(repetition_penalty > 0 && repetition_penalty <= 100, "repetition_penalty", repetition_penalty, "0 < x <= 100");
  return problems;
}

Sampler::Sampler(const SamplingConfig& config) : config_(config), rng_(uint64_t(config.seed)) {
  throw_if_any("sampling", config.validate());
}

std::vector<std::pair<int32_t, double>> Sampler::candidates(std::span<const float> logits,
                                                            std::span<const int32_t> seen) const {
  // 1. Repetition penalty: towards zero probability whatever the sign of the logit.
  std::vector<std::pair<int32_t, double>> tokens(logits.size());  // id, logit; later id, probability
  for (size_t i = 0; i < logits.size(); ++i) tokens[i] = {int32_t(i), double(logits[i])};
  if (config_.repetition_penalty != 1) {
    std::vector<int32_t> once(seen.begin(), seen.end());
    std::sort(once.begin(), once.end());
    once.erase(std::unique(once.begin(), once.end()), once.end());
    for (const auto id : once)
      if (id >= 0 && size_t(id) < tokens.size()) {
        auto& logit = tokens[size_t(id)].second;
        logit = logit > 0 ? logit / config_.repetition_penalty : logit * config_.repetition_penalty;
      }
  }

  for (const auto& [id, logit] : tokens)
    if (std::isnan(logit)) fail(ErrorKind::Internal, "sampling", "the model's logit of token ", id, " is not a number");

  // 2. Order. Only as much of it as the filters look at.
  const auto likelier = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const size_t keep = config_.temperature == 0 ? 1
                      : config_.top_k > 0      ? std::min(size_t(config_.top_k), tokens.size())
                                               : tokens.size();
  std::partial_sort(tokens.begin(), tokens.begin() + ptrdiff_t(keep), tokens.end(), likelier);
  tokens.resize(keep);
  if (config_.temperature == 0) return {{tokens[0].first, 1.}};

  // 3. Softmax over what is kept.
  const double largest = tokens[0].second;
  double total = 0;
  for (auto& [id, value] : tokens) total += value = std::exp((value - largest) / config_.temperature);
  const auto cut = [&](size_t size) {
    tokens.resize(std::max<size_t>(size, 1));
    total = std::accumulate(tokens.begin(), tokens.end(), 0., [](double sum, const auto& t) { return sum + t.second; });
  };

  // 4. top_p and min_p cut the tail.
  if (config_.top_p < 1) {
    double mass = 0;
    size_t size = 0;
    while (size < tokens.size() && mass < config_.top_p * total) mass += tokens[size++].second;
    cut(size);
  }
  if (config_.min_p > 0)
    cut(size_t(std::find_if(tokens.begin(), tokens.end(), [&](const auto& t) { return t.second < config_.min_p; }) -
               tokens.begin()));  // the likeliest has value 1
  for (auto& [id, value] : tokens) value /= total;
  return tokens;
}

int32_t Sampler::next(std::span<const float> logits, std::span<const int32_t> seen) {
  const auto tokens = candidates(logits, seen);
  double draw = rng_.uniform();
  for (const auto& [id, probability] : tokens)
    if ((draw -= probability) < 0) return id;
  return tokens.back().first;  // rounding left a sliver
}

LogProbabilities::LogProbabilities(std::span<const float> logits)
    : logits_(logits), largest_(*std::max_element(logits.begin(), logits.end())) {
  double total = 0;
  for (const float x : logits) total += std::exp(double(x) - largest_);
  log_total_ = std::log(total);
}

}  // namespace ingot
