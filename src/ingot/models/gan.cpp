// Shapes: B images, C channels of a layer, H and W its size, Z latent, K classes.
#include "ingot/models/gan.h"

#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/init.h"

namespace ingot {

struct GanImpl::Part : public torch::nn::Module {
  virtual Tensor run(const Tensor& x, const Tensor& labels) = 0;
  virtual void initialise(uint64_t seed, const std::string& prefix) = 0;
  // Counts the kernels of `module`, each applied at `area` places.
  void count(const torch::nn::Module& module, int64_t area) {
    for (const auto& p : module.parameters())
      if (p.dim() == 4) products += double(p.numel() * area);
  }
  double products = 0;  // of one image's forward pass
};

namespace {

const double kLeakyGain = std::sqrt(2 / (1 + 0.2 * 0.2));  // keeps the variance through a leaky ReLU

torch::nn::Conv2d gan_conv(int64_t in, int64_t out, int64_t kernel, int64_t groups = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).groups(groups).bias(false));
}

// Bilinear by a factor of 2 either way.
Tensor twice(const Tensor& x) {
  return at::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, /*align_corners=*/false);
}
Tensor half(const Tensor& x) { return at::avg_pool2d(x, {2, 2}); }  // what bilinear at a factor of 1/2 is

// R3GAN, figure 2: x + conv1x1(act(grouped conv3x3(act(conv1x1(x))))), each activation with a bias of its own.
class R3BlockImpl : public torch::nn::Module {
 public:
  R3BlockImpl(int64_t width, const GanConfig& c) {
    const int64_t inner = width * c.expansion;
    conv1_ = register_module("conv1", gan_conv(width, inner, 1));
    bias1_ = register_parameter("bias1", torch::zeros({inner}));
    conv2_ = register_module("conv2", gan_conv(inner, inner, 3, c.group_width == 0 ? 1 : inner / c.group_width));
    bias2_ = register_parameter("bias2", torch::zeros({inner}));
    conv3_ = register_module("conv3", gan_conv(inner, width, 1));
  }
  Tensor forward(const Tensor& x) {
    const auto y = at::leaky_relu(conv1_(x) + bias1_.view({1, -1, 1, 1}), 0.2);
    return x + conv3_(at::leaky_relu(conv2_(y) + bias2_.view({1, -1, 1, 1}), 0.2));
  }

 private:
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr};
  Tensor bias1_, bias2_;
};
TORCH_MODULE(R3Block);

// Fix-up (Zhang et al. 2019): the last convolution of a block is 0, the others shrink with the number of blocks.
void initialise_r3(torch::nn::Module& module, int64_t blocks, uint64_t seed, const std::string& prefix) {
  const double shrink = std::pow(double(blocks), -0.25);  // 3 layers a block: L^(-1 / (2 * 3 - 2))
  for (const auto& item : module.named_parameters()) {
    const auto& [name, weight] = item.pair();
    const double fan_in = weight.dim() < 2 ? 1 : double(weight.numel()) / double(weight.size(0));
    double gain = 1;
    if (name.find("conv1.") != std::string::npos || name.find("conv2.") != std::string::npos)
      gain = kLeakyGain * shrink;
    if (name.find("conv3.") != std::string::npos || name.find("bias") != std::string::npos) gain = 0;
    fill_normal(weight, name == "basis" ? 1 : gain / std::sqrt(fan_in), seed, prefix + name);
  }
}

struct R3Generator : GanImpl::Part {
  R3Generator(const GanConfig& c, int64_t channels, int64_t height, int64_t width, int64_t classes) : config(c) {
    const int64_t scale = int64_t{1} << (c.widths.size() - 1), K = c.conditional ? classes : 0;
    int64_t area = height / scale * (width / scale);
    basis = register_parameter("basis", torch::empty({c.widths[0], height / scale, width / scale}));
    mix = register_parameter("mix", torch::empty({c.widths[0], c.latent + K}));
    products += double(mix.numel());
    for (size_t s = 0; s < c.widths.size(); ++s) {
      if (s > 0) {
        area *= 4;
        grow.push_back(register_module("grow" + std::to_string(s), gan_conv(c.widths[s - 1], c.widths[s], 1)));
        count(*grow.back(), area);
      }
      for (int64_t i = 0; i < c.blocks; ++i) {
        const auto name = "block" + std::to_string(s) + "_" + std::to_string(i);
        stages.push_back(register_module(name, R3Block(c.widths[s], c)));
        count(*stages.back(), area);
      }
    }
    to_image = register_module("to_image", gan_conv(c.widths.back(), channels, 1));
    count(*to_image, area);
  }
  Tensor run(const Tensor& z, const Tensor& labels) override {
    auto code = z;  // [B, Z], [B, Z + K] when conditional
    if (config.conditional) code = at::cat({z, at::one_hot(labels, mix.size(1) - config.latent).to(z.dtype())}, 1);
    auto x = basis * code.matmul(mix.t()).view({-1, mix.size(0), 1, 1});  // [B, C, H / scale, W / scale]
    for (size_t s = 0, block = 0; s < config.widths.size(); ++s) {
      if (s > 0) x = grow[s - 1](twice(x));
      for (int64_t i = 0; i < config.blocks; ++i) x = stages[block++](x);
    }
    return to_image(x);
  }
  void initialise(uint64_t seed, const std::string& prefix) override {
    initialise_r3(*this, int64_t(stages.size()), seed, prefix);
  }
  GanConfig config;
  Tensor basis, mix;
  std::vector<torch::nn::Conv2d> grow;
  std::vector<R3Block> stages;
  torch::nn::Conv2d to_image{nullptr};
};

