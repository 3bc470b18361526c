// Shapes: B batch, T tokens, P tokens in the cache, C n_embd, V vocab_size, D head size.
#include "ingot/models/gpt.h"

#include <cmath>
#include <tuple>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/models/gpt_weights.h"
#include "ingot/models/saved_config.h"
#include "ingot/nn/dropout.h"
#include "ingot/nn/feed_forward.h"
#include "ingot/nn/init.h"

namespace ingot {

Problems GptConfig::validate() const {
  Problems problems;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) problems.push_back(detail::join_parts(parts...));
  };
  for (const auto& [key, value] :
       {std::pair{"block_size", block_size}, {"n_layer", n_layer}, {"n_head", n_head}, {"n_embd", n_embd}})
    check(value >= 1 && value <= (1 << 24), key, ": got ", value, ", expected 1 to ", 1 << 24);
  check(vocab_size >= 0, "vocab_size: got ", vocab_size, ", expected 0 (as the tokenizer) or more");
  check(n_inner >= 0, "n_inner: got ", n_inner, ", expected 0 (4 n_embd) or more");
  if (problems.empty()) {
    check(n_embd % n_head == 0, "n_embd: got ", n_embd, ", expected a multiple of n_head ", n_head);
    check(n_kv_head >= 0 && n_kv_head <= n_head && n_head % kv_heads() == 0, "n_kv_head: got ", n_kv_head,
          ", expected a divisor of n_head ", n_head);
    check(position != PositionKind::Rotary || head_size() % 2 == 0, "n_embd: got ", n_embd,
          ", expected an even head size n_embd / n_head for rotary positions, it is ", head_size());
  }
  for (const auto& [key, value] : {std::pair{"embd_dropout", embd_dropout},
                                   {"attn_dropout", attn_dropout},
                                   {"resid_dropout", resid_dropout},
                                   {"label_smoothing", label_smoothing}})
    check(value >= 0 && value < 1, key, ": got ", value, ", expected 0 <= x < 1");
  for (const auto& [key, value] : {std::pair{"logit_softcap", logit_softcap}, {"z_loss", z_loss}})
    check(value >= 0 && std::isfinite(value), key, ": got ", value, ", expected 0 (off) or more");
  check(logit_scale > 0 && std::isfinite(logit_scale), "logit_scale: got ", logit_scale, ", expected above 0");
  check(!lora || !init_from.empty(), kLoraWithoutModel);
  check(norm_eps > 0, "norm_eps: got ", norm_eps, ", expected above 0");
  check(rope_theta > 0, "rope_theta: got ", rope_theta, ", expected above 0");
  return problems;
}

int64_t GptConfig::inner() const {
  if (n_inner) return n_inner;
  return is_gated(activation) ? (n_embd * 8 / 3 + 7) / 8 * 8 : 4 * n_embd;  // equal parameters, Shazeer 2020
}

class GptBlockImpl : public torch::nn::Module {
 public:
  explicit GptBlockImpl(const GptConfig& c) {
    ln_1_ = register_module("ln_1", Norm(c.norm, c.n_embd, c.norm_eps, c.bias));
    attn_ = register_module("attn", CausalSelfAttention(AttentionConfig{.width = c.n_embd,
                                                                        .heads = c.n_head,
                                                                        .kv_heads = c.kv_heads(),
                                                                        .bias = c.bias,
                                                                        .qk_norm = c.qk_norm,
                                                                        .norm_eps = c.norm_eps,
                                                                        .dropout = c.attn_dropout,
                                                                        .residual_dropout = c.resid_dropout}));
    ln_2_ = register_module("ln_2", Norm(c.norm, c.n_embd, c.norm_eps, c.bias));
    mlp_ = register_module("mlp", FeedForward(c.n_embd, c.inner(), c.activation, c.bias, c.resid_dropout));
  }
  // The residual stream is x + delta: what a block adds last is summed together with the next norm, in one pass.
  std::pair<Tensor, Tensor> forward(std::pair<Tensor, Tensor> stream, const Tensor& first_key, const Rotary* rotary,
                                    KvCache::Layer* layer, int64_t past) {
    auto [x, normal] = ln_1_->add(stream.first, stream.second);  // [B, T, C]
    std::tie(x, normal) = ln_2_->add(x, attn_(normal, first_key, rotary, layer, past));
    return {x, mlp_(normal)};
  }

