// Shapes: B images, C channels, H and W of a level, A anchors of all levels together, N true boxes of an image, R
// proposals of all images together, K classes.
#include "ingot/models/faster_rcnn.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/rng.h"
#include "ingot/nn/box_ops.h"
#include "ingot/nn/init.h"
#include "ingot/nn/roi_align.h"
#include "ingot/torch/module_state.h"

namespace ingot {
namespace {

constexpr BoxWeights kRpnWeights = {1, 1, 1, 1}, kRoiWeights = {10, 10, 5, 5};  // Girshick 2015, code
constexpr double kBeta = 1.0 / 9;                                               // of the smooth L1 losses

torch::nn::Conv2d biased_conv(int64_t in, int64_t out, int64_t kernel) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2));
}

// A module at a path such as "rpn.head", made where it does not exist.
template <typename Holder>
Holder register_at(torch::nn::Module& root, const std::string& path, Holder holder) {
  const auto dot = path.find('.');
  if (dot == std::string::npos) return root.register_module(path, holder);
  const auto name = path.substr(0, dot);
  const auto children = root.named_children();
  const auto* found = children.find(name);
  auto child = found ? *found : root.register_module(name, std::make_shared<torch::nn::Module>());
  return register_at(*child, path.substr(dot + 1), holder);
}

// At most `batch` places, of them at most positive_share with a label above 0, drawn without replacement; in order.
Tensor sample(const Tensor& labels, int64_t batch, double positive_share, Rng& rng) {
  const auto cpu = labels.cpu().contiguous();
  const int64_t* label = cpu.data_ptr<int64_t>();
  std::vector<int64_t> positive, negative;
  for (int64_t i = 0; i < cpu.size(0); ++i)
    if (label[i] > 0)
      positive.push_back(i);
    else if (label[i] == 0)
      negative.push_back(i);
  const auto draw = [&](std::vector<int64_t>& from, int64_t count) {  // the first steps of Fisher and Yates
    for (size_t i = 0; i < size_t(count) && size_t(count) < from.size(); ++i)
      std::swap(from[i], from[i + rng.below(from.size() - i)]);
    from.resize(std::min(from.size(), size_t(count)));
  };
  draw(positive, int64_t(double(batch) * positive_share));
  draw(negative, batch - int64_t(positive.size()));
  positive.insert(positive.end(), negative.begin(), negative.end());
  std::sort(positive.begin(), positive.end());
  return torch::tensor(positive, torch::kLong).to(labels.device());
}

}  // namespace

int64_t FasterRcnnConfig::num_levels() const {
  return int64_t(backbone.resolved().layers.size()) + 2 - first_level + extra_level;
}

