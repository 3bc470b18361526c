// Shapes: B pairs, T tokens, N real tokens of a batch, C width of the text tower, D embedding.
#include "ingot/models/clip.h"

#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/dropout.h"
#include "ingot/nn/init.h"
#include "ingot/torch/module_state.h"

namespace ingot {
namespace {

Tensor unit_length(const Tensor& x) { return x / x.norm(2, {1}, true).clamp_min(1e-8); }

int64_t width_of(const ResNetConfig& config) {
  const auto shape = config.resolved();
  return (shape.width << (shape.layers.size() - 1)) * (shape.block == ResNetBlock::Bottleneck ? 4 : 1);
}

}  // namespace

Problems ClipConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  for (const auto& [key, value] : {std::pair{"text.layers", text.layers},
                                   {"text.width", text.width},
                                   {"text.heads", text.heads},
                                   {"text.inner", text.inner},
                                   {"text.context", text.context},
                                   {"embedding", embedding}})
    check(value >= 1 && value <= (1 << 20), key, ": got ", value, ", expected 1 to ", 1 << 20);
  if (p.empty())
    check(text.width % text.heads == 0, "text.width: got ", text.width, ", expected a multiple of text.heads ",
          text.heads);
  for (const auto& [key, value] : {std::pair{"text.dropout", text.dropout}, {"image_dropout", image_dropout}})
    check(value >= 0 && value < 1, key, ": got ", value, ", expected 0 to below 1");
  check(max_scale >= 1, "max_scale: got ", max_scale, ", expected at least 1");
  return p;
}

Tensor info_nce(const Tensor& logits, const Tensor& same) {
  const auto z = logits.masked_fill(same, -INFINITY);
  const auto own = logits.diagonal();
  return (0.5 * (z.logsumexp(1) + z.logsumexp(0)) - own).sum();
}

Tensor sigmoid_contrast(const Tensor& logits, const Tensor& same) {
  const auto sign = 2 * at::eye(logits.size(0), logits.options()) - 1;  // partners 1, others -1
  return -at::log_sigmoid(sign * logits).masked_fill(same, 0).sum();
}

ClipImpl::ClipImpl(const ClipConfig& config, int64_t channels, int64_t vocab_size) : config_(config) {
  const auto& t = config.text;
  visual_ = register_module("visual", ResNet(config.image, channels, 0));
  image_projection_ = register_module("image_projection", Linear(width_of(config.image), config.embedding, false));
  int64_t width = t.width;
  if (vocab_size == 0) {
    sound_ = register_module("sound", ResNet(config.sound, 1, 0));
    width = width_of(config.sound);
  } else {
    token_embedding_ = register_module("token_embedding", Embedding(vocab_size, t.width));
    positional_embedding_ = register_module("positional_embedding", Embedding(t.context, t.width));
    torch::nn::ModuleList blocks;
    for (int64_t i = 0; i < t.layers; ++i)
      blocks->push_back(blocks_.emplace_back(EncoderConfig{.width = t.width,
                                                           .heads = t.heads,
                                                           .inner = t.inner,
                                                           .norm_eps = 1e-5,
                                                           .pre_norm = true,
                                                           .attention_dropout = t.dropout,
                                                           .dropout = t.dropout}));
    register_module("transformer", blocks);
    ln_final_ = register_module("ln_final", Norm(NormKind::LayerNorm, t.width, 1e-5, true));
  }
  partner_projection_ = register_module("partner_projection", Linear(width, config.embedding, false));
  logit_scale_ = register_parameter("logit_scale", torch::zeros({}));
  if (config.loss == ContrastLoss::Sigmoid) logit_bias_ = register_parameter("logit_bias", torch::zeros({}));
}

Tensor ClipImpl::embed_images(const Tensor& images) {
  auto x = visual_->features(images).to(torch::kFloat);
  x = ingot::dropout(x, config_.image_dropout, is_training());
  return unit_length(image_projection_(x).to(torch::kFloat));
}

