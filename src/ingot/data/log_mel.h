// Log-mel spectrogram: torchaudio.transforms.MelSpectrogram (centred frames, reflected ends, periodic Hann window,
// squared magnitudes), then ln(max(x, 1e-10)).
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "ingot/base/config.h"

namespace ingot {

enum class MelScale { Htk, Slaney };
template <>
struct EnumNames<MelScale> {
  static constexpr std::pair<const char*, MelScale> kValues[] = {{"htk", MelScale::Htk}, {"slaney", MelScale::Slaney}};
};

struct MelConfig {  // [data.mel]
  int64_t bins = 80;
  int64_t fft = 512, window = 400, hop = 160;
  double low = 0, high = 0;
  MelScale scale = MelScale::Htk;
  bool equal_area = false;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("bins", self.bins, "mel bands");
    v("fft", self.fft, "samples of a transform, a power of two");
    v("window", self.window, "samples under the Hann window, in the middle of the transform");
    v("hop", self.hop, "samples between frames");
    v("low", self.low, "lowest frequency, Hz");
    v("high", self.high, "highest frequency, Hz; 0: half the rate");
    v("scale", self.scale, "htk, or slaney: linear up to 1 kHz");
    v("equal_area", self.equal_area, "divide each band by its width (torchaudio's norm = \"slaney\")");
  }
  Problems validate() const;
};

class LogMel {
 public:
  LogMel(const MelConfig& config, int64_t rate);
  int64_t bins() const { return config_.bins; }
  int64_t frames(int64_t samples) const { return samples / config_.hop + 1; }
  // [frames, bins], frame t centred on sample t * hop.
  std::vector<float> operator()(std::span<const float> samples) const;
  // (x - mean) / std of each band over these frames.
  void normalise(std::vector<float>& mel) const;

 private:
  void transform(std::vector<std::complex<double>>& x) const;

  struct Band {
    int64_t first;               // frequency
    std::vector<double> weight;  // of it and the next ones
  };
  MelConfig config_;
  std::vector<double> window_;                 // [fft]
  std::vector<std::complex<double>> twiddle_;  // [fft / 2]
  std::vector<Band> bands_;
};

}  // namespace ingot
