// Image classification: labelled images -> [B, C, H, W], augmented and normalised -> logits -> cross-entropy; accuracy,
// top 5, calibration, confusion matrix. A family supplies an ImageClassifier.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "ingot/data/augment.h"
#include "ingot/data/labelled_images.h"
#include "ingot/tasks/classification_report.h"
#include "ingot/tasks/task.h"

namespace ingot {

struct ImageClassifyConfig : LabelledImageConfig {  // [data]
  AugmentConfig augment;
  double label_smoothing = 0;
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    LabelledImageConfig::visit(self, v);
    v("augment", self.augment, "random changes of the training images");
    v("label_smoothing", self.label_smoothing, "share of the target spread over all classes, Szegedy et al. 2016");
  }
  Problems validate() const;
};

class ImageClassifier : public torch::nn::Module {
 public:
  virtual void initialise(uint64_t seed) = 0;
  virtual Tensor forward(const Tensor& images) = 0;                       // [B, C, H, W] float -> logits [B, classes]
  virtual double forward_flops(int64_t height, int64_t width) const = 0;  // of one image, multiply and add
  virtual Json card() const = 0;
};

// What an image classifier must know of its data to be built and to answer.
struct ImageFormat {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<double> mean, std;  // of pixels in 0..1
  std::vector<std::string> names;

  void fill(const Image& image, float* planes) const;  // [C, H, W], normalised
  Json to_json() const;
  static ImageFormat from_json(const Json& json);
};

// Mean and standard deviation of each channel, of pixels in 0..1.
void measure(const LabelledImages& images, std::vector<double>& mean, std::vector<double>& std);

class ImageClassifyTask : public Task {
 public:
  // Reads the data; Purpose::Infer reads the format that save_assets() left.
  ImageClassifyTask(const ImageClassifyConfig& data, const TaskOptions& options);
  void set_model(std::shared_ptr<ImageClassifier> model) { model_ = std::move(model); }
  const ImageFormat& format() const { return format_; }

  torch::nn::Module& module() override { return *model_; }
  void initialise() override { model_->initialise(options_.seed); }
  // Every image once an epoch, shuffled anew each. A last batch of one image, which BatchNorm cannot take, is left out.
  Batch train_batch(int64_t index) override;
  int64_t batches_per_epoch() const override;
  Tensor loss(const Batch& batch, const std::string& player) override;
  Json evaluate(const std::string& split, int64_t limit) override;  // see ClassificationReport::metrics
  Objective objective() const override { return {"accuracy", false}; }
  Json predict(const Json& request) override;  // {"file": "x.png"} -> {"label", "score", "top": [..]}
  std::string unit() const override { return "image"; }
  double train_flops_per_unit() const override { return 3 * model_->forward_flops(format_.height, format_.width); }
  std::string data_hash() const override { return train_.hash; }
  void save_assets(const std::string& folder) const override;
  Json card() const override;
  void illustrate(const std::string& folder) override;

 private:
  ClassificationReport report(const LabelledImages& images, int64_t limit);

  ImageClassifyConfig config_;
  TaskOptions options_;
  ImageFormat format_;
  LabelledImages train_;
  std::map<std::string, LabelledImages> splits_;
  std::shared_ptr<ImageClassifier> model_;
};

}  // namespace ingot