Tensor ClipImpl::embed_partners(const Partners& partners) {
  if (sound_) return unit_length(partner_projection_(sound_->features(partners.mel)).to(torch::kFloat));
  const auto T = partners.ids.size(1);
  require("clip", T <= config_.text.context, "the text is ", T, " tokens, expected <= text.context ",
          config_.text.context);
  const auto packing = make_packing(partners.real, true);
  auto x = token_embedding_(partners.ids) + positional_embedding_(at::arange(T, partners.ids.options()));
  x = packing.pack(x);  // [N, C]
  x = ingot::dropout(x, config_.text.dropout, is_training());
  for (auto& block : blocks_) x = block(x, packing, nullptr);
  const auto sum = packing.pad(ln_final_(x)).to(torch::kFloat).sum(1);  // [B, C]; padding is 0
  return unit_length(partner_projection_(sum / partners.real.sum(1, true)).to(torch::kFloat));
}

double ClipImpl::scale() const { return std::min(std::exp(logit_scale_.item<double>()), config_.max_scale); }

Tensor ClipImpl::loss(const Tensor& images, const Tensor& partners, const Tensor& same) {
  const auto scale = logit_scale_.clamp_max(std::log(config_.max_scale)).exp();
  const auto logits = scale * images.mm(partners.t());  // [B, B]
  return config_.loss == ContrastLoss::InfoNce ? info_nce(logits, same) : sigmoid_contrast(logits + logit_bias_, same);
}

// As published: tokens normal(0.02), positions normal(0.01), blocks by depth and width; temperature 0.07. SigLIP: 0.1,
// and a bias of -10, since most pairs are none.
void ClipImpl::initialise(uint64_t seed) {
  const at::NoGradGuard no_grad;
  visual_->initialise(seed);
  if (sound_) sound_->initialise(seed + 1);
  const double C = double(config_.text.width), depth = double(config_.text.layers);
  for (const auto& item : named_parameters()) {
    const auto& name = item.key();
    const auto& weight = item.value();
    if (name.starts_with("visual.") || name.starts_with("sound.") || name.starts_with("logit_")) continue;
    if (weight.dim() == 1)
      weight.fill_(name.ends_with("bias") ? 0 : 1);
    else if (name == "token_embedding.weight")
      fill_normal(weight, 0.02, seed, name);
    else if (name == "positional_embedding.weight")
      fill_normal(weight, 0.01, seed, name);
    else if (name.ends_with("c_attn.weight"))
      fill_normal(weight, 1 / std::sqrt(C), seed, name);
    else if (name.ends_with("c_fc.weight"))
      fill_normal(weight, 1 / std::sqrt(2 * C), seed, name);
    else if (name.ends_with("c_proj.weight"))
      fill_normal(weight, 1 / std::sqrt(2 * C * depth), seed, name);
    else
      fill_normal(weight, 1 / std::sqrt(double(weight.size(1))), seed, name);
  }
  logit_scale_.fill_(config_.loss == ContrastLoss::InfoNce ? std::log(1 / 0.07) : std::log(10.0));
  if (logit_bias_.defined()) logit_bias_.fill_(-10);
}

double ClipImpl::forward_flops(int64_t height, int64_t width) const {
  double products = 0;
  for (const auto& item : named_parameters())
    if (item.key().starts_with("transformer.") && item.value().dim() == 2)
      products += double(item.value().numel()) * double(config_.text.context) / 2;  // texts fill half of it, say
  return visual_->forward_flops(height, width) + 2 * products;
}

Json ClipImpl::card() const {
  return {{"parameters", count_parameters(*this)},
          {"image_tower", visual_->card()},
          {"partner_tower", sound_ ? sound_->card()
                                   : Json{{"layers", config_.text.layers},
                                          {"width", config_.text.width},
                                          {"heads", config_.text.heads},
                                          {"context", config_.text.context}}},
          {"embedding", config_.embedding},
          {"loss", enum_name(config_.loss)}};
}

std::unique_ptr<Task> make_clip(const Document& recipe, const TaskOptions& options) {
  const auto config = read_config<ClipConfig>(recipe, "model");
  auto task = std::make_unique<ContrastTask>(read_config<ContrastConfig>(recipe, "data"), options);
  task->set_model(std::make_shared<ClipImpl>(config, task->channels(), task->vocab_size()));
  return task;
}

}  // namespace ingot
