#include "ingot/interop/plain_export.h"

#include <algorithm>
#include <vector>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/toml.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/formats/safetensors.h"
#include "ingot/models/trained_task.h"
#include "ingot/torch/safetensors.h"

namespace ingot {

Json exported_files(const fs::path& out) {
  std::vector<fs::path> files(fs::directory_iterator(out), {});
  std::sort(files.begin(), files.end());
  Json list = Json::array();
  for (const auto& file : files)
    list.push_back({{"file", file.filename().string()}, {"bytes", fs::file_size(file)}, {"sha256", sha256_file(file)}});
  return list;
}

Json export_plain(const fs::path& run_folder, const fs::path& out, const std::string& checkpoint) {
  require("export", !fs::exists(out) || (fs::is_directory(out) && fs::is_empty(out)), out.string(),
          " exists and is not an empty folder; choose another name");
  if (!fs::exists(run_folder / "recipe.toml"))
    fail(ErrorKind::NotFound, "export", run_folder.string(), " is no run folder: it has no recipe.toml");
  auto recipe = read_toml(run_folder / "recipe.toml").root;
  const std::string family = recipe.at("model").at("name");

  // Beside `out`, then renamed: a folder that is there is whole.
  auto partial = out;
  partial += ".tmp";
  fs::remove_all(partial);
  fs::create_directories(partial);
  const bool lora = recipe["model"].erase("lora") > 0;
  if (lora)
    write_tensors_atomic(partial / "model.safetensors", load_run_weights(run_folder, checkpoint));
  else
    fs::copy_file(find_checkpoint(run_folder, checkpoint).weights_file(), partial / "model.safetensors");
  write_json(partial / "config.json",
             {{"architectures", {family}}, {"model", recipe.at("model")}, {"data", recipe.value("data", Json())}});
  for (const auto& asset : fs::directory_iterator(run_folder / "assets"))
    if (asset.is_regular_file()) fs::copy_file(asset.path(), partial / asset.path().filename());
  if (lora) {  // merged: a model like any other
    auto model = read_json(partial / "model.json");
    model.erase("lora");
    write_json(partial / "model.json", model);
  }
  fs::remove(out);
  fs::rename(partial, out);

  size_t parameters = 0;  // with what BatchNorm remembers
  const SafetensorsFile file(out / "model.safetensors");
  for (const auto& [name, tensor] : file.tensors()) parameters += tensor.bytes.size() / size_of(tensor.dtype);
  return {{"run", run_folder.string()},
          {"out", out.string()},
          {"architecture", family},
          {"parameters", parameters},
          {"files", exported_files(out)}};
}

}  // namespace ingot
