// Shapes: B images, C channels of a stage, H and W its size.
#include "ingot/models/resnet.h"

#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/init.h"
#include "ingot/torch/module_state.h"

namespace ingot {
namespace {

torch::nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

// In the type of its weights under autocast as well: LibTorch 1.13 has no GroupNorm of bfloat16 with float weights.
class GroupNormImpl : public torch::nn::GroupNormImpl {
 public:
  using torch::nn::GroupNormImpl::GroupNormImpl;
  Tensor forward(const Tensor& x) { return torch::nn::GroupNormImpl::forward(x.to(weight.scalar_type())); }
};
TORCH_MODULE(GroupNorm);

}  // namespace

torch::nn::AnyModule norm_2d(const ResNetConfig& config, int64_t width) {
  if (config.norm == ResNetNorm::Group)
    return torch::nn::AnyModule(GroupNorm(torch::nn::GroupNormOptions(config.groups, width)));
  return torch::nn::AnyModule(torch::nn::BatchNorm2d(width));
}

namespace {

int64_t expansion(ResNetBlock block) { return block == ResNetBlock::Bottleneck ? 4 : 1; }

// What both kinds of block share: y = relu(F(x) + shortcut(x)).
class ResidualImpl : public torch::nn::Module {
 public:
  ResidualImpl(const ResNetConfig& config, int64_t in, int64_t out, int64_t stride) {
    if (stride == 1 && in == out) return;
    downsample_ = register_module("downsample", torch::nn::Sequential(conv(in, out, 1, stride)));
    downsample_->push_back(norm_2d(config, out));
  }
  Tensor forward(const Tensor& x) { return branch(x).add_(downsample_ ? downsample_->forward(x) : x).relu_(); }

 protected:
  virtual Tensor branch(const Tensor& x) = 0;

 private:
  torch::nn::Sequential downsample_{nullptr};
};

class BasicBlockImpl : public ResidualImpl {
 public:
  BasicBlockImpl(const ResNetConfig& config, int64_t in, int64_t width, int64_t stride)
      : ResidualImpl(config, in, width, stride) {
    conv1_ = register_module("conv1", conv(in, width, 3, stride));
    bn1_ = norm_2d(config, width);
    register_module("bn1", bn1_.ptr());
    conv2_ = register_module("conv2", conv(width, width, 3));
    bn2_ = norm_2d(config, width);
    register_module("bn2", bn2_.ptr());
  }

 protected:
  Tensor branch(const Tensor& x) override { return bn2_.forward(conv2_(bn1_.forward(conv1_(x)).relu_())); }

 private:
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
  torch::nn::AnyModule bn1_, bn2_;
};
TORCH_MODULE(BasicBlock);

class BottleneckImpl : public ResidualImpl {
 public:
  BottleneckImpl(const ResNetConfig& config, int64_t in, int64_t width, int64_t stride)
      : ResidualImpl(config, in, 4 * width, stride) {
    conv1_ = register_module("conv1", conv(in, width, 1));
    bn1_ = norm_2d(config, width);
    register_module("bn1", bn1_.ptr());
    conv2_ = register_module("conv2", conv(width, width, 3, stride));
    bn2_ = norm_2d(config, width);
    register_module("bn2", bn2_.ptr());
    conv3_ = register_module("conv3", conv(width, 4 * width, 1));
    bn3_ = norm_2d(config, 4 * width);
    register_module("bn3", bn3_.ptr());
  }

 protected:
  Tensor branch(const Tensor& x) override {
    return bn3_.forward(conv3_(bn2_.forward(conv2_(bn1_.forward(conv1_(x)).relu_())).relu_()));
  }

 private:
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr};
  torch::nn::AnyModule bn1_, bn2_, bn3_;
};
TORCH_MODULE(Bottleneck);

}  // namespace

Problems ResNetConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  check(depth == 0 || depth == 18 || depth == 34 || depth == 50 || depth == 101 || depth == 152, "depth: got ", depth,
        ", expected 18, 34, 50, 101, 152, or 0 with layers and block");
  check((depth == 0) != layers.empty(), "layers: got ", layers.size(), " stages with depth = ", depth,
        ", expected layers with depth = 0 and none otherwise");
  check(layers.size() <= 8, "layers: got ", layers.size(), " stages, expected at most 8");
  for (const auto n : layers) check(n >= 1 && n <= 1000, "layers: got ", n, " blocks, expected 1 to 1000");
  check(width >= 1 && width <= 4096, "width: got ", width, ", expected 1 to 4096");
  check(norm == ResNetNorm::Batch || (groups >= 1 && width % groups == 0), "groups: got ", groups,
        ", expected a divisor of width ", width);
  return p;
}

// He et al. 2015, table 1.
ResNetConfig ResNetConfig::resolved() const {
  auto c = *this;
  if (depth == 0) return c;
  c.depth = 0;
  c.block = depth >= 50 ? ResNetBlock::Bottleneck : ResNetBlock::Basic;
  c.layers = depth == 18    ? std::vector<int64_t>{2, 2, 2, 2}
             : depth == 101 ? std::vector<int64_t>{3, 4, 23, 3}
             : depth == 152 ? std::vector<int64_t>{3, 8, 36, 3}
                            : std::vector<int64_t>{3, 4, 6, 3};
  return c;
}

