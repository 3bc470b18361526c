// Residual networks: He et al. 2015, "Deep Residual Learning for Image Recognition". Names, sizes and arithmetic are
// torchvision's (stride in the 3x3 convolution of a bottleneck), so that its state_dict keys are ours.
#pragma once

#include <vector>

#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "ingot/base/config.h"
#include "ingot/tasks/image_classify.h"

namespace ingot {

enum class ResNetBlock { Basic, Bottleneck };
template <>
struct EnumNames<ResNetBlock> {
  static constexpr std::pair<const char*, ResNetBlock> kValues[] = {{"basic", ResNetBlock::Basic},
                                                                    {"bottleneck", ResNetBlock::Bottleneck}};
};
enum class ResNetStem { ImageNet, Small };
template <>
struct EnumNames<ResNetStem> {
  static constexpr std::pair<const char*, ResNetStem> kValues[] = {{"imagenet", ResNetStem::ImageNet},
                                                                   {"small", ResNetStem::Small}};
};

enum class ResNetNorm { Batch, Group };
template <>
struct EnumNames<ResNetNorm> {
  static constexpr std::pair<const char*, ResNetNorm> kValues[] = {{"batch", ResNetNorm::Batch},
                                                                   {"group", ResNetNorm::Group}};
};

struct ResNetConfig {
  std::string name = "resnet";
  int64_t depth = 18;
  std::vector<int64_t> layers;
  ResNetBlock block = ResNetBlock::Basic;
  int64_t width = 64;
  ResNetStem stem = ResNetStem::ImageNet;
  ResNetNorm norm = ResNetNorm::Batch;
  int64_t groups = 32;
  bool zero_init_last = true;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "resnet");
    v("depth", self.depth, "18, 34, 50, 101 or 152: sets layers and block; 0: as they are given");
    v("layers", self.layers, "with depth = 0: blocks in each stage, whose width doubles and size halves");
    v("block", self.block, "with depth = 0: basic (two 3x3) or bottleneck (1x1, 3x3, 1x1 to four times the width)");
    v("width", self.width, "channels of the first stage");
    v("stem", self.stem, "imagenet (7x7 stride 2, max pool) or small (3x3 stride 1, for 28x28 and 32x32 images)");
    v("norm", self.norm, "batch, or group (Wu & He 2018), which takes batches of one image");
    v("groups", self.groups, "norm = group: groups of channels");
    v("zero_init_last", self.zero_init_last,
      "each block begins as the identity: its last gamma is 0 (Goyal et al. 2017)");
  }
  Problems validate() const;
  // The shape that `depth` stands for, with depth = 0.
  ResNetConfig resolved() const;
};

torch::nn::AnyModule norm_2d(const ResNetConfig& config, int64_t width);  // of its kind, for maps [B, width, H, W]

class ResNetImpl : public ImageClassifier {
 public:
  // num_classes 0: a backbone, which has no classifier.
  ResNetImpl(const ResNetConfig& config, int64_t channels, int64_t num_classes);
  void initialise(uint64_t seed) override;
  Tensor forward(const Tensor& images) override { return classify(features(images)); }
  std::vector<Tensor> maps(const Tensor& images);  // [B, C, H, W] -> the output of each stage, [B, C, H, W]
  Tensor features(const Tensor& images);           // the last map averaged over space, [B, C]
  Tensor classify(const Tensor& features) { return fc_(features); }
  double forward_flops(int64_t height, int64_t width) const override;
  Json card() const override;

 private:
  ResNetConfig config_;
  torch::nn::Conv2d conv1_{nullptr};
  torch::nn::AnyModule bn1_;
  std::vector<torch::nn::Sequential> stages_;  // layer1, layer2, ..
  torch::nn::Linear fc_{nullptr};
};
TORCH_MODULE(ResNet);

}  // namespace ingot
