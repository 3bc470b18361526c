// Acoustic models for CTC: two strided convolutions over time and frequency, then either bidirectional GRUs (Amodei et
// al. 2016, "Deep Speech 2") or Conformer blocks (Gulati et al. 2020). Differs from the Conformer paper: rotary instead
// of relative positions, LayerNorm instead of BatchNorm in the convolution module.
#pragma once

#include <vector>

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/rnn.h>

#include "ingot/base/config.h"
#include "ingot/nn/linear.h"
#include "ingot/nn/norm.h"
#include "ingot/tasks/transcribe.h"

namespace ingot {

enum class SpeechEncoder { Gru, Conformer };
template <>
struct EnumNames<SpeechEncoder> {
  static constexpr std::pair<const char*, SpeechEncoder> kValues[] = {{"gru", SpeechEncoder::Gru},
                                                                      {"conformer", SpeechEncoder::Conformer}};
};

struct CtcConfig {
  std::string name = "ctc";
  SpeechEncoder encoder = SpeechEncoder::Gru;
  int64_t channels = 32;
  int64_t subsampling = 4;
  int64_t width = 128;
  int64_t layers = 2;
  bool bidirectional = true;
  int64_t heads = 4;
  int64_t kernel = 15;
  double dropout = 0.1;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "ctc");
    v("encoder", self.encoder, "gru or conformer");
    v("channels", self.channels, "of the two convolutions");
    v("subsampling", self.subsampling, "mel frames to one frame of labels: 1, 2 or 4");
    v("width", self.width, "units of a GRU in one direction; width of the Conformer");
    v("layers", self.layers, "GRUs or Conformer blocks");
    v("bidirectional", self.bidirectional, "gru: also from the end to the start");
    v("heads", self.heads, "conformer: attention heads");
    v("kernel", self.kernel, "conformer: frames of the depthwise convolution, odd");
    v("dropout", self.dropout, "between layers");
  }
  Problems validate() const;
};

class CtcImpl : public SpeechRecognizer {
 public:
  CtcImpl(const CtcConfig& config, int64_t bins, int64_t labels);
  void initialise(uint64_t seed) override;
  Tensor forward(const Tensor& mel, const Tensor& frames) override;
  int64_t output_frames(int64_t frames) const override;
  double forward_flops(int64_t frames) const override;
  Json card() const override;

  class Block;

 private:
  CtcConfig config_;
  int64_t bins_;
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
  Linear in_{nullptr}, out_{nullptr};
  torch::nn::GRU gru_{nullptr};
  std::vector<std::shared_ptr<Block>> blocks_;
  Norm norm_{nullptr};
};
TORCH_MODULE(Ctc);

}  // namespace ingot