Problems FasterRcnnConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  const auto stages = int64_t(backbone.resolved().layers.size());
  check(backbone.stem == ResNetStem::ImageNet, "backbone.stem: got \"small\", expected \"imagenet\" (stride 4)");
  check(stages == 0 || (first_level >= 2 && first_level <= stages + 1), "first_level: got ", first_level,
        ", expected 2 to ", stages + 1, " with ", stages, " stages");
  check(fpn_channels >= 1 && (backbone.norm == ResNetNorm::Batch || fpn_channels % backbone.groups == 0),
        "fpn_channels: got ", fpn_channels, ", expected a multiple of backbone.groups ", backbone.groups);
  check(int64_t(rpn.anchor_sizes.size()) == num_levels(), "rpn.anchor_sizes: got ", rpn.anchor_sizes.size(),
        ", expected one for each of the ", num_levels(), " levels");
  check(!rpn.anchor_ratios.empty(), "rpn.anchor_ratios: got none, expected at least one");
  for (const double x : rpn.anchor_sizes) check(x >= 1, "rpn.anchor_sizes: got ", x, ", expected at least 1");
  for (const double x : rpn.anchor_ratios) check(x > 0, "rpn.anchor_ratios: got ", x, ", expected above 0");
  for (const auto& [key, value] : {std::pair{"rpn.foreground_iou", rpn.foreground_iou},
                                   {"rpn.background_iou", rpn.background_iou},
                                   {"rpn.positive_share", rpn.positive_share},
                                   {"rpn.nms_iou", rpn.nms_iou},
                                   {"roi.foreground_iou", roi.foreground_iou},
                                   {"roi.positive_share", roi.positive_share},
                                   {"roi.nms_iou", roi.nms_iou}})
    check(value > 0 && value <= 1, key, ": got ", value, ", expected above 0 and at most 1");
  check(rpn.background_iou <= rpn.foreground_iou, "rpn.background_iou: got ", rpn.background_iou,
        ", expected at most rpn.foreground_iou ", rpn.foreground_iou);
  for (const auto& [key, value] : {std::pair{"rpn.batch", rpn.batch},
                                   {"rpn.before_nms_train", rpn.before_nms_train},
                                   {"rpn.before_nms_test", rpn.before_nms_test},
                                   {"rpn.after_nms_train", rpn.after_nms_train},
                                   {"rpn.after_nms_test", rpn.after_nms_test},
                                   {"roi.batch", roi.batch},
                                   {"roi.size", roi.size},
                                   {"roi.sampling", roi.sampling},
                                   {"roi.representation", roi.representation},
                                   {"roi.detections", roi.detections}})
    check(value >= 1, key, ": got ", value, ", expected at least 1");
  return p;
}

AnchorTargets match_boxes(const Tensor& boxes, const Tensor& truth, double foreground, double background, bool rescue) {
  if (truth.size(0) == 0) {
    const auto none = at::zeros({boxes.size(0)}, boxes.options().dtype(at::kLong));
    return {none, none};
  }
  const auto iou = box_iou(truth, boxes);    // [N, A]
  const auto [best, matches] = iou.max(0);   // [A]
  auto labels = at::full_like(matches, -1);  // between the two bounds
  labels.masked_fill_(best < background, 0);
  labels.masked_fill_(best >= foreground, 1);
  if (rescue) {
    const auto highest = std::get<0>(iou.max(1, true));  // [N, 1]
    labels.masked_fill_((iou == highest).any(0), 1);
  }
  return {labels, matches};
}

FasterRcnnImpl::FasterRcnnImpl(const FasterRcnnConfig& config, int64_t num_classes)
    : config_(config), num_classes_(num_classes) {
  const auto shape = config.backbone.resolved();
  body_ = register_at(*this, "backbone.body", ResNet(config.backbone, 3, 0));
  const auto F = config.fpn_channels;
  const bool norm = shape.norm == ResNetNorm::Group;
  const auto block = [&](int64_t in, int64_t kernel) {
    torch::nn::Sequential layers(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(in, F, kernel).padding(kernel / 2).bias(!norm)));
    if (norm) layers->push_back(norm_2d(shape, F));
    return layers;
  };
  for (size_t s = size_t(config.first_level - 2); s < shape.layers.size(); ++s) {
    const int64_t in = (shape.width << s) * (shape.block == ResNetBlock::Bottleneck ? 4 : 1);
    const auto n = std::to_string(inner_.size());
    inner_.push_back(register_at(*this, "backbone.fpn.inner_blocks." + n, block(in, 1)));
    layer_.push_back(register_at(*this, "backbone.fpn.layer_blocks." + n, block(F, 3)));
  }
  const auto per_cell = int64_t(config.rpn.anchor_ratios.size());
  rpn_conv_ = register_at(*this, "rpn.head.conv.0.0", biased_conv(F, F, 3));
  rpn_logits_ = register_at(*this, "rpn.head.cls_logits", biased_conv(F, per_cell, 1));
  rpn_offsets_ = register_at(*this, "rpn.head.bbox_pred", biased_conv(F, 4 * per_cell, 1));
  const auto D = config.roi.representation;
  const auto linear = [&](const char* path, int64_t in, int64_t out) {
    return register_at(*this, path, torch::nn::Linear(in, out));
  };
  fc6_ = linear("roi_heads.box_head.fc6", F * config.roi.size * config.roi.size, D);
  fc7_ = linear("roi_heads.box_head.fc7", D, D);
  cls_score_ = linear("roi_heads.box_predictor.cls_score", D, num_classes + 1);
  bbox_pred_ = linear("roi_heads.box_predictor.bbox_pred", D, 4 * (num_classes + 1));
}