struct R3Discriminator : GanImpl::Part {
  R3Discriminator(const GanConfig& c, int64_t channels, int64_t height, int64_t width, int64_t classes) : config(c) {
    const int64_t scale = int64_t{1} << (c.widths.size() - 1);
    const auto deepest = c.widths[0];
    int64_t area = height * width;
    from_image = register_module("from_image", gan_conv(channels, c.widths.back(), 1));
    count(*from_image, area);
    for (size_t s = c.widths.size(); s-- > 0;) {
      for (int64_t i = 0; i < c.blocks; ++i) {
        const auto name = "block" + std::to_string(s) + "_" + std::to_string(i);
        stages.push_back(register_module(name, R3Block(c.widths[s], c)));
        count(*stages.back(), area);
      }
      if (s > 0) {
        area /= 4;
        shrink.push_back(register_module("shrink" + std::to_string(s), gan_conv(c.widths[s], c.widths[s - 1], 1)));
        count(*shrink.back(), area);
      }
    }
    basis = register_parameter("basis", torch::empty({deepest, height / scale, width / scale}));
    head = register_parameter("head", torch::empty({c.conditional ? classes : 1, deepest}));
  }
  Tensor run(const Tensor& images, const Tensor& labels) override {
    auto x = from_image(images);
    for (size_t s = config.widths.size(), block = 0, step = 0; s-- > 0;) {
      for (int64_t i = 0; i < config.blocks; ++i) x = stages[block++](x);
      if (s > 0) x = shrink[step++](half(x));
    }
    const auto features = (x * basis).sum({2, 3}) / std::sqrt(double(basis.size(1) * basis.size(2)));  // [B, C]
    const auto logits = features.matmul(head.t());  // [B, 1], or [B, K]: that of the class counts
    return config.conditional ? logits.gather(1, labels.unsqueeze(1)).squeeze(1) : logits.squeeze(1);
  }
  void initialise(uint64_t seed, const std::string& prefix) override {
    initialise_r3(*this, int64_t(stages.size()), seed, prefix);
  }
  GanConfig config;
  torch::nn::Conv2d from_image{nullptr};
  std::vector<R3Block> stages;
  std::vector<torch::nn::Conv2d> shrink;
  Tensor basis, head;
};

// Radford et al. 2016, section 4: normal(0, 0.02), scales normal(1, 0.02).
void initialise_dcgan(torch::nn::Module& module, uint64_t seed, const std::string& prefix) {
  const at::NoGradGuard no_grad;
  for (const auto& item : module.named_parameters()) {
    fill_normal(item.value(), item.key().ends_with("bias") ? 0 : 0.02, seed, prefix + item.key());
    if (item.value().dim() == 1 && item.key().ends_with("weight")) item.value().add_(1);
  }
  for (const auto& item : module.named_buffers()) item.value().fill_(item.key().ends_with("running_var") ? 1 : 0);
}

struct DcGenerator : GanImpl::Part {
  DcGenerator(const GanConfig& c, int64_t channels, int64_t height, int64_t width) {
    using Transposed = torch::nn::ConvTranspose2dOptions;
    const int64_t scale = int64_t{1} << (c.widths.size() - 1);
    const auto add = [&](const Transposed& options, int64_t area) {  // of what goes in
      const torch::nn::ConvTranspose2d layer(options);
      count(*layer, area);
      layers->push_back(layer);
    };
    int64_t area = height / scale * (width / scale);
    add(Transposed(c.latent, c.widths[0], {height / scale, width / scale}).bias(false), 1);
    for (size_t s = 0; s < c.widths.size(); ++s, area *= 4) {
      layers->push_back(torch::nn::BatchNorm2d(c.widths[s]));
      layers->push_back(torch::nn::ReLU());
      if (s + 1 < c.widths.size())
        add(Transposed(c.widths[s], c.widths[s + 1], 4).stride(2).padding(1).bias(false), area);
      else
        add(Transposed(c.widths[s], channels, 3).padding(1).bias(false), area);
    }
    register_module("layers", layers);
  }
  Tensor run(const Tensor& z, const Tensor&) override {
    return layers->forward(z.view({z.size(0), z.size(1), 1, 1})).tanh();
  }
  void initialise(uint64_t seed, const std::string& prefix) override { initialise_dcgan(*this, seed, prefix); }
  torch::nn::Sequential layers;
};

