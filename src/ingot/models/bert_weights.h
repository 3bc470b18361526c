// Weights of BERT from and to folders: Hugging Face's layout (config.json + model.safetensors), or a run folder.
#pragma once

#include <vector>

#include "ingot/base/file.h"
#include "ingot/models/bert.h"

namespace ingot {

// The encoder of a Hugging Face folder; head and dropout stay as in `base`. Throws Unsupported, naming the field, for
// what this encoder does not do.
BertConfig read_hugging_face_bert(const fs::path& folder, BertConfig base = {});

// Sets the encoder, and the head where `source` has one of the same name and shape; another head stays as it is.
// `source` is a Hugging Face folder, a run folder (its best checkpoint) or one of our model.safetensors files. Throws
// InvalidArgument naming the tensors of the encoder that are missing, left over or of another shape.
void load_bert_weights(BertImpl& model, const fs::path& source);

// Writes config.json and model.safetensors. Throws Unsupported when BERT's layout cannot express the model.
// `labels`: names of the classes.
void write_hugging_face_bert(BertImpl& model, const fs::path& folder, const std::vector<std::string>& labels);

}  // namespace ingot
