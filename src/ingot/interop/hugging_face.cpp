#include "ingot/interop/hugging_face.h"

#include <algorithm>
#include <vector>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/interop/language_model.h"
#include "ingot/models/gpt_weights.h"

namespace ingot {

Json export_hugging_face(const fs::path& run_folder, const fs::path& out, const std::string& checkpoint) {
  require("export", !fs::exists(out) || (fs::is_directory(out) && fs::is_empty(out)), out.string(),
          " exists and is not an empty folder; choose another name");
  const auto task = load_language_model(run_folder, checkpoint);
  auto* gpt = dynamic_cast<GptImpl*>(&task->model());
  if (!gpt) fail(ErrorKind::Unsupported, "export", run_folder.string(), " is no GPT, which is what --to hf writes");

  // Beside `out`, then renamed: a folder that is there is whole.
  auto partial = out;
  partial += ".tmp";
  fs::remove_all(partial);
  write_hugging_face_gpt(*gpt, partial);
  task->tokenizer().save(partial);
  fs::remove(out);
  fs::rename(partial, out);

  int64_t parameters = 0;
  for (const auto& p : gpt->parameters()) parameters += p.numel();
  std::vector<fs::path> files(fs::directory_iterator(out), {});
  std::sort(files.begin(), files.end());
  Json list = Json::array();
  for (const auto& file : files)
    list.push_back({{"file", file.filename().string()}, {"bytes", fs::file_size(file)}, {"sha256", sha256_file(file)}});
  return {{"run", run_folder.string()},
          {"out", out.string()},
          {"architecture", read_json(out / "config.json")["architectures"][0]},
          {"parameters", parameters},
          {"files", std::move(list)}};
}

}  // namespace ingot
