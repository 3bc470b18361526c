#include "ingot/engine/average.h"

#include <torch/torch.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/version.h"
#include "ingot/engine/checkpoint.h"
#include "ingot/torch/safetensors.h"

namespace ingot {

Json average_checkpoints(const fs::path& run_folder, int64_t last) {
  const auto checkpoints = run_folder / "checkpoints";
  auto steps = checkpoint_steps(checkpoints);
  std::erase(steps, 0);  // weights before training
  require("average", last >= 2, "--last is ", last, ", expected 2 or more");
  require("average", int64_t(steps.size()) >= last, run_folder.string(), " keeps ", steps.size(),
          " checkpoints of training, expected ", last, "; train with checkpoint.keep = ", last, " or more");
  steps.erase(steps.begin(), steps.end() - last);

  const at::NoGradGuard no_grad;
  std::map<std::string, Tensor> sums, newest;
  Manifest manifest{.created = utc_timestamp(), .ingot_version = version()};
  for (const auto step : steps) {
    const auto checkpoint = open_checkpoint(checkpoints / step_folder_name(step));
    newest = load_tensors(checkpoint.weights_file());
    for (const auto& [name, value] : newest) {
      if (!value.is_floating_point()) continue;
      auto& sum = sums[name];
      require("average", !sum.defined() || sum.sizes() == value.sizes(), checkpoint.folder.string(), ": ", name,
              " has shape ", value.sizes(), ", expected ", sum.sizes(), " as in the checkpoint before");
      sum = sum.defined() ? sum.add_(value) : value.to(at::kDouble);
    }
    manifest.step = step;
    manifest.config_hash = checkpoint.manifest.config_hash;
    manifest.data_hash = checkpoint.manifest.data_hash;
  }
  for (auto& [name, value] : newest)
    if (value.is_floating_point()) value = sums.at(name).div_(double(last)).to(value.scalar_type());
  publish_folder(checkpoints / kAverageFolder, manifest, [&](const fs::path& folder) {
    write_tensors(folder / "model.safetensors", newest);
    write_json(folder / "state.json", {{"averaged_steps", steps}});
  });
  return {{"run", run_folder.string()}, {"checkpoint", (checkpoints / kAverageFolder).string()}, {"steps", steps}};
}

}  // namespace ingot
