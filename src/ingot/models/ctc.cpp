// Shapes: B clips, T mel frames, T' frames of labels, M mel bands, F bands behind the convolutions, C width, H heads,
// D = C / H.
#include "ingot/models/ctc.h"

#include <cmath>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/attention.h"
#include "ingot/nn/dropout.h"
#include "ingot/nn/feed_forward.h"
#include "ingot/nn/init.h"
#include "ingot/torch/module_state.h"

namespace ingot {

// Gulati et al. 2020, figure 1: half a feed-forward, self-attention, convolution, half a feed-forward, norm.
class CtcImpl::Block : public torch::nn::Module {
 public:
  explicit Block(const CtcConfig& c) : config_(c) {
    const auto C = c.width;
    const auto norm = [&](const char* name) { return register_module(name, Norm(NormKind::LayerNorm, C, 1e-5, true)); };
    ln_ff1_ = norm("ln_ff1"), ln_attn_ = norm("ln_attn"), ln_conv_ = norm("ln_conv");
    ln_depth_ = norm("ln_depth"), ln_ff2_ = norm("ln_ff2"), ln_out_ = norm("ln_out");
    ff1_ = register_module("ff1", FeedForward(C, 4 * C, Activation::Silu, true, c.dropout));
    ff2_ = register_module("ff2", FeedForward(C, 4 * C, Activation::Silu, true, c.dropout));
    qkv_ = register_module("qkv", Linear(C, 3 * C, true));
    proj_ = register_module("proj", Linear(C, C, true));
    gate_ = register_module("gate", Linear(C, 2 * C, true));
    depth_ = register_module(
        "depth", torch::nn::Conv1d(torch::nn::Conv1dOptions(C, C, c.kernel).padding(c.kernel / 2).groups(C)));
    point_ = register_module("point", Linear(C, C, true));
  }
  // x [B, T', C], real [B, T', 1] 1 or 0, hidden [B, 1, 1, T']
  Tensor forward(Tensor x, const Tensor& real, const Tensor& hidden, const Rotary& rotary) {
    x = x + 0.5 * ff1_(ln_ff1_(x));
    x = x + attention(ln_attn_(x), hidden, rotary);
    x = x + convolution(ln_conv_(x), real);
    x = x + 0.5 * ff2_(ln_ff2_(x));
    return ln_out_(x);
  }

 private:
  Tensor attention(const Tensor& x, const Tensor& hidden, const Rotary& rotary) {
    const auto B = x.size(0), T = x.size(1), H = config_.heads, C = config_.width;
    const auto qkv = qkv_(x).view({B, T, 3, H, C / H}).permute({2, 0, 3, 1, 4});  // [3, B, H, T', D]
    const double drop = is_training() ? config_.dropout : 0;
    const auto y = attend(apply_rotary(qkv[0], rotary), apply_rotary(qkv[1], rotary), qkv[2], hidden, drop);
    return ingot::dropout(proj_(y.transpose(1, 2).reshape({B, T, C})), config_.dropout, is_training());
  }
  Tensor convolution(const Tensor& x, const Tensor& real) {
    const auto y = at::glu(gate_(x), -1) * real;  // the padding must not leak into its neighbours
    const auto z = ln_depth_(depth_(y.transpose(1, 2)).transpose(1, 2).contiguous());
    return ingot::dropout(point_(at::silu(z)), config_.dropout, is_training());
  }

  CtcConfig config_;
  Norm ln_ff1_{nullptr}, ln_attn_{nullptr}, ln_conv_{nullptr}, ln_depth_{nullptr}, ln_ff2_{nullptr}, ln_out_{nullptr};
  FeedForward ff1_{nullptr}, ff2_{nullptr};
  Linear qkv_{nullptr}, proj_{nullptr}, gate_{nullptr}, point_{nullptr};
  torch::nn::Conv1d depth_{nullptr};
};

namespace {
int64_t halved(int64_t n) { return (n - 1) / 2 + 1; }  // a 3-wide convolution with stride 2 and padding 1
}  // namespace

Problems CtcConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  for (const auto& [key, value] :
       {std::pair{"channels", channels}, {"width", width}, {"layers", layers}, {"heads", heads}, {"kernel", kernel}})
    check(value >= 1 && value <= 4096, key, ": got ", value, ", expected 1 to 4096");
  check(subsampling == 1 || subsampling == 2 || subsampling == 4, "subsampling: got ", subsampling,
        ", expected 1, 2 or 4");
  check(encoder == SpeechEncoder::Gru || (heads > 0 && width % (2 * heads) == 0), "width: got ", width,
        ", expected a multiple of 2 heads = ", 2 * heads);
  check(kernel % 2 == 1, "kernel: got ", kernel, ", expected an odd number");
  check(dropout >= 0 && dropout < 1, "dropout: got ", dropout, ", expected 0 to below 1");
  return p;
}

