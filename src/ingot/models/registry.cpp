#include "ingot/models/registry.h"

#include <vector>

#include "ingot/base/error.h"

namespace ingot {

// One line a family, sorted by name: declare make_x here, define it in models/x.cpp.
std::unique_ptr<Task> make_bert(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_clip(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_ctc(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_deepfm(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_embedding_classifier(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_faster_rcnn(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_gan(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_gpt(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_resnet(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_seq2seq(const Document& recipe, const TaskOptions& options);
std::unique_ptr<Task> make_wavenet(const Document& recipe, const TaskOptions& options);

namespace {
constexpr ModelEntry kModels[] = {
    {"bert", "masked-lm, classify, span", "bidirectional encoder, Devlin et al. 2019", make_bert},
    {"clip", "contrast", "images and texts, or sounds, in one space, Radford et al. 2021; Zhai et al. 2023", make_clip},
    {"ctc", "transcribe", "speech recognition by connectionist temporal classification, Graves et al. 2006", make_ctc},
    {"deepfm", "click", "factorisation machine and deep network on records of fields, Guo et al. 2017", make_deepfm},
    {"embedding_classifier", "classify", "Embedding, Flatten, Dense: Chollet 2018, section 6.1.2",
     make_embedding_classifier},
    {"faster_rcnn", "detect", "region proposals and feature pyramid, Ren et al. 2015; Lin et al. 2017",
     make_faster_rcnn},
    {"gan", "adversarial", "generative adversarial network, Goodfellow et al. 2014; R3GAN, Huang et al. 2024",
     make_gan},
    {"gpt", "lm", "causal decoder, Radford et al. 2019", make_gpt},
    {"resnet", "image-classify", "residual network, He et al. 2015", make_resnet},
    {"seq2seq", "translate", "encoder-decoder Transformer, Vaswani et al. 2017", make_seq2seq},
    {"wavenet", "waveform", "gated dilated convolutions on raw sound, van den Oord et al. 2016", make_wavenet},
};
}  // namespace

std::span<const ModelEntry> model_entries() { return kModels; }

std::unique_ptr<Task> make_task(const Document& recipe, const TaskOptions& options) {
  std::vector<std::string> names;
  for (const auto& entry : kModels) names.emplace_back(entry.name);
  const auto model = recipe.root.find("model");
  require("recipe", model != recipe.root.end() && model->is_object() && model->contains("name"), recipe.origin,
          " has no [model] name", suggest("", names));
  const auto& name = (*model)["name"];
  require("recipe", name.is_string(), recipe.at("model.name"), ": got ", to_text(name),
          ", expected a string in quotes");
  for (const auto& entry : kModels)
    if (name == entry.name) return entry.make(recipe, options);
  fail(ErrorKind::InvalidArgument, "recipe", recipe.at("model.name"), ": there is no model '", name.get<std::string>(),
       "'", suggest(name.get<std::string>(), names));
}

}  // namespace ingot
