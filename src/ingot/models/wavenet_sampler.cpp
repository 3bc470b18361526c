#include "ingot/models/wavenet_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <torch/torch.h>

#include "ingot/models/wavenet_rows.h"
#include "ingot/tasks/mu_law.h"

namespace ingot {
namespace {

std::vector<float> floats_of(const Tensor& tensor) {
  const auto flat = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

float logistic(double uniform) {
  const double u = std::clamp(uniform, 1e-5, 1 - 1e-5);
  return float(std::log(u) - std::log1p(-u));
}

int64_t draw(const float* logits, int64_t count, double temperature, Rng& rng) {
  if (temperature <= 0) return std::max_element(logits, logits + count) - logits;
  const float top = *std::max_element(logits, logits + count);
  double sum = 0;
  std::vector<double> cumulative(static_cast<size_t>(count));
  for (int64_t k = 0; k < count; ++k) cumulative[size_t(k)] = sum += std::exp(double(logits[k] - top) / temperature);
  return std::min<int64_t>(
      count - 1, std::upper_bound(cumulative.begin(), cumulative.end(), rng.uniform() * sum) - cumulative.begin());
}

}  // namespace

WaveNetSampler::Matrix::Matrix(const Linear& linear)
    : in(linear->weight.size(1)), out((linear->weight.size(0) + kWaveBlock - 1) / kWaveBlock * kWaveBlock) {
  const auto rows = linear->weight.size(0);
  const auto w = floats_of(linear->weight);
  bias = floats_of(linear->bias);
  bias.resize(size_t(out), 0);
  weight.assign(size_t(in * out), 0);
  for (int64_t o = 0; o < rows; ++o)
    for (int64_t i = 0; i < in; ++i)
      weight[size_t((o / kWaveBlock * in + i) * kWaveBlock + o % kWaveBlock)] = w[size_t(o * in + i)];
}

void WaveNetSampler::Matrix::times(const float* x, float* y) const {
  wave_times(weight.data(), bias.data(), x, y, in, out);
}

WaveNetSampler::WaveNetSampler(const WaveNetImpl& model)
    : config_(model.config_), hop_(model.conditions_.hop), head1_(model.head1_), head2_(model.head2_) {
  for (const auto& layer : model.dilated_) dilated_.emplace_back(layer);
  for (const auto& layer : model.join_) join_.emplace_back(layer);
  if (model.samples_) embedding_ = floats_of(model.samples_->weight);
  if (model.value_) {
    value_weight_ = floats_of(model.value_->weight);
    value_bias_ = floats_of(model.value_->bias);
  }
  const auto R = size_t(config_.residual), S = size_t(config_.skip);
  input_.resize(2 * R), gates_.resize(2 * R), gated_.resize(R), joined_.resize(R + S);
  skip_.resize(S), hidden_.resize(S), outputs_.resize(size_t(head2_.out));
  reset();
}

void WaveNetSampler::reset() {
  time_ = 0;
  recent_.assign(size_t(config_.first_taps()), 0.0F);
  rings_.clear();
  for (const auto d : config_.dilations) rings_.emplace_back(size_t(d * config_.residual), 0.0F);
}

const std::vector<float>& WaveNetSampler::step(float previous, const float* frame) {
  const auto R = config_.residual, S = config_.skip;
  float *past = input_.data(), *x = past + R;
  if (embedding_.empty())
    std::fill_n(x, R, 0.0F);
  else
    std::copy_n(embedding_.data() + int64_t(previous) * R, R, x);
  if (!recent_.empty()) {
    std::copy(recent_.begin() + 1, recent_.end(), recent_.begin());
    recent_.back() = embedding_.empty() ? previous : mu_law_decode(int64_t(previous));
    for (int64_t r = 0; r < R; ++r)
      x[r] += std::inner_product(recent_.begin(), recent_.end(), value_weight_.begin() + r * config_.first_taps(),
                                 value_bias_[size_t(r)]);
  }
  std::fill(skip_.begin(), skip_.end(), 0.0F);
  const WaveRows one{0, 1, R, S, 1, 1, 0, 1};
  for (size_t i = 0; i < dilated_.size(); ++i) {
    float* ring = rings_[i].data() + time_ % config_.dilations[i] * R;  // the oldest of it
    std::copy_n(ring, R, past);
    std::copy_n(x, R, ring);
    dilated_[i].times(input_.data(), gates_.data());
    const float* here = frame + int64_t(i) * 2 * R;
    wave_gate(one, gates_.data(), here, gated_.data());
    join_[i].times(gated_.data(), joined_.data());
    for (int64_t r = 0; r < R; ++r) x[r] += joined_[size_t(r)];
    for (int64_t s = 0; s < S; ++s) skip_[size_t(s)] += joined_[size_t(R + s)];
  }
  for (auto& s : skip_) s = std::max(s, 0.0F);
  head1_.times(skip_.data(), hidden_.data());
  for (auto& h : hidden_) h = std::max(h, 0.0F);
  head2_.times(hidden_.data(), outputs_.data());
  ++time_;
  return outputs_;
}

std::vector<float> WaveNetSampler::generate(const Tensor& conditions, Rng& rng, double temperature) {
  reset();
  const auto frames = conditions.size(0), width = conditions.size(2), K = config_.mixtures;
  const auto rows = floats_of(conditions);
  const bool mu_law = config_.output == WaveOutput::MuLaw;
  float previous = mu_law ? float(mu_law_encode(0)) : 0;
  std::vector<float> samples;
  for (int64_t t = 0; t < frames * hop_; ++t) {
    const auto& out = step(previous, rows.data() + t / hop_ * width);
    if (mu_law) {
      const auto code = draw(out.data(), kMuLawLevels, temperature, rng);
      previous = float(code);
      samples.push_back(mu_law_decode(code));
    } else {
      const auto k = draw(out.data(), K, 1, rng);
      const float scale = std::exp(std::max(out[size_t(2 * K + k)], -9.0F)) * float(temperature);
      previous = std::clamp(out[size_t(K + k)] + scale * logistic(rng.uniform()), -1.0F, 1.0F);
      samples.push_back(previous);
    }
  }
  return samples;
}

}  // namespace ingot
