// Weights of the GPT from and to folders: Hugging Face's GPT-2 layout (config.json + model.safetensors), or a run
// folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/base/file.h"
#include "ingot/models/gpt.h"

namespace ingot {

bool is_hugging_face_folder(const fs::path& folder);                         // has config.json
std::vector<fs::path> hugging_face_weights(const fs::path& folder);          // one file or shards; throws NotFound
std::optional<Activation> hugging_face_activation(const std::string& name);  // "gelu_new" -> GeluTanh
const char* hugging_face_name(Activation activation);                        // null for gated forms

// The model of a Hugging Face folder. Throws Unsupported, naming the field, for what this decoder does not do.
GptConfig read_hugging_face_gpt(const fs::path& folder);

// Sets every parameter. `source` is a Hugging Face folder (keys with or without "transformer.", one file or sharded), a
// run folder (its best checkpoint) or one of our model.safetensors files. Throws InvalidArgument naming the tensors
// that are missing, left over or of another shape.
void load_gpt_weights(GptImpl& model, const fs::path& source);

// Writes config.json and model.safetensors. Throws Unsupported when GPT-2's layout cannot express the model.
void write_hugging_face_gpt(GptImpl& model, const fs::path& folder);

}  // namespace ingot
