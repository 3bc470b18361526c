#include "ingot/models/wavenet.h"

#include <cmath>
#include <numeric>

#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/models/wavenet_rows.h"
#include "ingot/nn/init.h"
#include "ingot/nn/kernels/fused.h"
#include "ingot/nn/kernels/gemm.h"
#include "ingot/nn/losses.h"
#include "ingot/tasks/mu_law.h"
#include "ingot/torch/compat.h"

namespace ingot {
namespace {

// One layer on a CPU, with its gradient: bfloat16 products under autocast, float32 sums and residual stream. In plain
// operators (WaveNetImpl::forward) most of the time goes into passes over memory.
class WaveLayer : public torch::autograd::Function<WaveLayer> {
 public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* ctx, const Tensor& x_,
                                                const Tensor& skip_, const Tensor& here_, const Tensor& dilated,
                                                const Tensor& dilated_bias, const Tensor& join, const Tensor& join_bias,
                                                int64_t dilation, bool half) {
    const auto x = x_.contiguous(), skip = skip_.contiguous(), here = here_.contiguous();
    const auto n = rows_of(x, skip, here, dilation);
    const auto type = half ? torch::kBFloat16 : torch::kFloat;
    const auto u = torch::empty({n.rows, 2 * n.R}, type), h = torch::empty({n.rows, n.R}, type);
    each(n, half,
         [&](const WaveRows& part, auto zero) { wave_pack(part, x.data_ptr<float>(), raw<decltype(zero)>(u)); });
    const auto z = product(u, dilated.t(), dilated_bias, type);
    each(n, half, [&](const WaveRows& part, auto zero) {
      using T = decltype(zero);
      wave_gate(part, raw<const T>(z), here.data_ptr<float>(), raw<T>(h));
    });
    const auto j = product(h, join.t(), join_bias, torch::kFloat);
    const auto next = torch::empty_like(x), sum = torch::empty_like(skip);
    each(n, half, [&](const WaveRows& part, auto) {
      wave_add(part, j.data_ptr<float>(), x.data_ptr<float>(), skip.data_ptr<float>(), next.data_ptr<float>(),
               sum.data_ptr<float>());
    });
    ctx->save_for_backward({u, z, h, here, dilated, join});
    ctx->saved_data["sizes"] = std::vector<int64_t>{n.R, n.S, n.clips, n.hop, n.shift, n.rows};
    return {next, sum};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 const torch::autograd::variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &u = saved[0], &z = saved[1], &h = saved[2], &here = saved[3], &dilated = saved[4], &join = saved[5];
    const auto sizes = ctx->saved_data["sizes"].toIntVector();
    const WaveRows n{0, sizes[5], sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]};
    const bool half = u.scalar_type() == torch::kBFloat16;
    const auto type = u.scalar_type();
    const auto gnext = grads[0].contiguous(), gsum = grads[1].contiguous();
    const auto gj = torch::empty({n.rows, n.R + n.S}, type), gz = torch::empty_like(z), gx = torch::empty_like(gnext);
    const auto ghere = torch::zeros_like(here);
    each(n, half, [&](const WaveRows& part, auto zero) {
      wave_pack_gradient(part, gnext.data_ptr<float>(), gsum.data_ptr<float>(), raw<decltype(zero)>(gj));
    });
    const auto gh = product(gj, join, {}, type);
    each(n, half, [&](const WaveRows& part, auto zero) {
      using T = decltype(zero);
      wave_gate_gradient(part, raw<const T>(z), here.data_ptr<float>(), raw<const T>(gh), raw<T>(gz),
                         ghere.data_ptr<float>());
    });
    const auto gu = product(gz, dilated, {}, type);
    each(n, half, [&](const WaveRows& part, auto zero) {
      using T = decltype(zero);
      wave_unpack_gradient(part, gnext.data_ptr<float>(), raw<const T>(gu), gx.data_ptr<float>());
    });
    const auto gjoin_bias = at::cat({gnext.sum(at::IntArrayRef{0, 1}), gsum.sum(at::IntArrayRef{0, 1})});
    return {gx,
            gsum,
            ghere,
            product(gz.t(), u, {}, torch::kFloat),
            ghere.sum(at::IntArrayRef{0, 1}),
            product(gj.t(), h, {}, torch::kFloat),
            gjoin_bias,
            {},
            {}};
  }