// Lin et al. 2017a, figure 3.
std::vector<Tensor> FasterRcnnImpl::pyramid(const Tensor& images) {
  const auto maps = body_->maps(images);
  const size_t first = size_t(config_.first_level - 2);
  std::vector<Tensor> levels(inner_.size());
  Tensor top_down;
  for (size_t i = inner_.size(); i-- > 0;) {
    const auto lateral = inner_[i]->forward(maps[first + i]);  // [B, C, H, W]
    top_down = top_down.defined() ? lateral + at::upsample_nearest2d(top_down, lateral.sizes().slice(2)) : lateral;
    levels[i] = layer_[i]->forward(top_down);
  }
  if (config_.extra_level) levels.push_back(at::max_pool2d(levels.back(), {1, 1}, {2, 2}));
  return levels;
}

Tensor FasterRcnnImpl::anchors(const std::vector<Tensor>& levels, const PaddedImages& images) const {
  std::vector<Tensor> all;
  for (size_t i = 0; i < levels.size(); ++i) {
    std::vector<float> cell;  // x1, y1, x2, y2 around 0, whole pixels as in torchvision
    for (const double ratio : config_.rpn.anchor_ratios) {
      const double h = std::sqrt(ratio) * config_.rpn.anchor_sizes[i],
                   w = config_.rpn.anchor_sizes[i] / std::sqrt(ratio);
      for (const double side : {-w, -h, w, h}) cell.push_back(float(std::nearbyint(side / 2)));
    }
    const auto H = levels[i].size(2), W = levels[i].size(3);
    const auto options = at::TensorOptions().dtype(at::kFloat);
    const auto y = at::arange(H, options) * double(images.pixels.size(2) / H);
    const auto x = at::arange(W, options) * double(images.pixels.size(3) / W);
    const auto grid = at::stack({x.repeat({H}), y.repeat_interleave(W)}, 1);  // [H W, 2]
    const auto base = torch::tensor(cell).view({1, -1, 4});                   // [1, ratios, 4]
    all.push_back((at::cat({grid, grid}, 1).unsqueeze(1) + base).view({-1, 4}));
  }
  return at::cat(all).to(images.pixels.device());
}

FasterRcnnImpl::Scored FasterRcnnImpl::score_anchors(const std::vector<Tensor>& levels, const PaddedImages& images) {
  Scored result;
  std::vector<Tensor> logits, offsets;
  for (const auto& level : levels) {
    const auto x = rpn_conv_(level).relu_();
    const auto rows = [&](const Tensor& y, int64_t width) {  // [B, ratios width, H, W] -> [B, H W ratios, width]
      const auto B = y.size(0);
      return y.to(torch::kFloat).permute({0, 2, 3, 1}).reshape({B, -1, width});
    };
    logits.push_back(rows(rpn_logits_(x), 1).squeeze(2));
    offsets.push_back(rows(rpn_offsets_(x), 4));
    result.per_level.push_back(logits.back().size(1));
  }
  result.logits = at::cat(logits, 1);
  result.offsets = at::cat(offsets, 1);
  result.anchors = anchors(levels, images);
  return result;
}

