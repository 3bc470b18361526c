// Generative adversarial networks on images, Goodfellow et al. 2014, in two forms:
//   dcgan   Radford et al. 2016: strided convolutions, batch norm, tanh; non-saturating logistic loss
//   r3gan   Huang et al. 2024, "The GAN is dead; long live the GAN!": residual blocks without normalisation, Fix-up
//           initialisation, bilinear resampling, relativistic loss
// Parameters under "generator." and "discriminator." belong to the two players.
#pragma once

#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "ingot/base/config.h"
#include "ingot/torch/tensor.h"

namespace ingot {

enum class GanForm { Dcgan, R3gan };
template <>
struct EnumNames<GanForm> {
  static constexpr std::pair<const char*, GanForm> kValues[] = {{"dcgan", GanForm::Dcgan}, {"r3gan", GanForm::R3gan}};
};

struct GanConfig {
  std::string name = "gan";
  GanForm form = GanForm::R3gan;
  int64_t latent = 64;
  std::vector<int64_t> widths = {128, 64, 32};
  int64_t blocks = 1;
  int64_t expansion = 2;
  int64_t group_width = 16;
  bool conditional = false;
  double gamma = 1;
  int64_t penalty_every = 1;
  std::string judge;
  int64_t samples = 2000;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "gan");
    v("form", self.form, "r3gan or dcgan");
    v("latent", self.latent, "numbers in a code z");
    v("widths", self.widths, "channels of each size, smallest image first; each next one is twice as large");
    v("blocks", self.blocks, "r3gan: residual blocks of a size");
    v("expansion", self.expansion, "r3gan: channels inside a block over those outside");
    v("group_width", self.group_width, "r3gan: channels of a group in the 3x3 convolution; 0 = one group");
    v("conditional", self.conditional, "r3gan: generate a class that is asked for");
    v("gamma", self.gamma, "weight of the gradient penalties R1 and R2, halved; 0 = none");
    v("penalty_every", self.penalty_every, "penalties on every n-th batch, n times as strong (Karras et al. 2020)");
    v("judge", self.judge, "run folder of an image classifier of the same images: gives the features of cFID and KID");
    v("samples", self.samples, "generated for an evaluation while training; `ingot eval` takes 10,000");
  }
  Problems validate() const;
};

class GanImpl : public torch::nn::Module {
 public:
  // Images [channels, height, width], whose sides are multiples of 2^(widths - 1); `classes` only counts when
  // conditional.
  GanImpl(const GanConfig& config, int64_t channels, int64_t height, int64_t width, int64_t classes);
  void initialise(uint64_t seed);

  Tensor generate(const Tensor& z, const Tensor& labels);           // [B, latent], [B] -> [B, C, H, W] in about -1..1
  Tensor discriminate(const Tensor& images, const Tensor& labels);  // [B, C, H, W], [B] -> logits [B], real above fake
  double train_flops() const;                                       // of one image in a step of both players

  struct Part;  // a generator or a discriminator: input, labels -> output

 private:
  GanConfig config_;
  std::shared_ptr<Part> generator_, discriminator_;
};
TORCH_MODULE(Gan);

// Summed losses of the two players, and the penalty. Logits of real and of generated images, [B] each.
// dcgan: Goodfellow et al. 2014, section 3, non-saturating. r3gan: relativistic pairing, Jolicoeur-Martineau 2019.
Tensor discriminator_loss(GanForm form, const Tensor& real, const Tensor& fake);
Tensor generator_loss(GanForm form, const Tensor& real, const Tensor& fake);
// Sum over images of |gradient of the logit by the image|^2, with a graph of its own (R1, R2: Mescheder et al. 2018).
Tensor gradient_penalty(const Tensor& logits, const Tensor& images);

}  // namespace ingot