ResNetImpl::ResNetImpl(const ResNetConfig& config, int64_t channels, int64_t num_classes) : config_(config.resolved()) {
  const bool small = config_.stem == ResNetStem::Small;
  int64_t in = config_.width;
  conv1_ = register_module("conv1", small ? conv(channels, in, 3) : conv(channels, in, 7, 2));
  bn1_ = norm_2d(config_, in);
  register_module("bn1", bn1_.ptr());
  for (size_t s = 0; s < config_.layers.size(); ++s) {
    const int64_t width = config_.width << s;
    torch::nn::Sequential stage;
    for (int64_t i = 0; i < config_.layers[s]; ++i) {
      const int64_t stride = s > 0 && i == 0 ? 2 : 1;
      if (config_.block == ResNetBlock::Bottleneck)
        stage->push_back(Bottleneck(config_, in, width, stride));
      else
        stage->push_back(BasicBlock(config_, in, width, stride));
      in = width * expansion(config_.block);
    }
    stages_.push_back(register_module("layer" + std::to_string(s + 1), stage));
  }
  if (num_classes > 0) fc_ = register_module("fc", torch::nn::Linear(in, num_classes));
}

std::vector<Tensor> ResNetImpl::maps(const Tensor& images) {
  require("resnet", images.dim() == 4 && images.size(1) == conv1_->options.in_channels(), "images are ", images.sizes(),
          ", expected [B, ", conv1_->options.in_channels(), ", H, W]");
  require("resnet", !is_training() || images.size(0) > 1 || config_.norm != ResNetNorm::Batch,
          "the batch has 1 image, expected at least 2 in training: BatchNorm has no variance over one");
  auto x = bn1_.forward(conv1_(images)).relu_();                                            // [B, width, H, W]
  if (config_.stem == ResNetStem::ImageNet) x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});  // [B, width, H / 4, W / 4]
  x = x.contiguous(at::MemoryFormat::ChannelsLast);  // 1.4 times as fast on a CPU in float32, 2.4 in bfloat16
  std::vector<Tensor> maps;
  for (auto& stage : stages_) maps.push_back(x = stage->forward(x));
  return maps;
}

Tensor ResNetImpl::features(const Tensor& images) { return maps(images).back().mean({2, 3}); }

// He et al. 2015b: normal with variance 2 / fan out for convolutions; U(-1 / sqrt(C), 1 / sqrt(C)) for the classifier.
void ResNetImpl::initialise(uint64_t seed) {
  const at::NoGradGuard no_grad;
  const std::string last = config_.block == ResNetBlock::Bottleneck ? ".bn3.weight" : ".bn2.weight";
  for (const auto& item : named_parameters()) {
    const auto& name = item.key();
    const auto& weight = item.value();
    if (name.starts_with("fc."))
      fill_uniform(weight, 1 / std::sqrt(double(fc_->options.in_features())), seed, name);
    else if (weight.dim() == 4)
      fill_normal(weight, std::sqrt(2 / double(weight.size(0) * weight.size(2) * weight.size(3))), seed, name);
    else
      weight.fill_(name.ends_with("bias") || (config_.zero_init_last && name.ends_with(last)) ? 0 : 1);
  }
  for (const auto& item : named_buffers()) item.value().fill_(item.key().ends_with("running_var") ? 1 : 0);
}

double ResNetImpl::forward_flops(int64_t height, int64_t width) const {
  double products = 0;
  const auto half = [](int64_t n) { return (n + 1) / 2; };
  for (const auto& item : named_parameters()) {
    const auto& name = item.key();
    if (item.value().dim() == 2) products += double(item.value().numel());
    if (item.value().dim() != 4) continue;
    // Output size of this convolution: halved by the stem, and once by each stage after the first, of which only the
    // first block's convolutions before the stride see more.
    int64_t h = height, w = width;
    const auto halve = [&](int64_t times) {
      for (; times > 0; --times) h = half(h), w = half(w);
    };
    const bool imagenet = config_.stem == ResNetStem::ImageNet;
    if (name == "conv1.weight") {
      halve(imagenet ? 1 : 0);
    } else {
      const int64_t stage = std::stoll(name.substr(5)) - 1;
      const bool before_stride = config_.block == ResNetBlock::Bottleneck && name.ends_with(".0.conv1.weight");
      halve((imagenet ? 2 : 0) + std::max<int64_t>(0, stage - before_stride));
    }
    products += double(item.value().numel()) * double(h * w);
  }
  return 2 * products;
}

Json ResNetImpl::card() const {
  return {{"parameters", count_parameters(*this)},
          {"layers", config_.layers},
          {"block", enum_name(config_.block)},
          {"width", config_.width},
          {"stem", enum_name(config_.stem)}};
}

std::unique_ptr<Task> make_resnet(const Document& recipe, const TaskOptions& options) {
  const auto config = read_config<ResNetConfig>(recipe, "model");
  auto task = std::make_unique<ImageClassifyTask>(read_config<ImageClassifyConfig>(recipe, "data"), options);
  const auto& format = task->format();
  task->set_model(std::make_shared<ResNetImpl>(config, format.channels, int64_t(format.names.size())));
  return task;
}

}  // namespace ingot