// The best anchors of each level, moved by their offsets, without those that a better one of their level covers.
std::vector<Regions> FasterRcnnImpl::propose(const Scored& scored, const PaddedImages& images) {
  const torch::NoGradGuard no_grad;
  const auto& c = config_.rpn;
  const auto before = is_training() ? c.before_nms_train : c.before_nms_test;
  const auto after = is_training() ? c.after_nms_train : c.after_nms_test;
  std::vector<Regions> result;
  for (int64_t b = 0; b < scored.logits.size(0); ++b) {
    std::vector<Tensor> places, groups;
    int64_t begin = 0;
    for (size_t level = 0; level < scored.per_level.size(); ++level) {
      const auto n = scored.per_level[level];
      const auto top = std::get<1>(scored.logits[b].narrow(0, begin, n).topk(std::min(n, before)));
      places.push_back(top + begin);
      groups.push_back(at::full_like(top, int64_t(level)));
      begin += n;
    }
    auto place = at::cat(places), group = at::cat(groups);
    const auto [height, width] = images.sizes[size_t(b)];
    auto boxes = clip_boxes(
        decode_boxes(scored.offsets[b].index_select(0, place), scored.anchors.index_select(0, place), kRpnWeights),
        double(height), double(width));
    auto scores = scored.logits[b].index_select(0, place).sigmoid();
    const auto large = large_enough(boxes, 1e-3);
    boxes = boxes.index_select(0, large);
    scores = scores.index_select(0, large);
    auto kept = non_maximum_suppression(boxes, scores, group.index_select(0, large), c.nms_iou);
    kept = kept.narrow(0, 0, std::min(kept.size(0), after));
    result.push_back({boxes.index_select(0, kept), {}, scores.index_select(0, kept)});
  }
  return result;
}

// Level 4 + log2(side / canonical_size) of the pyramid for each proposal: Lin et al. 2017a, equation 1.
Tensor FasterRcnnImpl::pool(const std::vector<Tensor>& levels, const std::vector<Tensor>& proposals) {
  std::vector<Tensor> rows;
  for (size_t b = 0; b < proposals.size(); ++b)
    rows.push_back(at::full({proposals[b].size(0)}, int64_t(b), proposals[b].options().dtype(at::kLong)));
  const auto boxes = at::cat(proposals), image = at::cat(rows);  // [R, 4], [R]
  const auto num_maps = int64_t(inner_.size());
  const auto level = ((box_area(boxes).sqrt() / config_.roi.canonical_size).log2() + 4 + 1e-6)
                         .floor()
                         .clamp(double(config_.first_level), double(config_.first_level + num_maps - 1))
                         .to(torch::kLong) -
                     config_.first_level;
  std::vector<Tensor> pooled, places;
  for (int64_t i = 0; i < num_maps; ++i) {
    const auto mine = (level == i).nonzero().squeeze(1);
    const RoiAlignConfig config{config_.roi.size, config_.roi.sampling,
                                1 / double(int64_t{1} << (config_.first_level + i))};
    pooled.push_back(roi_align(levels[size_t(i)], boxes.index_select(0, mine), image.index_select(0, mine), config));
    places.push_back(mine);
  }
  return at::cat(pooled).index_select(0, at::cat(places).argsort());  // back in the order of the proposals
}

std::pair<Tensor, Tensor> FasterRcnnImpl::head(const Tensor& pooled) {
  const auto x = fc7_(fc6_(pooled.flatten(1)).relu()).relu();
  return {cls_score_(x).to(torch::kFloat), bbox_pred_(x).to(torch::kFloat).view({-1, num_classes_ + 1, 4})};
}

