// A run folder of a tiny character GPT, as training leaves it: recipe.toml, assets/ and one checkpoint.
#pragma once

#include <string>

#include "ingot/base/file.h"
#include "ingot/base/toml.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/models/registry.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"

namespace ingot {

inline const char* kTinyText =
    "the cat sat on the mat. the dog sat on the log. the cat and the dog sat on the mat and the log.\n"
    "what did the cat do? the cat sat. what did the dog do? the dog sat on the log, and the cat on the mat.\n";

inline Document tiny_recipe(const fs::path& text, const std::string& model = "") {
  return parse_toml("[model]\nname = \"gpt\"\nblock_size = 16\nn_layer = 2\nn_head = 2\nn_embd = 32\n" + model +
                        "\n[data]\ntext = \"" + text.string() + "\"\n",
                    "tiny.toml");
}

// `train` gets the task between initialise() and the save.
template <typename Train>
void write_tiny_run(const fs::path& run, const Document& recipe, Train train) {
  auto task = make_task(recipe, {.purpose = Purpose::Train, .batch_size = 8, .seed = 1});
  task->initialise();
  train(*task);
  const auto step = run / "checkpoints" / step_folder_name(1);
  fs::create_directories(step);
  task->save_assets((run / "assets").string());
  write_file_atomic(run / "recipe.toml", to_toml(recipe.root));
  write_tensors_atomic(step / "model.safetensors", module_state(task->module()));
  write_json(step / "state.json", {{"step", 1}});
  Manifest manifest;
  manifest.step = 1;
  for (const char* file : {"model.safetensors", "state.json"}) manifest.files.push_back(checksum_file(step / file));
  write_file_atomic(step / "MANIFEST.json", to_text(manifest));
}

}  // namespace ingot
