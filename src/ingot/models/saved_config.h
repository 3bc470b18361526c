// The configuration of a trained model, which lies beside its weights.
#pragma once

#include <optional>

#include "ingot/base/config.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/data/tokenizer.h"
#include "ingot/tasks/task.h"

namespace ingot {

// assets/model.json of the run folder, without the LoRA that its weights are read without (load_run_weights); nothing
// when the run has no such file.
template <Visitable Config>
std::optional<Config> config_of_run(const fs::path& run_folder) {
  const auto path = run_folder / "assets" / "model.json";
  if (!fs::exists(path)) return std::nullopt;
  Document document{.origin = path.string()};
  document.root["model"] = read_json(path);
  for (const char* of_training : {"lora", "distill"}) document.root["model"].erase(of_training);
  return read_config<Config>(document, "model");
}

// That of the run that the task answers for; nothing when the task is made to train.
template <Visitable Config>
std::optional<Config> saved_config(const TaskOptions& options) {
  if (options.purpose != Purpose::Infer) return std::nullopt;
  return config_of_run<Config>(options.run_folder);
}

// What [model] init_from names, if it names something. Throws NotFound when it is not there.
inline std::optional<fs::path> init_from(const Document& recipe) {
  const auto from = recipe.root.at("model").value("init_from", Json());
  if (!from.is_string() || from.get<std::string>().empty()) return std::nullopt;
  const fs::path path = from.get<std::string>();
  if (!fs::exists(path))
    fail(ErrorKind::NotFound, "recipe", recipe.at("model.init_from"), ": got ", to_text(from),
         ", which does not exist, expected a run folder or a folder with weights");
  return path;
}

// Where the tokenizer of a run folder, a Hugging Face folder or a file of weights lies.
inline fs::path tokenizer_folder(const fs::path& from) {
  const auto folder = fs::is_directory(from) ? from : from.parent_path();
  return fs::exists(folder / "assets") ? folder / "assets" : folder;
}

// The weights of `from`, which `key` of the recipe names, know their tokens by number: each number of `tokenizer` must
// mean the same there. Weights that lie without a tokenizer are not checked. Throws InvalidArgument, with the way out.
void require_same_vocabulary(const Tokenizer& tokenizer, const fs::path& from,
                             const std::string& key = "model.init_from",
                             const std::string& way_out = "leave the tokenizer out to take the checkpoint's");

}  // namespace ingot