struct DcDiscriminator : GanImpl::Part {
  DcDiscriminator(const GanConfig& c, int64_t channels, int64_t height, int64_t width) {
    using Options = torch::nn::Conv2dOptions;
    const int64_t scale = int64_t{1} << (c.widths.size() - 1);
    const auto add = [&](const Options& options, int64_t area) {  // of what comes out
      const torch::nn::Conv2d layer(options);
      count(*layer, area);
      layers->push_back(layer);
    };
    const auto leaky = [] { return torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2)); };
    int64_t area = height * width;
    add(Options(channels, c.widths.back(), 3).padding(1).bias(false), area);
    layers->push_back(leaky());
    for (size_t s = c.widths.size() - 1; s > 0; --s) {
      area /= 4;
      add(Options(c.widths[s], c.widths[s - 1], 4).stride(2).padding(1).bias(false), area);
      layers->push_back(torch::nn::BatchNorm2d(c.widths[s - 1]));
      layers->push_back(leaky());
    }
    add(Options(c.widths[0], 1, {height / scale, width / scale}).bias(false), 1);
    register_module("layers", layers);
  }
  Tensor run(const Tensor& images, const Tensor&) override { return layers->forward(images).flatten(); }
  void initialise(uint64_t seed, const std::string& prefix) override { initialise_dcgan(*this, seed, prefix); }
  torch::nn::Sequential layers;
};

}  // namespace

Problems GanConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  for (const auto& [key, value] :
       {std::pair{"latent", latent}, {"blocks", blocks}, {"expansion", expansion}, {"penalty_every", penalty_every}})
    check(value >= 1 && value <= 4096, key, ": got ", value, ", expected 1 to 4096");
  check(samples >= 100 && samples <= 1000000, "samples: got ", samples, ", expected 100 to 1,000,000");
  check(!widths.empty() && widths.size() <= 8, "widths: got ", widths.size(), " sizes, expected 1 to 8");
  for (const auto width : widths) {
    check(width >= 1 && width <= 4096, "widths: got ", width, ", expected 1 to 4096");
    check(form == GanForm::Dcgan || group_width <= 0 || width * expansion % group_width == 0, "widths: got ", width,
          ", expected width * expansion ", expansion, " to be a multiple of group_width ", group_width);
  }
  check(group_width >= 0, "group_width: got ", group_width, ", expected 0 (one group) or more");
  check(gamma >= 0 && std::isfinite(gamma), "gamma: got ", gamma, ", expected 0 (no penalty) or more");
  check(form == GanForm::R3gan || gamma == 0, "gamma: got ", gamma,
        ", expected 0 for dcgan: its batch norm ties the images of a batch together");
  check(form == GanForm::R3gan || !conditional, "conditional: got true, expected false for dcgan");
  return p;
}

GanImpl::GanImpl(const GanConfig& config, int64_t channels, int64_t height, int64_t width, int64_t classes)
    : config_(config) {
  const int64_t scale = int64_t{1} << (config.widths.size() - 1);
  require("gan", height % scale == 0 && width % scale == 0, "images have ", width, " x ", height,
          " pixels, expected multiples of ", scale, " (2^(number of model.widths - 1)); set data.size");
  if (config.form == GanForm::R3gan) {
    generator_ = std::make_shared<R3Generator>(config, channels, height, width, classes);
    discriminator_ = std::make_shared<R3Discriminator>(config, channels, height, width, classes);
  } else {
    generator_ = std::make_shared<DcGenerator>(config, channels, height, width);
    discriminator_ = std::make_shared<DcDiscriminator>(config, channels, height, width);
  }
  register_module("generator", generator_);
  register_module("discriminator", discriminator_);
}

void GanImpl::initialise(uint64_t seed) {
  generator_->initialise(seed, "generator.");
  discriminator_->initialise(seed, "discriminator.");
}

Tensor GanImpl::generate(const Tensor& z, const Tensor& labels) { return generator_->run(z, labels); }

Tensor GanImpl::discriminate(const Tensor& images, const Tensor& labels) { return discriminator_->run(images, labels); }

// A forward pass is 2 products' worth, a backward pass 4, or 2 where only the input takes a gradient. Discriminator
// step: G forward, D forward and backward on two images. Generator step: D forward, G both ways, D forward and back to
// the image. Without penalties.
double GanImpl::train_flops() const {
  const double g = generator_->products, d = discriminator_->products;
  return 2 * g + 2 * 6 * d + 2 * d + 6 * g + 4 * d;
}

Tensor discriminator_loss(GanForm form, const Tensor& real, const Tensor& fake) {
  if (form == GanForm::R3gan) return at::softplus(fake - real).sum();
  return at::softplus(-real).sum() + at::softplus(fake).sum();
}

Tensor generator_loss(GanForm form, const Tensor& real, const Tensor& fake) {
  return form == GanForm::R3gan ? at::softplus(real - fake).sum() : at::softplus(-fake).sum();
}

Tensor gradient_penalty(const Tensor& logits, const Tensor& images) {
  const auto gradient = torch::autograd::grad({logits.sum()}, {images}, {}, /*retain_graph=*/true,
                                              /*create_graph=*/true)[0];
  return gradient.square().sum();
}

}  // namespace ingot
