// WaveNet: van den Oord et al. 2016, "WaveNet: A Generative Model for Raw Audio": a stack of gated dilated causal
// convolutions of width 2 that predicts each sample from those before it. Differs from the paper: mu-law codes are
// looked up in an embedding, to which the first convolution, of the samples' values, is added; and conditions reach
// each layer through one linear map of features at a frame rate. Shapes: T samples, B clips, F frames of conditions (T
// = F hop), E their features. Time comes first, so that a shift in time is a view.
#pragma once

#include <algorithm>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/base/config.h"
#include "ingot/nn/linear.h"
#include "ingot/torch/tensor.h"

namespace ingot {

enum class WaveOutput { MuLaw, Logistics };
template <>
struct EnumNames<WaveOutput> {
  static constexpr std::pair<const char*, WaveOutput> kValues[] = {{"mu_law", WaveOutput::MuLaw},
                                                                   {"logistics", WaveOutput::Logistics}};
};

struct WaveNetConfig {
  std::string name = "wavenet";
  WaveOutput output = WaveOutput::MuLaw;
  int64_t mixtures = 10;
  int64_t residual = 32;
  int64_t skip = 64;
  std::vector<int64_t> dilations = {1, 2, 4, 8, 16, 32, 64, 128, 256, 1, 2, 4, 8, 16, 32, 64, 128, 256};
  int64_t embedding = 16;
  int64_t first_kernel = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "wavenet");
    v("output", self.output, "mu_law: softmax over 256 levels; logistics: a mixture over 16-bit levels");
    v("mixtures", self.mixtures, "logistics: components (Salimans et al. 2017)");
    v("residual", self.residual, "channels of the residual stream and of each gate, a multiple of 16");
    v("skip", self.skip, "channels that the layers add up for the output, a multiple of 16");
    v("dilations", self.dilations, "of each layer, in samples");
    v("embedding", self.embedding, "features of a text and of a speaker");
    v("first_kernel", self.first_kernel,
      "samples that the first convolution sees, as a linear predictor does; 0: none with mu_law, 1 with logistics");
  }
  Problems validate() const;
  int64_t receptive_field() const;  // samples that a prediction sees
  int64_t first_taps() const { return output == WaveOutput::MuLaw ? first_kernel : std::max<int64_t>(1, first_kernel); }
  int64_t outputs() const { return output == WaveOutput::MuLaw ? 256 : 3 * mixtures; }
};

// What a clip is conditioned on. Sizes 0: not at all.
struct WaveConditions {
  int64_t texts = 0, speakers = 0;  // numbers of classes
  int64_t local = 0;                // features of a frame: mel bands, place in the clip
  int64_t hop = 80;                 // samples of a frame
};

class WaveNetImpl : public torch::nn::Module {
 public:
  WaveNetImpl(const WaveNetConfig& config, const WaveConditions& conditions);
  void initialise(uint64_t seed);
  // texts, speakers [B] int64, local [F, B, local]; those that the model does not take may be undefined
  // -> [F, B, layers 2 residual]
  Tensor condition(const Tensor& texts, const Tensor& speakers, const Tensor& local, int64_t frames);
  // previous [T, B]: the sample before each predicted one, codes (int64) or values in -1..1; conditions of as many
  // frames -> [T, B, outputs]
  Tensor forward(const Tensor& previous, const Tensor& conditions);
  double forward_flops() const;  // of one sample
  const WaveNetConfig& config() const { return config_; }
  int64_t hop() const { return conditions_.hop; }

 private:
  friend class WaveNetSampler;
  WaveNetConfig config_;
  WaveConditions conditions_;
  Embedding samples_{nullptr};  // mu_law
  Linear value_{nullptr};       // the first convolution, oldest sample first
  Embedding texts_{nullptr}, speakers_{nullptr};
  Linear local_{nullptr}, condition_{nullptr};
  std::vector<Linear> dilated_;  // [x(t - d), x(t)] -> filter, gate
  std::vector<Linear> join_;     // gated -> residual, skip
  Linear head1_{nullptr}, head2_{nullptr};
};
TORCH_MODULE(WaveNet);

// Summed negative log-likelihood, in nats, of the samples that count. mu_law: outputs [N, 256], targets [N] int64, or
// kIgnore. logistics: outputs [N, 3 mixtures], targets [N] in -1..1, NaN where ignored; the likelihood is that of the
// 16-bit level.
Tensor wave_nll(const WaveNetConfig& config, const Tensor& outputs, const Tensor& targets);

}  // namespace ingot