 private:
  Norm ln_1_{nullptr}, ln_2_{nullptr};
  CausalSelfAttention attn_{nullptr};
  FeedForward mlp_{nullptr};
};

GptImpl::GptImpl(const GptConfig& config) : config_(config) {
  INGOT_INVARIANT(config.vocab_size > 0, "vocab_size is set before the model is built");
  wte_ = register_module("wte", Embedding(config.vocab_size, config.n_embd));
  if (config.position == PositionKind::Learned)
    wpe_ = register_module("wpe", Embedding(config.block_size, config.n_embd));
  torch::nn::ModuleList h;
  for (int64_t i = 0; i < config.n_layer; ++i)
    h->push_back(blocks_.emplace_back(std::make_shared<GptBlockImpl>(config)));
  register_module("h", h);
  ln_f_ = register_module("ln_f", Norm(config.norm, config.n_embd, config.norm_eps, config.bias));
  if (!config.tied_embeddings) lm_head_ = register_module("lm_head", Linear(config.n_embd, config.vocab_size, false));
  if (config.lora) add_lora(*this, *config.lora);
}

Tensor GptImpl::features(const Tensor& ids, const Tensor& first_key, KvCache* cache) {
  const auto T = ids.size(1), P = cache ? cache->length : 0;
  require("gpt", P + T <= config_.block_size, "the context is ", P + T, " tokens, expected <= block_size ",
          config_.block_size);
  INGOT_INVARIANT(!cache || P + T <= cache->capacity(), "the cache holds ", cache->capacity(), " tokens");

  auto x = wte_(ids);  // [B, T, C]
  if (wpe_) {
    auto position = at::arange(P, P + T, ids.options());                    // [T]
    if (first_key.defined()) position = position.unsqueeze(0) - first_key;  // [B, T]: each document starts at 0
    x = x + wpe_(position);
  }
  x = ingot::dropout(x, config_.embd_dropout, is_training());

  Rotary rotary;  // relative, so documents need no reset
  if (!wpe_) {
    const auto type = wte_->weight.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    rotary = rotary_window(rotary_, P, T, config_.block_size, config_.head_size(), config_.rope_theta,
                           at::TensorOptions().dtype(type).device(x.device()));
  }
  std::pair<Tensor, Tensor> stream = {x, {}};
  for (size_t i = 0; i < blocks_.size(); ++i)
    stream = blocks_[i]->forward(std::move(stream), first_key, wpe_ ? nullptr : &rotary,
                                 cache ? &cache->layers[i] : nullptr, P);
  if (cache) cache->length += T;
  return ln_f_->add(stream.first, stream.second).second;
}

Tensor GptImpl::logits(const Tensor& features) {
  auto y = lm_head_ ? lm_head_(features) : linear(features, wte_->weight, {}, head_copy_);  // [.., V]
  if (config_.logit_softcap > 0) y = config_.logit_softcap * at::tanh(y / config_.logit_softcap);
  return is_training() || config_.logit_scale == 1 ? y : y * config_.logit_scale;
}

KvCache GptImpl::make_cache(int64_t batch, int64_t capacity) const {
  KvCache cache;
  for (int64_t i = 0; i < config_.n_layer; ++i) {
    const auto empty = [&] {
      return at::empty({batch, config_.kv_heads(), capacity, config_.head_size()},
                       wte_->weight.options().requires_grad(false));
    };
    cache.layers.push_back({empty(), empty()});
  }
  return cache;
}

// GPT-2: normal(0.02); what adds to the residual stream is divided by sqrt(2 n_layer). A head of its own starts at
// zero.
void GptImpl::initialise(uint64_t seed) {
  if (config_.lora) initialise_lora(*this, seed);
  if (!config_.init_from.empty()) return load_gpt_weights(*this, config_.init_from);
  const at::NoGradGuard no_grad;
  for (const auto& item : named_parameters()) {
    const auto& name = item.key();
    const auto& weight = item.value();
    const auto ends_with = [&](std::string_view end) { return name.size() >= end.size() && name.ends_with(end); };
    if (ends_with("bias") || name == "lm_head.weight")
      weight.zero_();
    else if (weight.dim() == 1)
      weight.fill_(1);
    else
      fill_normal(weight, ends_with("c_proj.weight") ? 0.02 / std::sqrt(2. * config_.n_layer) : 0.02, seed, name);
  }
}

