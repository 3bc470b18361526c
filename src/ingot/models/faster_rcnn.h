// Faster R-CNN: Ren et al. 2015, with the feature pyramid of Lin et al. 2017a and the RoIAlign of He et al. 2017.
// Names, defaults and arithmetic are those of torchvision's FasterRCNN, so that its state_dict keys are ours; RoIAlign
// is the aligned one (half a pixel off torchvision's), as in detectron2. From scratch: norm = "group" in backbone and
// pyramid (He et al. 2018, "Rethinking ImageNet Pre-training").
#pragma once

#include <vector>

#include "ingot/models/resnet.h"
#include "ingot/tasks/detect.h"

namespace ingot {

enum class BoxLoss { SmoothL1, Giou };
template <>
struct EnumNames<BoxLoss> {
  static constexpr std::pair<const char*, BoxLoss> kValues[] = {{"smooth_l1", BoxLoss::SmoothL1},
                                                                {"giou", BoxLoss::Giou}};
};

struct ProposalConfig {  // [model.rpn]
  std::vector<double> anchor_sizes = {32, 64, 128, 256, 512};
  std::vector<double> anchor_ratios = {0.5, 1, 2};
  double foreground_iou = 0.7, background_iou = 0.3;
  int64_t batch = 256;
  double positive_share = 0.5;
  int64_t before_nms_train = 2000, before_nms_test = 1000;
  int64_t after_nms_train = 2000, after_nms_test = 1000;
  double nms_iou = 0.7;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("anchor_sizes", self.anchor_sizes, "side of the square anchor of each level of the pyramid, in pixels");
    v("anchor_ratios", self.anchor_ratios, "height over width of the anchors");
    v("foreground_iou", self.foreground_iou, "an anchor with this overlap or more is an object");
    v("background_iou", self.background_iou, "one with less than this is none; between them it is not trained on");
    v("batch", self.batch, "anchors of an image that are trained on");
    v("positive_share", self.positive_share, "of them objects, at most");
    v("before_nms_train", self.before_nms_train, "best anchors of a level that become boxes, in training");
    v("before_nms_test", self.before_nms_test, "otherwise");
    v("after_nms_train", self.after_nms_train, "proposals of an image, in training");
    v("after_nms_test", self.after_nms_test, "otherwise");
    v("nms_iou", self.nms_iou, "a proposal goes that overlaps a better one of its level by more");
  }
};

struct RoiConfig {  // [model.roi]
  int64_t size = 7, sampling = 2;
  double canonical_size = 224;
  int64_t representation = 1024;
  double foreground_iou = 0.5;
  int64_t batch = 512;
  double positive_share = 0.25;
  double score = 0.05, nms_iou = 0.5;
  int64_t detections = 100;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("size", self.size, "bins a side that RoIAlign cuts a proposal into");
    v("sampling", self.sampling, "samples a side of each bin");
    v("canonical_size", self.canonical_size,
      "a proposal of this side is read from level 4 (stride 16): Lin et al., eq. 1");
    v("representation", self.representation, "width of the two layers above");
    v("foreground_iou", self.foreground_iou, "a proposal with this overlap or more is an object");
    v("batch", self.batch, "proposals of an image that are trained on");
    v("positive_share", self.positive_share, "of them objects, at most");
    v("score", self.score, "found boxes below it are dropped");
    v("nms_iou", self.nms_iou, "a box goes that overlaps a better one of its class by more");
    v("detections", self.detections, "found boxes of an image, at most");
  }
};

struct FasterRcnnConfig {
  std::string name = "faster_rcnn";
  ResNetConfig backbone;
  int64_t first_level = 2;
  bool extra_level = true;
  int64_t fpn_channels = 256;
  ProposalConfig rpn;
  RoiConfig roi;
  BoxLoss box_loss = BoxLoss::SmoothL1;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "faster_rcnn");
    v("backbone", self.backbone, "the residual network below the pyramid");
    v("first_level", self.first_level, "lowest level of the pyramid: 2 is the first stage (stride 4), 3 the second");
    v("extra_level", self.extra_level, "one more level, the last one at half its size, for proposals only");
    v("fpn_channels", self.fpn_channels, "channels of each level of the pyramid");
    v("rpn", self.rpn, "the region proposal network");
    v("roi", self.roi, "the head that classifies proposals");
    v("box_loss", self.box_loss, "of the head's boxes: smooth_l1 (beta 1/9) or giou (Rezatofighi et al. 2019)");
  }
  Problems validate() const;
  int64_t num_levels() const;  // of the pyramid, the extra one included
};

struct AnchorTargets {
  Tensor labels;   // [N] int64: 1 or a class: object, 0: background, -1: neither
  Tensor matches;  // [N] int64: the true box that a positive belongs to
};
// Each box's best true box; `rescue` also gives each true box the boxes that overlap it most, however little.
AnchorTargets match_boxes(const Tensor& boxes, const Tensor& truth, double foreground, double background, bool rescue);

class FasterRcnnImpl : public Detector {
 public:
  FasterRcnnImpl(const FasterRcnnConfig& config, int64_t num_classes);
  void initialise(uint64_t seed) override;
  Tensor loss(const PaddedImages& images, const std::vector<Regions>& truth, uint64_t draw) override;
  std::vector<Regions> detect(const PaddedImages& images) override;
  double forward_flops(int64_t height, int64_t width) const override;
  Json card() const override;

  struct Losses {
    Tensor objectness, rpn_box, classifier, box;
  };
  Losses losses(const PaddedImages& images, const std::vector<Regions>& truth, uint64_t draw);
  std::vector<Tensor> pyramid(const Tensor& images);  // levels [B, C, H, W], fine to coarse
  struct Scored {
    Tensor logits, offsets;  // [B, A], [B, A, 4], over all anchors of all levels
    std::vector<int64_t> per_level;
    Tensor anchors;  // [A, 4]
  };
  Scored score_anchors(const std::vector<Tensor>& levels, const PaddedImages& images);
  std::vector<Regions> propose(const Scored& scored, const PaddedImages& images);        // boxes and scores, best first
  Tensor pool(const std::vector<Tensor>& levels, const std::vector<Tensor>& proposals);  // [R, C, size, size]

 private:
  Tensor anchors(const std::vector<Tensor>& levels, const PaddedImages& images) const;
  std::pair<Tensor, Tensor> head(
      const Tensor& pooled);  // [R, C, S, S] -> class logits [R, K + 1], offsets [R, K + 1, 4]

  FasterRcnnConfig config_;
  int64_t num_classes_;  // without the background, which is class 0 here
  ResNet body_{nullptr};
  std::vector<torch::nn::Sequential> inner_, layer_;  // 1 x 1 into the pyramid, 3 x 3 on each level
  torch::nn::Conv2d rpn_conv_{nullptr}, rpn_logits_{nullptr}, rpn_offsets_{nullptr};
  torch::nn::Linear fc6_{nullptr}, fc7_{nullptr}, cls_score_{nullptr}, bbox_pred_{nullptr};
};
TORCH_MODULE(FasterRcnn);

}  // namespace ingot
