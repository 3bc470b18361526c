#include "ingot/data/log_mel.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "ingot/base/error.h"

namespace ingot {
namespace {

// Slaney 1998, "Auditory Toolbox": linear to 1 kHz, then 27 steps of ln 6.4 in all.
constexpr double kSlaneyLinear = 200.0 / 3, kSlaneyBreak = 1000;
const double kSlaneyStep = std::log(6.4) / 27;

double to_mel(double hertz, MelScale scale) {
  if (scale == MelScale::Htk) return 2595 * std::log10(1 + hertz / 700);
  return hertz < kSlaneyBreak ? hertz / kSlaneyLinear
                              : kSlaneyBreak / kSlaneyLinear + std::log(hertz / kSlaneyBreak) / kSlaneyStep;
}

double to_hertz(double mel, MelScale scale) {
  if (scale == MelScale::Htk) return 700 * (std::pow(10, mel / 2595) - 1);
  const double knee = kSlaneyBreak / kSlaneyLinear;
  return mel < knee ? mel * kSlaneyLinear : kSlaneyBreak * std::exp(kSlaneyStep * (mel - knee));
}

}  // namespace

Problems MelConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  check(bins >= 1 && bins <= 512, "bins: got ", bins, ", expected 1 to 512");
  check(fft >= 16 && fft <= 65536 && std::has_single_bit(uint64_t(fft)), "fft: got ", fft,
        ", expected a power of two from 16 to 65536");
  check(window >= 2 && window <= fft, "window: got ", window, ", expected 2 to fft ", fft);
  check(hop >= 1 && hop <= fft, "hop: got ", hop, ", expected 1 to fft ", fft);
  check(low >= 0, "low: got ", low, ", expected 0 or more");
  check(high == 0 || high > low, "high: got ", high, ", expected 0 or more than low ", low);
  return p;
}

LogMel::LogMel(const MelConfig& config, int64_t rate) : config_(config), window_(size_t(config.fft), 0.0) {
  const double pi = std::numbers::pi, high = config.high > 0 ? config.high : double(rate) / 2;
  require("mel", high <= double(rate) / 2 && config.low < high, "mel.high is ", high, ", expected above mel.low ",
          config.low, " and at most half the rate, ", double(rate) / 2);
  const int64_t left = (config.fft - config.window) / 2;
  for (int64_t i = 0; i < config.window; ++i)
    window_[size_t(left + i)] = 0.5 - 0.5 * std::cos(2 * pi * double(i) / double(config.window));
  for (int64_t k = 0; k < config.fft / 2; ++k)
    twiddle_.push_back(std::polar(1.0, -2 * pi * double(k) / double(config.fft)));

  const double first = to_mel(config.low, config.scale), last = to_mel(high, config.scale);
  std::vector<double> edges;
  for (int64_t m = 0; m < config.bins + 2; ++m)
    edges.push_back(to_hertz(first + (last - first) * double(m) / double(config.bins + 1), config.scale));
  for (size_t m = 0; m < size_t(config.bins); ++m) {
    const double area = config.equal_area ? 2 / (edges[m + 2] - edges[m]) : 1;
    Band band{0, {}};
    for (int64_t k = 0; k <= config.fft / 2; ++k) {
      const double f = double(rate / 2) * double(k) / double(config.fft / 2);
      const double weight =
          std::min((f - edges[m]) / (edges[m + 1] - edges[m]), (edges[m + 2] - f) / (edges[m + 2] - edges[m + 1]));
      if (weight <= 0) continue;
      if (band.weight.empty()) band.first = k;
      band.weight.push_back(weight * area);
    }
    bands_.push_back(std::move(band));
  }
}

// Radix 2, decimation in time, in place.
void LogMel::transform(std::vector<std::complex<double>>& x) const {
  const size_t n = x.size();
  for (size_t i = 1, j = 0; i < n; ++i) {  // bit reversal
    size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (size_t size = 2; size <= n; size *= 2)
    for (size_t begin = 0; begin < n; begin += size)
      for (size_t k = 0; k < size / 2; ++k) {
        auto &a = x[begin + k], &b = x[begin + k + size / 2];
        const auto w = twiddle_[k * (n / size)];
        const std::complex<double> t(w.real() * b.real() - w.imag() * b.imag(),
                                     w.real() * b.imag() + w.imag() * b.real());
        b = a - t;
        a += t;
      }
}

std::vector<float> LogMel::operator()(std::span<const float> samples) const {
  const auto size = int64_t(samples.size()), count = frames(size);
  std::vector<float> result;
  result.reserve(size_t(count * config_.bins));
  std::vector<std::complex<double>> x(size_t(config_.fft));
  std::vector<double> power(size_t(config_.fft / 2 + 1));
  const int64_t period = std::max<int64_t>(1, 2 * (size - 1));
  for (int64_t t = 0; t < count; ++t) {
    for (int64_t i = 0; i < config_.fft; ++i) {
      int64_t at = t * config_.hop - config_.fft / 2 + i;
      if (at < 0 || at >= size) {  // reflected; several times where the sound is shorter than half a window
        at = ((at % period) + period) % period;
        if (at >= size) at = period - at;
      }
      x[size_t(i)] = window_[size_t(i)] * double(samples[size_t(at)]);
    }
    transform(x);
    for (size_t k = 0; k < power.size(); ++k) power[k] = std::norm(x[k]);
    for (const auto& band : bands_) {
      double sum = 0;
      for (size_t k = 0; k < band.weight.size(); ++k) sum += band.weight[k] * power[size_t(band.first) + k];
      result.push_back(float(std::log(std::max(sum, 1e-10))));
    }
  }
  return result;
}

void LogMel::normalise(std::vector<float>& mel) const {
  const auto M = size_t(config_.bins), T = mel.size() / M;
  for (size_t m = 0; m < M; ++m) {
    double sum = 0, squares = 0;
    for (size_t t = 0; t < T; ++t) sum += mel[t * M + m];
    const double mean = sum / double(T);
    for (size_t t = 0; t < T; ++t) squares += std::pow(mel[t * M + m] - mean, 2);
    const double scale = 1 / std::max(1e-5, std::sqrt(squares / double(T)));
    for (size_t t = 0; t < T; ++t) mel[t * M + m] = float((mel[t * M + m] - mean) * scale);
  }
}

}  // namespace ingot