 private:
  template <typename T>
  static T* raw(const Tensor& tensor) {
    return static_cast<T*>(tensor.data_ptr());
  }
  static WaveRows rows_of(const Tensor& x, const Tensor& skip, const Tensor& here, int64_t dilation) {
    const auto T = x.size(0), B = x.size(1);
    return {0, T * B, x.size(2), skip.size(2), B, T / here.size(0), dilation * B, T * B};
  }
  // Whole frames to each thread, so that no two add to the same conditions.
  template <typename Body>
  static void each(const WaveRows& all, bool half, const Body& body) {
    const auto frame = all.clips * all.hop;
    at::parallel_for(0, all.rows / frame, 1, [&](int64_t begin, int64_t end) {
      auto part = all;
      part.first = begin * frame, part.last = end * frame;
      half ? body(part, Half{}) : body(part, 0.0F);
    });
  }
  static Tensor product(const Tensor& a, const Tensor& b, const Tensor& bias, at::ScalarType out) {
    if (a.scalar_type() == torch::kBFloat16) return gemm_bf16(a, b.to(torch::kBFloat16), bias, out);
    return bias.defined() ? at::addmm(bias, a, b) : at::mm(a, b);
  }
};

Tensor mu_law_values() {  // [256]
  auto values = torch::empty({kMuLawLevels});
  for (int64_t code = 0; code < kMuLawLevels; ++code) values.data_ptr<float>()[code] = mu_law_decode(code);
  return values;
}

}  // namespace

Problems WaveNetConfig::validate() const {
  Problems p;
  const auto check = [&](bool ok, auto&&... parts) {
    if (!ok) p.push_back(detail::join_parts(parts...));
  };
  for (const auto& [key, value] : {std::pair{"residual", residual}, {"skip", skip}})
    check(value >= 16 && value <= 2048 && value % 16 == 0, key, ": got ", value,
          ", expected a multiple of 16 up to 2048");
  check(mixtures >= 1 && mixtures <= 100, "mixtures: got ", mixtures, ", expected 1 to 100");
  check(first_kernel >= 0 && first_kernel <= 1024, "first_kernel: got ", first_kernel, ", expected 0 to 1024");
  check(embedding >= 1 && embedding <= 1024, "embedding: got ", embedding, ", expected 1 to 1024");
  check(!dilations.empty() && dilations.size() <= 200, "dilations: got ", dilations.size(), ", expected 1 to 200");
  for (const auto d : dilations) check(d >= 1 && d <= 65536, "dilations: got ", d, ", expected 1 to 65536");
  return p;
}

int64_t WaveNetConfig::receptive_field() const {
  return std::accumulate(dilations.begin(), dilations.end(), std::max<int64_t>(1, first_kernel));
}

WaveNetImpl::WaveNetImpl(const WaveNetConfig& config, const WaveConditions& conditions)
    : config_(config), conditions_(conditions) {
  const auto R = config.residual, E = config.embedding, layers = int64_t(config.dilations.size());
  if (config.output == WaveOutput::MuLaw) samples_ = register_module("samples", Embedding(256, R));
  if (config.first_taps() > 0) value_ = register_module("value", Linear(config.first_taps(), R, true));
  int64_t features = 0;
  if (conditions.texts > 0) texts_ = register_module("texts", Embedding(conditions.texts, E)), features += E;
  if (conditions.speakers > 0)
    speakers_ = register_module("speakers", Embedding(conditions.speakers, E)), features += E;
  if (conditions.local > 0)  // of a frame and its two neighbours
    local_ = register_module("local", Linear(3 * conditions.local, 2 * E, true)), features += 2 * E;
  if (features > 0) condition_ = register_module("condition", Linear(features, layers * 2 * R, false));
  for (int64_t i = 0; i < layers; ++i) {
    const auto number = std::to_string(i);
    dilated_.push_back(register_module("dilated" + number, Linear(2 * R, 2 * R, true)));
    join_.push_back(register_module("join" + number, Linear(R, R + config.skip, true)));
  }
  head1_ = register_module("head1", Linear(config.skip, config.skip, true));
  head2_ = register_module("head2", Linear(config.skip, config.outputs(), true));
}

void WaveNetImpl::initialise(uint64_t seed) {
  const torch::NoGradGuard no_grad;
  const double depth = std::sqrt(double(config_.dilations.size()));
  for (const auto& item : named_parameters()) {
    const auto& [name, weight] = item.pair();
    const double fan_in = weight.dim() < 2 ? 1 : double(weight.size(1));
    if (weight.dim() < 2)
      weight.zero_();
    else if (name.starts_with("join"))  // the sums over the layers keep their size
      fill_normal(weight, 2 / (depth * std::sqrt(fan_in)), seed, name);
    else if (name == "samples.weight")
      fill_normal(weight, 1, seed, name);
    else
      fill_normal(weight, 1 / std::sqrt(fan_in), seed, name);
  }
}

