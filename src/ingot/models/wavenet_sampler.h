// Sample by sample: Le Paine et al. 2016, "Fast Wavenet Generation Algorithm". Each layer keeps its last `dilation`
// inputs in a ring, so a sample costs one pass over the weights; plain loops, since a LibTorch operator costs more than
// the arithmetic of a layer.
#pragma once

#include <vector>

#include "ingot/base/rng.h"
#include "ingot/models/wavenet.h"

namespace ingot {

class WaveNetSampler {
 public:
  explicit WaveNetSampler(const WaveNetImpl& model);

  // One clip of frames x hop samples in -1..1. conditions [frames, 1, ..] of WaveNetImpl::condition. A temperature
  // below 1 prefers the likely samples.
  std::vector<float> generate(const Tensor& conditions, Rng& rng, double temperature);

  // The outputs for the sample behind `previous` (a code or a value); moves on by one. `frame` as condition() gives.
  const std::vector<float>& step(float previous, const float* frame);
  void reset();

 private:
  // out = bias + weight x, in blocks of 16 outputs.
  struct Matrix {
    int64_t in = 0, out = 0;  // out: rounded up to blocks
    std::vector<float> weight, bias;
    explicit Matrix(const Linear& linear);
    void times(const float* x, float* y) const;
  };
  WaveNetConfig config_;
  int64_t hop_;
  std::vector<Matrix> dilated_, join_;
  Matrix head1_, head2_;
  std::vector<float> embedding_, value_weight_, value_bias_, recent_;  // recent_: samples that the first taps see
  std::vector<std::vector<float>> rings_;                              // [dilation, R]
  int64_t time_ = 0;
  std::vector<float> input_, gates_, gated_, joined_, skip_, hidden_, outputs_;
};

}  // namespace ingot