CtcImpl::CtcImpl(const CtcConfig& config, int64_t bins, int64_t labels) : config_(config), bins_(bins) {
  using Options = torch::nn::Conv2dOptions;
  const auto stride = [&](int64_t time) { return std::vector<int64_t>{time, 2}; };
  conv1_ = register_module(
      "conv1",
      torch::nn::Conv2d(Options(1, config.channels, 3).stride(stride(config.subsampling > 1 ? 2 : 1)).padding(1)));
  conv2_ = register_module(
      "conv2",
      torch::nn::Conv2d(
          Options(config.channels, config.channels, 3).stride(stride(config.subsampling > 2 ? 2 : 1)).padding(1)));
  in_ = register_module("in", Linear(config.channels * halved(halved(bins)), config.width, true));
  int64_t features = config.width;
  if (config.encoder == SpeechEncoder::Gru) {
    gru_ = register_module("gru", torch::nn::GRU(torch::nn::GRUOptions(config.width, config.width)
                                                     .num_layers(config.layers)
                                                     .batch_first(true)
                                                     .bidirectional(config.bidirectional)
                                                     .dropout(config.layers > 1 ? config.dropout : 0)));
    features *= config.bidirectional ? 2 : 1;
    norm_ = register_module("norm", Norm(NormKind::LayerNorm, features, 1e-5, true));
  } else {
    for (int64_t i = 0; i < config.layers; ++i)
      blocks_.push_back(register_module("block" + std::to_string(i), std::make_shared<Block>(config)));
  }
  out_ = register_module("out", Linear(features, labels, true));
}

int64_t CtcImpl::output_frames(int64_t frames) const {
  if (config_.subsampling > 1) frames = halved(frames);
  return config_.subsampling > 2 ? halved(frames) : frames;
}

Tensor CtcImpl::forward(const Tensor& mel, const Tensor& frames) {
  const auto B = mel.size(0), T = mel.size(1);
  const auto lengths_at = [&](auto&& shorten) {
    auto lengths = frames.clone();
    for (int64_t b = 0; b < B; ++b) lengths.data_ptr<int64_t>()[b] = shorten(frames.data_ptr<int64_t>()[b]);
    return lengths;
  };
  const auto real_frames = [&](const Tensor& lengths, int64_t length) {  // [B, length] bool
    return at::arange(length).unsqueeze(0).lt(lengths.unsqueeze(1)).to(mel.device());
  };
  const auto middle = lengths_at([&](int64_t n) { return config_.subsampling > 1 ? halved(n) : n; });
  const auto lengths = lengths_at([&](int64_t n) { return output_frames(n); });

  auto x = at::relu(conv1_(mel.unsqueeze(1)));  // [B, channels, T1, M1]
  x = x * real_frames(middle, x.size(2)).view({B, 1, -1, 1});
  x = at::relu(conv2_(x));                                              // [B, channels, T', F]
  x = in_(x.permute({0, 2, 1, 3}).reshape({B, output_frames(T), -1}));  // [B, T', C]
  x = ingot::dropout(x, config_.dropout, is_training());
  if (config_.encoder == SpeechEncoder::Gru) {
    namespace rnn = torch::nn::utils::rnn;
    const auto packed = rnn::pack_padded_sequence(x, lengths, /*batch_first=*/true, /*enforce_sorted=*/false);
    x = std::get<0>(
        rnn::pad_packed_sequence(std::get<0>(gru_->forward_with_packed_input(packed)), true, 0.0, x.size(1)));
    x = ingot::dropout(norm_(x), config_.dropout, is_training());
  } else {
    const auto real = real_frames(lengths, x.size(1));
    const auto rotary = make_rotary(x.size(1), config_.width / config_.heads, 10000, x.options());
    for (const auto& block : blocks_)
      x = block->forward(x, real.unsqueeze(2).to(x.dtype()), real.logical_not().view({B, 1, 1, -1}), rotary);
  }
  return out_(x).to(torch::kFloat).log_softmax(-1);
}

// He et al. 2015 for convolutions, 1 / sqrt(fan in) for the rest; the GRU's weights within 1 / sqrt(its units).
void CtcImpl::initialise(uint64_t seed) {
  const torch::NoGradGuard no_grad;
  for (const auto& item : named_parameters()) {
    const auto& [name, weight] = item.pair();
    const double fan_in = weight.dim() < 2 ? 1 : double(weight.numel()) / double(weight.size(0));
    if (name.starts_with("gru."))
      fill_uniform(weight, 1 / std::sqrt(double(config_.width)), seed, name);
    else if (weight.dim() < 2)
      weight.fill_(name.ends_with("weight") ? 1 : 0);
    else
      fill_normal(weight, std::sqrt((weight.dim() == 4 ? 2 : 1) / fan_in), seed, name);
  }
}

double CtcImpl::forward_flops(int64_t frames) const {
  const auto after = output_frames(frames);
  const auto first = config_.subsampling > 1 ? halved(frames) : frames;
  double products = config_.encoder == SpeechEncoder::Conformer  // scores and sums of the attention
                        ? 2.0 * double(after * after * config_.width * config_.layers)
                        : 0;
  for (const auto& item : named_parameters()) {
    const auto& [name, weight] = item.pair();
    const double places = name == "conv1.weight"   ? double(first * halved(bins_))
                          : name == "conv2.weight" ? double(after * halved(halved(bins_)))
                                                   : double(after);
    if (weight.dim() >= 2) products += double(weight.numel()) * places;
  }
  return 2 * products;
}

Json CtcImpl::card() const {
  return {{"parameters", count_parameters(*this)},
          {"encoder", enum_name(config_.encoder)},
          {"width", config_.width},
          {"layers", config_.layers},
          {"subsampling", config_.subsampling}};
}

std::unique_ptr<Task> make_ctc(const Document& recipe, const TaskOptions& options) {
  const auto config = read_config<CtcConfig>(recipe, "model");
  const auto data = read_config<TranscribeConfig>(recipe, "data");
  auto task = std::make_unique<TranscribeTask>(data, options);
  task->set_model(std::make_shared<CtcImpl>(config, data.mel.bins, task->num_labels()));
  return task;
}

}  // namespace ingot
