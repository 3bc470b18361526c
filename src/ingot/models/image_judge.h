// A trained image classifier of ours as the eye that looks at generated images: its features for cFID and KID, its
// guess for the share of each class. Numbers are comparable between runs with the same judge only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingot/data/labelled_images.h"
#include "ingot/tasks/image_classify.h"

namespace ingot {

class ResNetImpl;

class ImageJudge {
 public:
  // The best checkpoint of a run of family resnet. Throws NotFound, or InvalidArgument for another family.
  explicit ImageJudge(const std::string& run_folder);
  struct Verdict {
    Tensor features;  // [N, F]
    Tensor classes;   // [N] int64
  };
  Verdict look(const std::vector<Image>& images);
  const ImageFormat& format() const;

 private:
  std::unique_ptr<Task> task_;
  ResNetImpl* net_ = nullptr;  // of task_
};

}  // namespace ingot
