#include "ingot/models/image_judge.h"

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/models/resnet.h"
#include "ingot/models/trained_task.h"

namespace ingot {

ImageJudge::ImageJudge(const std::string& run) {
  if (!fs::exists(fs::path(run) / "recipe.toml"))
    fail(ErrorKind::NotFound, "gan", "model.judge is '", run,
         "', which is no run folder: it has no recipe.toml; train ",
         "one, as `ingot train recipes/resnet/fashion.toml`");
  task_ = load_trained_task(run);
  net_ = dynamic_cast<ResNetImpl*>(&task_->module());
  require("gan", net_ != nullptr, "model.judge is '", run, "', expected a run of family resnet");
}

const ImageFormat& ImageJudge::format() const { return static_cast<const ImageClassifyTask&>(*task_).format(); }

ImageJudge::Verdict ImageJudge::look(const std::vector<Image>& images) {
  constexpr size_t kRows = 256;
  const torch::NoGradGuard no_grad;
  const auto device = net_->parameters().front().device();
  std::vector<Tensor> features, classes;
  for (size_t begin = 0; begin < images.size(); begin += kRows) {
    const size_t B = std::min(kRows, images.size() - begin);
    auto x = torch::empty({int64_t(B), format().channels, format().height, format().width});
    for (size_t i = 0; i < B; ++i)
      format().fill(resize(images[begin + i], format().height, format().width), x[int64_t(i)].data_ptr<float>());
    features.push_back(net_->features(x.to(device)));
    classes.push_back(net_->classify(features.back()).argmax(1).cpu());
    features.back() = features.back().cpu();
  }
  return {at::cat(features), at::cat(classes)};
}

}  // namespace ingot
