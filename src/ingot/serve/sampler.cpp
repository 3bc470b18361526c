#include "ingot/serve/sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

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

namespace {

bool likelier(const std::pair<int32_t, double>& a, const std::pair<int32_t, double>& b) {
  return a.second != b.second ? a.second > b.second : a.first < b.first;
}

// Tokens with their weights, put in order only as far as one looks: a draw seldom looks beyond the first hundred of
// 50,000.
class Ranking {
 public:
  explicit Ranking(std::vector<std::pair<int32_t, double>> tokens) : tokens_(std::move(tokens)) {}
  size_t size() const { return tokens_.size(); }
  const std::pair<int32_t, double>& operator[](size_t i) {
    if (i >= ordered_) {
      const size_t end = std::min(tokens_.size(), std::max(i + 1, std::max<size_t>(64, 4 * ordered_)));
      std::partial_sort(tokens_.begin() + ptrdiff_t(ordered_), tokens_.begin() + ptrdiff_t(end), tokens_.end(),
                        likelier);
      ordered_ = end;
    }
    return tokens_[i];
  }
  void keep(size_t size) {
    if (size > 0) (*this)[size - 1];
    tokens_.resize(std::max<size_t>(size, 1));
    ordered_ = std::min(ordered_, tokens_.size());
  }
  template <typename Map>
  double replace(Map map) {  // by an increasing map; returns the sum
    double total = 0;
    for (auto& [id, value] : tokens_) total += value = map(value);
    return total;
  }

 private:
  std::vector<std::pair<int32_t, double>> tokens_;
  size_t ordered_ = 0;
};

// What may be drawn, with weights that sum to `total`.
Ranking rank(const SamplingConfig& config, std::span<const float> logits, std::span<const int32_t> seen,
             double* total) {
  // 1. Repetition penalty: towards zero probability whatever the sign of the logit.
  std::vector<std::pair<int32_t, double>> tokens(logits.size());  // id, logit
  for (size_t i = 0; i < logits.size(); ++i) tokens[i] = {int32_t(i), double(logits[i])};
  if (config.repetition_penalty != 1) {
    std::vector<int32_t> once(seen.begin(), seen.end());
    std::sort(once.begin(), once.end());
    once.erase(std::unique(once.begin(), once.end()), once.end());
    for (const auto id : once)
      if (id >= 0 && size_t(id) < tokens.size()) {
        auto& logit = tokens[size_t(id)].second;
        logit = logit > 0 ? logit / config.repetition_penalty : logit * config.repetition_penalty;
      }
  }
  for (const auto& [id, logit] : tokens)
    if (std::isnan(logit)) fail(ErrorKind::Internal, "sampling", "the model's logit of token ", id, " is not a number");

  // 2. The likeliest, or the k likeliest.
  Ranking ranking(std::move(tokens));
  if (config.temperature == 0)
    ranking.keep(1);
  else if (config.top_k > 0 && size_t(config.top_k) < ranking.size())
    ranking.keep(size_t(config.top_k));

  // 3. Softmax over what is kept; the likeliest gets weight 1.
  const double largest = ranking[0].second, temperature = config.temperature == 0 ? 1 : config.temperature;
  *total = ranking.replace([&](double logit) { return std::exp((logit - largest) / temperature); });

  // 4. top_p, then min_p, cut the tail.
  const auto cut = [&](auto goes_on) {
    size_t size = 0;
    double mass = 0;
    for (; size < ranking.size() && goes_on(mass, ranking[size].second); ++size) mass += ranking[size].second;
    ranking.keep(size);
    *total = size > 0 ? mass : 1;
  };
  if (config.top_p < 1) cut([limit = config.top_p * *total](double mass, double) { return mass < limit; });
  if (config.min_p > 0) cut([&](double, double weight) { return weight >= config.min_p; });
  return ranking;
}

}  // namespace

std::vector<std::pair<int32_t, double>> Sampler::candidates(std::span<const float> logits,
                                                            std::span<const int32_t> seen) const {
  double total;
  auto ranking = rank(config_, logits, seen, &total);
  std::vector<std::pair<int32_t, double>> tokens(ranking.size());
  for (size_t i = tokens.size(); i-- > 0;) tokens[i] = {ranking[i].first, ranking[i].second / total};
  return tokens;
}

int32_t Sampler::next(std::span<const float> logits, std::span<const int32_t> seen) {
  double total;
  auto ranking = rank(config_, logits, seen, &total);
  double draw = rng_.uniform() * total;
  for (size_t i = 0; i < ranking.size(); ++i)
    if ((draw -= ranking[i].second) < 0) return ranking[i].first;
  return ranking[ranking.size() - 1].first;  // rounding left a sliver
}

LogProbabilities::LogProbabilities(std::span<const float> logits)
    : logits_(logits), largest_(*std::max_element(logits.begin(), logits.end())) {
  double total = 0;
  for (const float x : logits) total += std::exp(double(x) - largest_);
  log_total_ = std::log(total);
}

}  // namespace ingot
