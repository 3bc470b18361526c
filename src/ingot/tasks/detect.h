// Object detection: images with boxes -> padded batches -> a Detector's losses; VOC and COCO average precision, and
// counts per image against the annotated ones. A family supplies a Detector.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "ingot/data/boxed_images.h"
#include "ingot/tasks/average_precision.h"
#include "ingot/tasks/image_classify.h"
#include "ingot/tasks/task.h"

namespace ingot {

struct DetectConfig : BoxedImageConfig {  // [data]
  bool flip = false, flip_vertical = false;
  double scale_low = 1, scale_high = 1;
  double count_score = 0.5;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    BoxedImageConfig::visit(self, v);
    v("flip", self.flip, "mirror training images left to right, half of the time");
    v("flip_vertical", self.flip_vertical, "and top to bottom, for views that have no upright");
    v("scale_low", self.scale_low, "training images are resized by a factor from scale_low to scale_high at random");
    v("scale_high", self.scale_high, "the largest factor");
    v("count_score", self.count_score, "boxes of this score or more are counted and drawn");
  }
  Problems validate() const;
};

// Boxes of one image, in pixels of the network's input.
struct Regions {
  Tensor boxes;   // [N, 4]
  Tensor labels;  // [N] int64
  Tensor scores;  // [N]; undefined for annotations
};

// Images of different sizes lie at the top left of [B, C, H, W], whose sides are multiples of 32.
struct PaddedImages {
  Tensor pixels;
  std::vector<std::array<int64_t, 2>> sizes;  // height and width of each
};

class Detector : public torch::nn::Module {
 public:
  virtual void initialise(uint64_t seed) = 0;
  // Mean over what the losses sample; `draw` seeds the sampling.
  virtual Tensor loss(const PaddedImages& images, const std::vector<Regions>& truth, uint64_t draw) = 0;
  virtual std::vector<Regions> detect(const PaddedImages& images) = 0;
  virtual double forward_flops(int64_t height, int64_t width) const = 0;  // of one image, multiply and add
  virtual Json card() const = 0;
};

class DetectTask : public Task {
 public:
  DetectTask(const DetectConfig& data, const TaskOptions& options);
  void set_model(std::shared_ptr<Detector> model) { model_ = std::move(model); }
  int64_t num_classes() const { return int64_t(format_.names.size()); }

  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  Batch train_batch(int64_t index) override;
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  Json evaluate(const std::string& split, int64_t limit) override;  // detection_metrics(), and counts
  Objective objective() const override { return {"map50", false}; }
  // {"file": "x.jpg", "out": "x.svg"} -> {"counts", "boxes": [{"label", "score", "box"}], "picture"}; out is optional.
  Json predict(const Json& request) override;
  void illustrate(const std::string& folder) override;
  std::string unit() const override { return "image"; }
  double train_flops_per_unit() const override;
  std::string data_hash() const override { return train_.hash; }
  void save_assets(const std::string& folder) const override;
  Json card() const override;

 private:
  std::vector<std::vector<ScoredBox>> detect(const std::vector<const BoxedImage*>& images);
  std::string drawing(const BoxedImage& image, const std::vector<ScoredBox>& found) const;

  DetectConfig config_;
  TaskOptions options_;
  ImageFormat format_;  // its height and width are not used
  BoxedImages train_;
  std::map<std::string, BoxedImages> splits_;
  std::shared_ptr<Detector> model_;
};

}  // namespace ingot