FasterRcnnImpl::Losses FasterRcnnImpl::losses(const PaddedImages& images, const std::vector<Regions>& truth,
                                              uint64_t draw) {
  Losses losses;
  const auto levels = pyramid(images.pixels);
  const auto scored = score_anchors(levels, images);
  const auto proposals = propose(scored, images);
  const auto B = int64_t(truth.size());
  Rng rng(draw, 0);

  // 1. Anchors: object or not, and how far from it.
  std::vector<Tensor> logits, wanted, offsets, offset_targets;
  int64_t sampled = 0;
  for (int64_t b = 0; b < B; ++b) {
    const auto& boxes = truth[size_t(b)].boxes;
    const auto [labels, matches] =
        match_boxes(scored.anchors, boxes, config_.rpn.foreground_iou, config_.rpn.background_iou, true);
    const auto chosen = sample(labels, config_.rpn.batch, config_.rpn.positive_share, rng);
    const auto label = labels.index_select(0, chosen);
    const auto positive = chosen.index_select(0, label.nonzero().squeeze(1));
    logits.push_back(scored.logits[b].index_select(0, chosen));
    wanted.push_back(label.to(torch::kFloat));
    sampled += chosen.size(0);
    if (positive.size(0) == 0) continue;
    offsets.push_back(scored.offsets[b].index_select(0, positive));
    offset_targets.push_back(encode_boxes(boxes.index_select(0, matches.index_select(0, positive)),
                                          scored.anchors.index_select(0, positive), kRpnWeights));
  }
  losses.objectness = at::binary_cross_entropy_with_logits(at::cat(logits), at::cat(wanted));
  losses.rpn_box =
      offsets.empty()
          ? scored.offsets.sum() * 0
          : at::smooth_l1_loss(at::cat(offsets), at::cat(offset_targets), at::Reduction::Sum, kBeta) / double(sampled);

  // 2. Proposals, the true boxes among them: which class, and how far from it.
  std::vector<Tensor> chosen_boxes, classes, targets;
  for (int64_t b = 0; b < B; ++b) {
    const auto& boxes = truth[size_t(b)].boxes;
    const auto candidates = at::cat({proposals[size_t(b)].boxes, boxes});
    auto [labels, matches] =
        match_boxes(candidates, boxes, config_.roi.foreground_iou, config_.roi.foreground_iou, false);
    if (boxes.size(0) > 0) labels = labels * (truth[size_t(b)].labels + 1).index_select(0, matches);
    const auto chosen = sample(labels, config_.roi.batch, config_.roi.positive_share, rng);
    chosen_boxes.push_back(candidates.index_select(0, chosen));
    classes.push_back(labels.index_select(0, chosen));
    targets.push_back(boxes.size(0) > 0 ? boxes.index_select(0, matches.index_select(0, chosen))
                                        : chosen_boxes.back());  // all background: never read
  }
  const auto [class_logits, class_offsets] = head(pool(levels, chosen_boxes));
  const auto boxes = at::cat(chosen_boxes), label = at::cat(classes), target = at::cat(targets);
  losses.classifier = at::cross_entropy_loss(class_logits, label);
  const auto positive = label.nonzero().squeeze(1);
  const auto own_offsets = class_offsets.index({positive, label.index_select(0, positive)});  // [positives, 4]
  const auto from = boxes.index_select(0, positive), to = target.index_select(0, positive);
  const auto box_loss =
      config_.box_loss == BoxLoss::SmoothL1
          ? at::smooth_l1_loss(own_offsets, encode_boxes(to, from, kRoiWeights), at::Reduction::Sum, kBeta)
          : (1 - pairwise_giou(decode_boxes(own_offsets, from, kRoiWeights), to)).sum();
  losses.box = box_loss / double(label.size(0));
  return losses;
}

Tensor FasterRcnnImpl::loss(const PaddedImages& images, const std::vector<Regions>& truth, uint64_t draw) {
  const auto [objectness, rpn_box, classifier, box] = losses(images, truth, draw);
  return objectness + rpn_box + classifier + box;
}