double GptImpl::train_flops_per_token() const {
  double flops = 0;  // of weights that are multiplied once a token; the tables are looked up, the head multiplies
  for (const auto& item : named_parameters())
    if (item.value().dim() == 2 && item.key() != "wte.weight" && item.key() != "wpe.weight")
      flops += train_flops(item.value());
  if (!lm_head_) flops += train_flops(wte_->weight);
  return flops + 12. * double(config_.n_layer * config_.n_embd * config_.block_size);
}

namespace {

// A teacher for a model of `student`'s tokens and context.
std::shared_ptr<LanguageModel> open_teacher(const fs::path& from, const GptConfig& student,
                                            const Tokenizer& tokenizer) {
  if (!fs::exists(from))
    fail(ErrorKind::NotFound, "recipe", "model.distill.teacher: got \"", from.string(),
         "\", which does not exist, expected a run folder or a Hugging Face folder");
  const auto config = is_hugging_face_folder(from) ? read_hugging_face_gpt(from) : config_of_run<GptConfig>(from);
  require("recipe", config.has_value(), "model.distill.teacher: ", from.string(),
          " holds neither assets/model.json (a run) nor config.json (Hugging Face)");
  require_same_vocabulary(tokenizer, from, "model.distill.teacher",
                          "data.tokenizer = \"" + tokenizer_folder(from).string() + "\" is the teacher's");
  require("recipe", config->vocab_size == student.vocab_size, "model.distill.teacher: ", from.string(), " has ",
          config->vocab_size, " tokens, the student ", student.vocab_size, "; expected the same tokens of both");
  require("recipe", config->block_size >= student.block_size, "model.distill.teacher: ", from.string(),
          " reads contexts of up to ", config->block_size, " tokens, expected model.block_size ", student.block_size,
          " or more; lower block_size");
  auto teacher = std::make_shared<GptImpl>(*config);
  load_gpt_weights(*teacher, from);
  return teacher;
}

}  // namespace

std::unique_ptr<Task> make_gpt(const Document& recipe, const TaskOptions& options) {
  GptConfig config;
  std::optional<fs::path> from;
  if (const auto saved = saved_config<GptConfig>(options)) {
    config = *saved;
  } else {
    // A recipe need not repeat the sizes of the model that it starts from, nor name its tokenizer.
    from = init_from(recipe);
    if (from && is_hugging_face_folder(*from))
      config = read_hugging_face_gpt(*from);
    else if (from)
      config = config_of_run<GptConfig>(*from).value_or(config);
    config = read_config<GptConfig>(recipe, "model", config);
  }
  Document with_tokenizer = recipe;
  if (auto& root = with_tokenizer.root; from && root.contains("data") && root["data"].is_object())
    if (root["data"].contains("text") && !root["data"].contains("tokenizer"))
      root["data"]["tokenizer"] = tokenizer_folder(*from).string();
  auto data = open_lm_data(with_tokenizer, options);
  if (from) require_same_vocabulary(*data.tokenizer, *from);
  if (config.vocab_size == 0) config.vocab_size = data.vocab_size;
  require("recipe", config.vocab_size >= data.vocab_size, recipe.at("model.vocab_size"), ": got ", config.vocab_size,
          ", expected at least the tokenizer's ", data.vocab_size, "; leave it out to take that");
  const CrossEntropyOptions loss{.label_smoothing = config.label_smoothing, .z_loss = config.z_loss};
  std::optional<Distillation> distillation;
  if (config.distill)
    distillation = {*config.distill, [config, tokenizer = data.tokenizer] {
                      return open_teacher(config.distill->teacher, config, *tokenizer);
                    }};
  return make_lm_task(std::make_shared<GptImpl>(config), std::move(data), loss, options, std::move(distillation));
}

}  // namespace ingot
