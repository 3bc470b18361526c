#include "ingot/models/gpt_weights.h"

#include <map>
#include <set>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/json.h"
#include "ingot/models/trained_task.h"
#include "ingot/torch/safetensors.h"

namespace ingot {
namespace {

constexpr std::pair<const char*, Activation> kActivations[] = {
    {"gelu_new", Activation::GeluTanh}, {"gelu_pytorch_tanh", Activation::GeluTanh},
    {"gelu", Activation::Gelu},         {"relu", Activation::Relu},
    {"relu2", Activation::Relu2},       {"silu", Activation::Silu},
    {"sigmoid", Activation::Sigmoid},   {"tanh", Activation::Tanh}};

// Conv1D of the original code stores [in, out].
bool is_transposed(const std::string& name) {
  return name.ends_with("c_attn.weight") || name.ends_with("c_proj.weight") || name.ends_with("c_fc.weight");
}

// Causal masks that older files carry.
bool is_mask(const std::string& name) { return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias"); }

}  // namespace

bool is_hugging_face_folder(const fs::path& folder) { return fs::exists(folder / "config.json"); }

std::vector<fs::path> hugging_face_weights(const fs::path& folder) {
  if (const auto one = folder / "model.safetensors"; fs::exists(one)) return {one};
  const auto index = folder / "model.safetensors.index.json";
  if (!fs::exists(index))
    fail(ErrorKind::NotFound, "model", folder.string(),
         " has no model.safetensors and no model.safetensors.index.json");
  const auto json = read_json(index);
  require("model", json.contains("weight_map") && json["weight_map"].is_object(), index.string(), " has no weight_map");
  std::set<fs::path> files;
  for (const auto& [name, file] : json["weight_map"].items()) {
    require("model", file.is_string() && fs::path(file.get<std::string>()).filename() == file.get<std::string>(),
            index.string(), ": ", name, " is in ", to_text(file), ", expected the name of a file in that folder");
    files.insert(folder / file.get<std::string>());
  }
  return {files.begin(), files.end()};
}

std::optional<Activation> hugging_face_activation(const std::string& name) {
  for (const auto& [theirs, ours] : kActivations)
    if (name == theirs) return ours;
  return std::nullopt;
}

const char* hugging_face_name(Activation activation) {
  for (const auto& [theirs, ours] : kActivations)
    if (activation == ours) return theirs;
  return nullptr;
}

GptConfig read_hugging_face_gpt(const fs::path& folder) {
  const auto path = folder / "config.json";
  const auto json = read_json(path);
  const auto scope = path.string();
  const auto unsupported = [&](const char* key, const char* expected) {
    fail(ErrorKind::Unsupported, "gpt", scope, ": ", key, " is ", to_text(json.value(key, Json())), ", expected ",
         expected);
  };
  if (json.value("model_type", Json()) != "gpt2") unsupported("model_type", "\"gpt2\"");
  if (!json.value("scale_attn_weights", true)) unsupported("scale_attn_weights", "true");
  for (const char* key : {"scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn", "add_cross_attention"})
    if (json.value(key, false)) unsupported(key, "false");
  const auto number = [&](const char* key, int64_t fallback) {
    const auto value = json.value(key, Json());
    if (value.is_null() && fallback >= 0) return fallback;
    require("gpt", value.is_number_integer(), scope, ": ", key, " is ", to_text(value), ", expected a whole number");
    return value.get<int64_t>();
  };
  GptConfig config;
  config.vocab_size = number("vocab_size", -1);
  config.block_size = number("n_positions", json.contains("n_ctx") ? number("n_ctx", -1) : -1);
  config.n_layer = number("n_layer", -1);
  config.n_head = number("n_head", -1);
  config.n_embd = number("n_embd", -1);
  config.n_inner = number("n_inner", 0);
  config.norm_eps = json.value("layer_norm_epsilon", 1e-5);
  config.tied_embeddings = json.value("tie_word_embeddings", true);
  const auto name = json.value("activation_function", Json("gelu_new"));
  const auto activation = name.is_string() ? hugging_face_activation(name.get<std::string>()) : std::nullopt;
  if (!activation) unsupported("activation_function", "gelu_new, gelu, relu, silu or tanh");
  config.activation = *activation;
  throw_if_any(scope, config.validate());
  return config;
}

void load_gpt_weights(GptImpl& model, const fs::path& source) {
  std::map<std::string, Tensor> tensors;
  if (is_hugging_face_folder(source)) {
    for (const auto& file : hugging_face_weights(source))
      for (auto& [key, value] : load_tensors(file)) {
        const std::string name = key.starts_with("transformer.") ? key.substr(12) : key;
        if (!is_mask(name)) tensors[name] = is_transposed(name) && value.dim() == 2 ? value.t() : value;
      }
    if (model.config().tied_embeddings) tensors.erase("lm_head.weight");  // the written copy of a tied head
  } else {
    tensors = load_run_weights(source);
  }
  load_base_weights(model, std::move(tensors), source.string());
}

void write_hugging_face_gpt(GptImpl& model, const fs::path& folder) {
  const auto& c = model.config();
  const auto* activation = hugging_face_name(c.activation);
  const auto need = [](bool ok, const char* key, const char* expected) {
    if (!ok)
      fail(ErrorKind::Unsupported, "export", "model.", key, " is not ", expected, ", which GPT-2's layout needs");
  };
  need(c.position == PositionKind::Learned, "position", "learned");
  need(c.norm == NormKind::LayerNorm, "norm", "layernorm");
  need(c.bias, "bias", "true");
  need(!c.qk_norm, "qk_norm", "false");
  need(c.kv_heads() == c.n_head, "n_kv_head", "n_head");
  need(c.logit_softcap == 0, "logit_softcap", "0");
  need(c.logit_scale == 1, "logit_scale", "1");
  need(activation != nullptr, "activation", "an activation without gate");

  std::map<std::string, Tensor> tensors;
  for (const auto& item : model.named_parameters()) {
    const auto& name = item.key();
    const auto value = item.value().detach();
    tensors[name == "lm_head.weight" ? name : "transformer." + name] = is_transposed(name) ? value.t() : value;
  }
  fs::create_directories(folder);
  write_tensors_atomic(folder / "model.safetensors", tensors, {{"format", "pt"}});
  const Json end = c.vocab_size == 50257 ? Json(50256) : Json();
  write_json(folder / "config.json", {{"model_type", "gpt2"},
                                      {"architectures", {"GPT2LMHeadModel"}},
                                      {"vocab_size", c.vocab_size},
                                      {"n_positions", c.block_size},
                                      {"n_ctx", c.block_size},
                                      {"n_embd", c.n_embd},
                                      {"n_layer", c.n_layer},
                                      {"n_head", c.n_head},
                                      {"n_inner", c.n_inner ? Json(c.n_inner) : Json()},
                                      {"activation_function", activation},
                                      {"layer_norm_epsilon", c.norm_eps},
                                      {"tie_word_embeddings", c.tied_embeddings},
                                      {"initializer_range", 0.02},
                                      {"embd_pdrop", c.embd_dropout},
                                      {"attn_pdrop", c.attn_dropout},
                                      {"resid_pdrop", c.resid_dropout},
                                      {"scale_attn_weights", true},
                                      {"bos_token_id", end},
                                      {"eos_token_id", end},
                                      {"torch_dtype", "float32"}});
}

}  // namespace ingot