std::vector<Regions> FasterRcnnImpl::detect(const PaddedImages& images) {
  const auto levels = pyramid(images.pixels);
  std::vector<Tensor> proposals;
  for (auto& regions : propose(score_anchors(levels, images), images)) proposals.push_back(regions.boxes);
  const auto [logits, offsets] = head(pool(levels, proposals));
  const auto p = logits.softmax(1).narrow(1, 1, num_classes_);                                           // [R, K]
  const auto moved = decode_boxes(offsets, at::cat(proposals), kRoiWeights).narrow(1, 1, num_classes_);  // [R, K, 4]
  std::vector<Regions> result;
  int64_t begin = 0;
  for (size_t b = 0; b < proposals.size(); ++b) {
    const auto n = proposals[b].size(0);
    const auto [height, width] = images.sizes[b];
    auto boxes = clip_boxes(moved.narrow(0, begin, n).reshape({-1, 4}), double(height), double(width));
    auto scores = p.narrow(0, begin, n).reshape({-1});
    auto labels = at::arange(num_classes_, scores.options().dtype(at::kLong)).repeat({n});
    begin += n;
    const auto keep = [&](const Tensor& places) {
      boxes = boxes.index_select(0, places);
      scores = scores.index_select(0, places);
      labels = labels.index_select(0, places);
    };
    keep((scores > config_.roi.score).nonzero().squeeze(1));
    keep(large_enough(boxes, 1e-2));
    auto kept = non_maximum_suppression(boxes, scores, labels, config_.roi.nms_iou);
    keep(kept.narrow(0, 0, std::min(kept.size(0), config_.roi.detections)));
    result.push_back({boxes, labels, scores});
  }
  return result;
}

// As torchvision: the pyramid uniform with variance 1 / fan in (He et al. 2015b with a = 1), the proposal network
// normal with deviation 0.01, the head U(-1 / sqrt(fan in), 1 / sqrt(fan in)).
void FasterRcnnImpl::initialise(uint64_t seed) {
  const at::NoGradGuard no_grad;
  body_->initialise(seed);
  for (const auto& item : named_parameters()) {
    const auto& name = item.key();
    const auto& weight = item.value();
    if (name.starts_with("backbone.body.")) continue;
    const double fan_in = double(weight.numel()) / double(weight.size(0));
    if (weight.dim() == 1)
      weight.fill_(name.ends_with("bias") ? 0 : 1);
    else if (name.starts_with("rpn."))
      fill_normal(weight, 0.01, seed, name);
    else
      fill_uniform(weight, name.starts_with("backbone.") ? std::sqrt(3 / fan_in) : 1 / std::sqrt(fan_in), seed, name);
  }
}

double FasterRcnnImpl::forward_flops(int64_t height, int64_t width) const {
  double products = 0;
  const auto kernel = [](const torch::nn::Conv2d& conv) { return double(conv->weight.numel()); };
  for (size_t i = 0; i < inner_.size(); ++i) {
    const double cells = double(height * width) / std::pow(4, double(config_.first_level) + double(i));
    products += cells * (double(inner_[i]->parameters()[0].numel()) + double(layer_[i]->parameters()[0].numel()) +
                         kernel(rpn_conv_) + kernel(rpn_logits_) + kernel(rpn_offsets_));
  }
  double head = 0;
  for (const auto* layer : {&fc6_, &fc7_, &cls_score_, &bbox_pred_}) head += double((*layer)->weight.numel());
  products += head * double(std::min(config_.roi.batch, config_.rpn.after_nms_train));
  return body_->forward_flops(height, width) + 2 * products;
}

Json FasterRcnnImpl::card() const {
  Json card = {{"parameters", count_parameters(*this)}, {"backbone", body_->card()}};
  card["levels"] = config_.num_levels();
  card["anchor_sizes"] = config_.rpn.anchor_sizes;
  card["anchor_ratios"] = config_.rpn.anchor_ratios;
  return card;
}

std::unique_ptr<Task> make_faster_rcnn(const Document& recipe, const TaskOptions& options) {
  const auto config = read_config<FasterRcnnConfig>(recipe, "model");
  auto task = std::make_unique<DetectTask>(read_config<DetectConfig>(recipe, "data"), options);
  task->set_model(std::make_shared<FasterRcnnImpl>(config, task->num_classes()));
  return task;
}

}  // namespace ingot
