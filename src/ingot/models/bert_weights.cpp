#include "ingot/models/bert_weights.h"

#include <map>
#include <set>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/json.h"
#include "ingot/models/gpt_weights.h"
#include "ingot/models/trained_task.h"
#include "ingot/nn/lora.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"

namespace ingot {
namespace {

// Theirs -> ours, outside and inside the blocks. Queries, keys and values of theirs are one matrix of ours.
constexpr std::pair<const char*, const char*> kOutside[] = {
    {"bert.embeddings.word_embeddings.weight", "word_embeddings.weight"},
    {"bert.embeddings.position_embeddings.weight", "position_embeddings.weight"},
    {"bert.embeddings.token_type_embeddings.weight", "token_type_embeddings.weight"},
    {"bert.embeddings.LayerNorm.weight", "embeddings_norm.weight"},
    {"bert.embeddings.LayerNorm.bias", "embeddings_norm.bias"},
    {"bert.pooler.dense.weight", "pooler.weight"},
    {"bert.pooler.dense.bias", "pooler.bias"},
    {"classifier.weight", "classifier.weight"},
    {"classifier.bias", "classifier.bias"},
    {"qa_outputs.weight", "qa_outputs.weight"},
    {"qa_outputs.bias", "qa_outputs.bias"},
    {"cls.predictions.transform.dense.weight", "transform.weight"},
    {"cls.predictions.transform.dense.bias", "transform.bias"},
    {"cls.predictions.transform.LayerNorm.weight", "transform_norm.weight"},
    {"cls.predictions.transform.LayerNorm.bias", "transform_norm.bias"},
    {"cls.predictions.bias", "decoder_bias"}};
constexpr std::pair<const char*, const char*> kInside[] = {{"attention.output.dense", "c_proj"},
                                                           {"attention.output.LayerNorm", "ln_1"},
                                                           {"intermediate.dense", "mlp.c_fc"},
                                                           {"output.dense", "mlp.c_proj"},
                                                           {"output.LayerNorm", "ln_2"}};
constexpr const char* kParts[] = {"query", "key", "value"};

bool is_head(const std::string& name) {
  for (const char* head : {"pooler.", "classifier.", "qa_outputs.", "transform", "decoder_bias"})
    if (name.starts_with(head)) return true;
  return false;
}

// Names as current files have them: "bert." in front of the encoder, weight and bias of norms (TensorFlow: gamma,
// beta).
std::map<std::string, Tensor> read_foreign(const fs::path& folder) {
  std::map<std::string, Tensor> theirs;
  for (const auto& file : hugging_face_weights(folder))
    for (auto& [key, value] : load_tensors(file)) {
      auto name = key;
      if (name.starts_with("embeddings.") || name.starts_with("encoder.") || name.starts_with("pooler."))
        name = "bert." + name;
      if (name.ends_with(".gamma")) name.replace(name.size() - 5, 5, "weight");
      if (name.ends_with(".beta")) name.replace(name.size() - 4, 4, "bias");
      theirs[name] = value;
    }
  std::map<std::string, Tensor> ours;
  const auto take = [&](const std::string& from, const std::string& to) {
    if (const auto found = theirs.find(from); found != theirs.end()) ours[to] = found->second;
  };
  for (const auto& [from, to] : kOutside) take(from, to);
  for (int64_t i = 0; theirs.contains("bert.encoder.layer." + std::to_string(i) + ".output.dense.weight"); ++i) {
    const auto from = "bert.encoder.layer." + std::to_string(i) + ".", to = "layer." + std::to_string(i) + ".";
    for (const std::string end : {".weight", ".bias"}) {
      for (const auto& [a, b] : kInside) take(from + a + end, to + b + end);
      std::vector<Tensor> parts;
      for (const char* part : kParts)
        if (const auto found = theirs.find(from + "attention.self." + part + end); found != theirs.end())
          parts.push_back(found->second);
      if (parts.size() == 3) ours[to + "c_attn" + end] = at::cat(parts);
    }
  }
  return ours;
}

}  // namespace

BertConfig read_hugging_face_bert(const fs::path& folder, BertConfig config) {
  const auto path = folder / "config.json";
  const auto json = read_json(path);
  const auto unsupported = [&](const char* key, const char* expected) {
    fail(ErrorKind::Unsupported, "bert", path.string(), ": ", key, " is ", to_text(json.value(key, Json())),
         ", expected ", expected);
  };
  if (json.value("model_type", Json("bert")) != "bert") unsupported("model_type", "\"bert\"");
  if (json.value("position_embedding_type", Json("absolute")) != "absolute")
    unsupported("position_embedding_type", "\"absolute\"");
  if (json.value("is_decoder", false)) unsupported("is_decoder", "false");
  const auto number = [&](const char* key, int64_t& field) {
    const auto value = json.value(key, Json());
    require("bert", value.is_number_integer(), path.string(), ": ", key, " is ", to_text(value),
            ", expected a whole number");
    field = value.get<int64_t>();
  };
  number("vocab_size", config.vocab_size);
  number("hidden_size", config.hidden_size);
  number("num_hidden_layers", config.num_hidden_layers);
  number("num_attention_heads", config.num_attention_heads);
  number("intermediate_size", config.intermediate_size);
  number("max_position_embeddings", config.max_position_embeddings);
  number("type_vocab_size", config.type_vocab_size);
  config.layer_norm_eps = json.value("layer_norm_eps", 1e-12);
  const auto name = json.value("hidden_act", Json("gelu"));
  const auto activation = name.is_string() ? hugging_face_activation(name.get<std::string>()) : std::nullopt;
  if (!activation) unsupported("hidden_act", "gelu, gelu_new, relu, silu or tanh");
  config.hidden_act = *activation;
  throw_if_any(path.string(), config.validate());
  return config;
}

void load_bert_weights(BertImpl& model, const fs::path& source) {
  const auto tensors = is_hugging_face_folder(source) ? read_foreign(source) : load_run_weights(source);
  const torch::NoGradGuard no_grad;
  Problems problems;
  const auto state = module_state(model);
  for (const auto& [name, target] : state) {
    const auto found = tensors.find(name);
    if (found == tensors.end() && name.starts_with("token_type_embeddings.")) continue;  // a model of one segment: anew
    const bool fits = found != tensors.end() && found->second.sizes() == target.sizes();
    if (fits) {
      Tensor into = target;
      into.copy_(found->second);
    } else if (!is_head(name) && !is_lora(name)) {
      problems.push_back(
          found == tensors.end()
              ? name + ": is missing"
              : detail::join_parts(
                    name, ": has shape ", found->second.sizes(), ", expected ", target.sizes(),
                    name == "word_embeddings.weight" ? "; the vocabulary does not fit the checkpoint" : ""));
    }
  }
  for (const auto& [name, value] : tensors)
    if (!is_head(name) && !state.contains(name)) problems.push_back(name + ": the model has no such parameter");
  throw_if_any(source.string(), problems);
}

void write_hugging_face_bert(BertImpl& model, const fs::path& folder, const std::vector<std::string>& labels) {
  const auto& c = model.config();
  const auto need = [](bool ok, const char* key, const char* expected) {
    if (!ok) fail(ErrorKind::Unsupported, "export", "model.", key, " is not ", expected, ", which BERT's layout needs");
  };
  const auto* activation = hugging_face_name(c.hidden_act);
  need(c.position == PositionKind::Learned, "position", "learned");
  need(c.norm == NormKind::LayerNorm, "norm", "layernorm");
  need(!c.pre_norm, "pre_norm", "false");
  need(c.bias, "bias", "true");
  need(c.type_vocab_size > 0, "type_vocab_size", "above 0");
  need(activation != nullptr, "hidden_act", "an activation without gate");

  const auto ours = module_state(model);
  std::map<std::string, Tensor> theirs;
  for (const auto& [to, from] : kOutside)
    if (const auto found = ours.find(from); found != ours.end()) theirs[to] = found->second;
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const auto to = "bert.encoder.layer." + std::to_string(i) + ".", from = "layer." + std::to_string(i) + ".";
    for (const std::string end : {".weight", ".bias"}) {
      for (const auto& [a, b] : kInside) theirs[to + a + end] = ours.at(from + b + end);
      const auto parts = ours.at(from + "c_attn" + end).chunk(3);
      for (size_t k = 0; k < 3; ++k) theirs[to + "attention.self." + kParts[k] + end] = parts[k];
    }
  }
  Json id2label = Json::object(), label2id = Json::object();
  for (size_t k = 0; k < labels.size(); ++k) id2label[std::to_string(k)] = labels[k], label2id[labels[k]] = k;
  fs::create_directories(folder);
  write_tensors_atomic(folder / "model.safetensors", theirs, {{"format", "pt"}});
  Json config = {{"model_type", "bert"},
                 {"architectures",
                  {c.head == BertHead::MaskedLm   ? "BertForMaskedLM"
                   : c.head == BertHead::Classify ? "BertForSequenceClassification"
                                                  : "BertForQuestionAnswering"}},
                 {"vocab_size", c.vocab_size},
                 {"hidden_size", c.hidden_size},
                 {"num_hidden_layers", c.num_hidden_layers},
                 {"num_attention_heads", c.num_attention_heads},
                 {"intermediate_size", c.intermediate_size},
                 {"max_position_embeddings", c.max_position_embeddings},
                 {"type_vocab_size", c.type_vocab_size},
                 {"hidden_act", activation},
                 {"hidden_dropout_prob", c.hidden_dropout_prob},
                 {"attention_probs_dropout_prob", c.attention_probs_dropout_prob},
                 {"layer_norm_eps", c.layer_norm_eps},
                 {"initializer_range", 0.02},
                 {"position_embedding_type", "absolute"},
                 {"pad_token_id", 0},
                 {"torch_dtype", "float32"}};
  if (!labels.empty()) config["id2label"] = id2label, config["label2id"] = label2id;
  write_json(folder / "config.json", config);
}

}  // namespace ingot
