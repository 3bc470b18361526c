#include "ingot/interop/hugging_face.h"

#include <algorithm>
#include <vector>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/data/tokenizer.h"
#include "ingot/interop/plain_export.h"
#include "ingot/models/bert_weights.h"
#include "ingot/models/gpt_weights.h"
#include "ingot/models/trained_task.h"
#include "ingot/tasks/classify.h"
#include "ingot/torch/module_state.h"

namespace ingot {

Json export_hugging_face(const fs::path& run_folder, const fs::path& out, const std::string& checkpoint) {
  require("export", !fs::exists(out) || (fs::is_directory(out) && fs::is_empty(out)), out.string(),
          " exists and is not an empty folder; choose another name");
  if (!fs::exists(run_folder / "recipe.toml"))
    fail(ErrorKind::NotFound, "export", run_folder.string(), " is no run folder: it has no recipe.toml");
  const auto task = load_trained_task(run_folder, checkpoint);
  auto* gpt = dynamic_cast<GptImpl*>(&task->module());
  auto* bert = dynamic_cast<BertImpl*>(&task->module());
  if (!gpt && !bert)
    fail(ErrorKind::Unsupported, "export", run_folder.string(),
         " is neither GPT nor BERT, which are what --to hf writes; --to plain takes every family");

  // Beside `out`, then renamed: a folder that is there is whole.
  auto partial = out;
  partial += ".tmp";
  fs::remove_all(partial);
  if (gpt) {
    write_hugging_face_gpt(*gpt, partial);
  } else {
    const auto* classes = dynamic_cast<const ClassifyTask*>(task.get());
    write_hugging_face_bert(*bert, partial, classes ? classes->labels() : std::vector<std::string>());
  }
  load_tokenizer(run_folder / "assets")->save(partial);
  fs::remove(out);
  fs::rename(partial, out);

  return {{"run", run_folder.string()},
          {"out", out.string()},
          {"architecture", read_json(out / "config.json")["architectures"][0]},
          {"parameters", count_parameters(task->module())},
          {"files", exported_files(out)}};
}

}  // namespace ingot