Tensor WaveNetImpl::condition(const Tensor& texts, const Tensor& speakers, const Tensor& local, int64_t frames) {
  std::vector<Tensor> parts;
  int64_t B = 1;
  for (const auto& [classes, ids] : {std::pair{texts_, texts}, {speakers_, speakers}})
    if (classes) {
      B = ids.size(0);
      parts.push_back(Embedding(classes)(ids).unsqueeze(0).expand({frames, -1, -1}));
    }
  if (local_) {
    B = local.size(1);
    const auto padded = at::constant_pad_nd(local, {0, 0, 0, 0, 1, 1});
    parts.push_back(local_(at::cat({padded.narrow(0, 0, frames), local, padded.narrow(0, 2, frames)}, 2)).tanh());
  }
  const auto width = int64_t(config_.dilations.size()) * 2 * config_.residual;
  if (parts.empty()) return at::zeros({frames, B, width}, head1_->weight.options());
  return condition_(at::cat(parts, 2).contiguous()).to(at::kFloat);
}

Tensor WaveNetImpl::forward(const Tensor& previous, const Tensor& conditions) {
  const auto T = previous.size(0), B = previous.size(1), F = conditions.size(0), R = config_.residual;
  require("wavenet", T == F * conditions_.hop, "there are ", T, " samples and ", F, " frames of conditions, expected ",
          conditions_.hop, " samples a frame");
  auto x = samples_ ? samples_(previous) : Tensor();  // [T, B, R]
  if (value_) {
    const auto values = samples_ ? mu_law_values().to(previous.device()).index({previous}) : previous;
    const auto k = config_.first_taps();
    const auto y = value_(at::constant_pad_nd(values, {0, 0, k - 1, 0}).unfold(0, k, 1)).to(at::kFloat);
    x = x.defined() ? x + y : y;
  }
  auto skip = at::zeros({T, B, config_.skip}, x.options());
  for (size_t i = 0; i < dilated_.size(); ++i) {
    const auto d = std::min(config_.dilations[i], T);
    const auto here = conditions.narrow(2, int64_t(i) * 2 * R, 2 * R);  // [F, B, 2 R]
    if (fused_takes(x)) {
      const auto out = WaveLayer::apply(x, skip, here, dilated_[i]->weight, dilated_[i]->bias, join_[i]->weight,
                                        join_[i]->bias, d, autocast_bf16(at::kCPU));
      x = out[0], skip = out[1];
      continue;
    }
    const auto past = at::cat({at::zeros({d, B, R}, x.options()), x.narrow(0, 0, T - d)});
    const auto z = (dilated_[i](at::cat({past, x}, 2)).view({F, -1, B, 2 * R}) + here.unsqueeze(1)).view({T, B, 2 * R});
    const auto gated = at::tanh(z.narrow(2, 0, R)) * at::sigmoid(z.narrow(2, R, R));
    const auto joined = join_[i](gated);  // [T, B, R + S]
    x = x + joined.narrow(2, 0, R);
    skip = skip + joined.narrow(2, R, config_.skip);
  }
  return head2_(at::relu(head1_(at::relu(skip))));
}

double WaveNetImpl::forward_flops() const {
  double products = 0;
  for (const auto& item : named_parameters())
    if (item.value().dim() == 2 &&
        (item.key().starts_with("dilated") || item.key().starts_with("join") || item.key().starts_with("head")))
      products += double(item.value().numel());
  return 2 * products;
}

Tensor wave_nll(const WaveNetConfig& config, const Tensor& outputs, const Tensor& targets) {
  if (config.output == WaveOutput::MuLaw) return cross_entropy(outputs, targets);
  // Salimans et al. 2017, "PixelCNN++", section 2.1, on 2^16 levels.
  const auto K = config.mixtures;
  const auto counts = targets.isnan().logical_not();
  const auto y = at::where(counts, targets, at::zeros_like(targets)).unsqueeze(1);  // [N, 1]
  const auto parts = outputs.to(at::kFloat).split(K, 1);
  const auto log_weight = parts[0].log_softmax(1), centred = y - parts[1], log_scale = parts[2].clamp_min(-9);
  const auto inverse = (-log_scale).exp();
  const double half = 1.0 / 65535;  // half a level of -1..1
  const auto plus = (centred + half) * inverse, minus = (centred - half) * inverse;
  const auto mass = at::sigmoid(plus) - at::sigmoid(minus);
  // Where the mass underflows, the density in the middle of the level times its width.
  const auto middle = centred * inverse;
  const auto density = middle - log_scale - 2 * at::softplus(middle) + std::log(2 * half);
  auto log_p = at::where(mass > 1e-5, mass.clamp_min(1e-12).log(), density);
  log_p = at::where(y < -1 + half, at::log_sigmoid(plus), log_p);  // the lowest level takes all below
  log_p = at::where(y > 1 - half, -at::softplus(minus), log_p);    // the highest all above
  const auto nll = -(log_p + log_weight).logsumexp(1);
  return at::where(counts, nll, at::zeros_like(nll)).sum();
}

}  // namespace ingot
