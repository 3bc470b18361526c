#include "ingot/models/image_judge.h"

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/models/registry.h"
#include "ingot/models/resnet.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"

namespace ingot {

ImageJudge::ImageJudge(const std::string& run) {
  if (!fs::exists(fs::path(run) / "recipe.toml"))
    fail(ErrorKind::NotFound, "gan", "model.judge is '", run,
         "', which is no run folder: it has no recipe.toml; train ",
         "one, as `ingot train recipes/resnet/fashion.toml`");
  task_ = make_task(read_toml(fs::path(run) / "recipe.toml"), {.purpose = Purpose::Infer, .run_folder = run});
  net_ = dynamic_cast<ResNetImpl*>(&task_->module());
  require("gan", net_ != nullptr, "model.judge is '", run, "', expected a run of family resnet");
  const auto weights = find_checkpoint(run, "best").weights_file();
  load_module_state(*net_, load_tensors(weights), weights.string());
  net_->eval();
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
