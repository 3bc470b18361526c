// Every fused operator, forward and backward, against the same formula in plain ATen operators in double precision.
#include "ingot/nn/kernels/fused.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/nn/kernels/gemm.h"

namespace ingot {
namespace {

using Tensors = std::vector<Tensor>;

// Largest difference over the largest magnitude of the reference.
double relative_error(const Tensor& got, const Tensor& expected) {
  return ((got.to(at::kDouble) - expected).abs().max() / (expected.abs().max() + 1e-12)).item<double>();
}

// Runs `fused` on float32 or bfloat16 copies of `inputs` and `reference` on double copies of what those hold, with the
// same random weights on the outputs, and compares outputs and gradients.
void compare(const Tensors& inputs, const std::vector<bool>& narrow, at::ScalarType type, double tolerance,
             const std::function<Tensors(const Tensors&)>& fused,
             const std::function<Tensors(const Tensors&)>& reference) {
  Tensors low, high;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto x = narrow[i] ? inputs[i].to(type) : inputs[i];
    low.push_back(x.detach().clone().set_requires_grad(true));
    high.push_back(x.detach().to(at::kDouble).clone().set_requires_grad(true));
  }
  const auto got = fused(low), expected = reference(high);
  Tensor low_loss, high_loss;
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].sizes(), expected[i].sizes());
    EXPECT_LT(relative_error(got[i].detach(), expected[i].detach()), tolerance) << "output " << i;
    const auto weights = torch::randn(expected[i].sizes()).to(got[i].scalar_type());
    const auto a = (got[i] * weights).to(at::kDouble).sum(), b = (expected[i] * weights.to(at::kDouble)).sum();
    low_loss = low_loss.defined() ? low_loss + a : a;
    high_loss = high_loss.defined() ? high_loss + b : b;
  }
  low_loss.backward();
  high_loss.backward();
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_TRUE(low[i].grad().defined()) << "gradient " << i;
    EXPECT_LT(relative_error(low[i].grad(), high[i].grad()), tolerance) << "gradient " << i;
  }
}

constexpr double kF32 = 2e-5, kBf16 = 2e-2;  // bfloat16 has 8 bits: 0.4 % a rounding

Tensor norm_reference(const Tensor& x, const Tensor& w, const Tensor& b, bool rms) {
  const auto centred = rms ? x : x - x.mean(-1, true);
  const auto y = centred * (centred.square().mean(-1, true) + 1e-5).rsqrt() * w;
  return b.defined() ? y + b : y;
}

TEST(FusedNorm, MatchesTheReference) {
  torch::manual_seed(0);
  for (const int64_t C : {128, 100, 7})
    for (const bool rms : {false, true})
      for (const auto type : {at::kFloat, at::kBFloat16}) {
        const Tensors inputs = {torch::randn({5, 9, C}) + 1, torch::randn({C}), torch::randn({C})};
        compare(
            inputs, {false, false, false}, type, type == at::kFloat ? kF32 : kBf16,
            [&](const Tensors& t) {
              return Tensors{fused_norm(t[0], {}, t[1], rms ? Tensor() : t[2], 1e-5, rms, type).second +
                             t[2] * (rms ? 2 : 0)};
            },
            [&](const Tensors& t) {
              return Tensors{norm_reference(t[0], t[1], rms ? Tensor() : t[2], rms) + t[2] * (rms ? 2 : 0)};
            });
      }
}

TEST(FusedNorm, AddsTheResidualFirst) {
  torch::manual_seed(0);
  for (const auto type : {at::kFloat, at::kBFloat16})
    compare(
        {torch::randn({70, 48}), torch::randn({70, 48}), torch::randn({48}), torch::randn({48})},
        {false, true, false, false}, type, type == at::kFloat ? kF32 : kBf16,
        [&](const Tensors& t) {
          const auto [sum, y] = fused_norm(t[0], t[1], t[2], t[3], 1e-5, false, type);
          return Tensors{sum, y};
        },
        [](const Tensors& t) {
          return Tensors{t[0] + t[1], norm_reference(t[0] + t[1], t[2], t[3], false)};
        });
}

TEST(FusedPointwise, MatchesTheReference) {
  torch::manual_seed(0);
  const auto gelu = [](const Tensor& x) {
    return 0.5 * x * (1 + (std::sqrt(2 / M_PI) * (x + 0.044715 * x.pow(3))).tanh());
  };
  const auto silu = [](const Tensor& x) { return x * x.sigmoid(); };
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const auto kind : {Pointwise::GeluTanh, Pointwise::Silu, Pointwise::Swiglu, Pointwise::Geglu})
      compare(
          {torch::randn({3, 11, 74}) * 4}, {true}, type, type == at::kFloat ? kF32 : kBf16,
          [&](const Tensors& t) { return Tensors{fused_pointwise(t[0], kind)}; },
          [&](const Tensors& t) {
            const auto parts = t[0].chunk(2, -1);
            switch (kind) {
              case Pointwise::GeluTanh:
                return Tensors{gelu(t[0])};
              case Pointwise::Silu:
                return Tensors{silu(t[0])};
              case Pointwise::Swiglu:
                return Tensors{silu(parts[0]) * parts[1]};
              default:
                return Tensors{gelu(parts[0]) * parts[1]};
            }
          });
}

TEST(FusedPointwise, KeepsExtremeValuesAndNaN) {
  const auto x = torch::tensor({-1e30f, -100.f, 0.f, 100.f, 1e30f, NAN});
  const auto y = fused_pointwise(x, Pointwise::Silu);
  EXPECT_TRUE(y.slice(0, 0, 5).allclose(torch::tensor({0.f, 0.f, 0.f, 100.f, 1e30f})));
  EXPECT_TRUE(std::isnan(y[5].item<float>()));
}

TEST(FusedDropout, HidesAShareAndScalesTheRestBothWays) {
  torch::manual_seed(0);
  const int64_t n = 1'000'003;
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const double p : {0.1, 0.5, 0.9}) {
      const auto x = torch::full({n}, 2.0, type).set_requires_grad(true);
      const auto y = fused_dropout(x, p);
      const auto kept = y.detach() != 0;
      const double sigma = std::sqrt(p * (1 - p) / double(n));
      EXPECT_NEAR(kept.to(at::kDouble).mean().item<double>(), 1 - p, 5 * sigma);
      // Neighbours, rows of a power of two and two draws are independent.
      const auto deviation = kept.to(at::kDouble) - (1 - p);
      for (const int64_t lag : {1, 2, 16, 1024, 4096})
        EXPECT_NEAR((deviation.slice(0, lag) * deviation.slice(0, 0, n - lag)).mean().item<double>(), 0,
                    5 * p * (1 - p) / std::sqrt(double(n)))
            << lag;
      const auto again = (fused_dropout(x, p).detach() != 0).to(at::kDouble) - (1 - p);
      EXPECT_NEAR((deviation * again).mean().item<double>(), 0, 5 * p * (1 - p) / std::sqrt(double(n)));
      EXPECT_TRUE(y.detach().masked_select(kept).to(at::kFloat).allclose(torch::full({}, 2 / (1 - p)), 4e-3));
      y.sum().backward();
      EXPECT_TRUE(x.grad().equal(y.detach() / 2));
    }
}

TEST(FusedDropout, FollowsTheSeed) {
  const auto x = torch::ones({3, 5000});
  torch::manual_seed(4);
  const auto first = fused_dropout(x, 0.3), second = fused_dropout(x, 0.3);
  torch::manual_seed(4);
  EXPECT_TRUE(fused_dropout(x, 0.3).equal(first));
  EXPECT_FALSE(first.equal(second));
}

TEST(FusedCrossEntropy, MatchesTheReference) {
  torch::manual_seed(0);
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const int64_t V : {65, 256, 3})
      for (const double smoothing : {0.0, 0.1}) {
        const double z = smoothing / 10;
        auto targets = torch::randint(V, {33}, at::kLong);
        targets[4] = -100;
        compare(
            {torch::randn({33, V}) * 3}, {true}, type, type == at::kFloat ? kF32 : kBf16,
            [&](const Tensors& t) { return Tensors{fused_cross_entropy(t[0], targets, smoothing, z)}; },
            [&](const Tensors& t) {
              const auto counts = (targets >= 0).to(at::kDouble), lse = t[0].logsumexp(1);
              const auto nll = lse - t[0].gather(1, targets.clamp_min(0).unsqueeze(1)).squeeze(1);
              const auto even = lse - t[0].mean(1);
              return Tensors{((nll * (1 - smoothing) + even * smoothing + z * lse.square()) * counts).sum()};
            });
      }
}

TEST(FusedCrossEntropy, LetsNaNThroughAndRefusesClassesOutOfRange) {
  auto logits = torch::zeros({2, 20});
  logits[1][3] = NAN;
  EXPECT_TRUE(std::isnan(fused_cross_entropy(logits, torch::zeros({2}, at::kLong), 0, 0).item<float>()));
  EXPECT_THROW(fused_cross_entropy(torch::zeros({1, 20}), torch::full({1}, 20, at::kLong), 0, 0), Error);
}

TEST(FusedDistillation, MatchesTheReference) {
  torch::manual_seed(0);
  const auto targets = at::tensor({3, -100, 0, 76, 5}, at::kLong), counts = (targets >= 0).unsqueeze(1);
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const double T : {1., 2.5}) {
      const auto teacher = (torch::randn({5, 77}) * 3).to(type);
      compare(
          {torch::randn({5, 77}) * 3}, {true}, type, type == at::kFloat ? kF32 : kBf16,
          [&](const Tensors& t) { return Tensors{fused_distillation(t[0], teacher, targets, T)}; },
          [&](const Tensors& t) {
            const auto p = at::log_softmax(teacher.to(at::kDouble) / T, -1), q = at::log_softmax(t[0] / T, -1);
            return Tensors{T * T * (p.exp() * (p - q) * counts).sum()};
          });
    }
}

struct AttentionCase {
  int64_t T, heads, kv_heads, D;
  bool norm, rotary, documents;
  bool causal = true, padded = false;  // padded: not causal, and the last keys of a sequence hidden
};

Tensor rotate(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  const auto half = x.chunk(2, -1);
  return at::cat({half[0] * cos - half[1] * sin, half[1] * cos + half[0] * sin}, -1);
}

void compare_attention(const AttentionCase& c, at::ScalarType type) {
  torch::manual_seed(0);
  const int64_t B = 2, width = (c.heads + 2 * c.kv_heads) * c.D;
  const auto angles = at::outer(at::arange(c.T, at::kFloat), at::pow(100., -at::arange(0, c.D, 2, at::kFloat) / c.D));
  const auto cos = angles.cos(), sin = angles.sin();
  const auto first_key = at::zeros({B, c.T}, at::kLong);
  first_key[1].slice(0, c.T / 3).fill_(c.T / 3);
  const auto num_keys = at::tensor({c.T, c.T - c.T / 4}, at::kLong);
  compare(
      {torch::randn({B, c.T, width}), torch::randn({c.D}), torch::randn({c.D})}, {true, false, false}, type,
      type == at::kFloat ? 1e-4 : 3e-2,
      [&](const Tensors& t) {
        FusedAttention o{.heads = c.heads, .kv_heads = c.kv_heads, .causal = c.causal};
        if (c.norm) o.q_gain = t[1], o.k_gain = t[2];
        if (c.rotary) o.cos = cos, o.sin = sin;
        if (c.documents) o.first_key = first_key;
        if (c.padded) o.num_keys = num_keys;
        return Tensors{fused_attention(t[0], o) + (c.norm ? 0 : 1) * (t[1].sum() + t[2].sum())};
      },
      [&](const Tensors& t) {
        const auto qkv =
            t[0].view({B, c.T, -1, c.D}).transpose(1, 2).split_with_sizes({c.heads, c.kv_heads, c.kv_heads}, 1);
        auto q = qkv[0], k = qkv[1], v = qkv[2];
        if (c.norm) q = norm_reference(q, t[1], {}, true), k = norm_reference(k, t[2], {}, true);
        if (c.rotary) q = rotate(q, cos, sin), k = rotate(k, cos, sin);
        const auto group = c.heads / c.kv_heads;
        k = k.repeat_interleave(group, 1), v = v.repeat_interleave(group, 1);
        const auto key = at::arange(c.T, at::kLong);
        auto hidden = (key > key.unsqueeze(1)).view({1, 1, c.T, c.T}) & c.causal;
        if (c.documents) hidden = hidden | (key < first_key.view({B, 1, c.T, 1}));
        if (c.padded) hidden = hidden | (key >= num_keys.view({B, 1, 1, 1}));
        const auto scores = (q.matmul(k.transpose(-2, -1)) / std::sqrt(double(c.D))).masked_fill(hidden, -INFINITY);
        return Tensors{at::softmax(scores, -1).matmul(v).transpose(1, 2).reshape({B, c.T, c.heads * c.D}) +
                       (c.norm ? 0 : 1) * (t[1].sum() + t[2].sum())};
      });
}

TEST(FusedAttention, MatchesTheReference) {
  for (const auto type : {at::kFloat, at::kBFloat16})
    for (const AttentionCase& c : {AttentionCase{64, 4, 4, 32, false, false, false},
                                   {64, 4, 4, 32, true, true, false},
                                   {37, 6, 2, 16, true, false, true},
                                   {70, 2, 1, 80, false, true, true},
                                   {16, 2, 2, 128, false, false, false},
                                   {1, 2, 2, 64, false, true, false},
                                   {64, 4, 4, 64, false, true, false, false, false},
                                   {37, 6, 2, 16, true, true, false, false, true},
                                   {70, 2, 2, 32, false, false, false, false, true}}) {
      SCOPED_TRACE(testing::Message() << "T " << c.T << " D " << c.D << " causal " << c.causal << " " << type);
      compare_attention(c, type);
    }
}

TEST(FusedAttention, SeesNeitherTheFutureNorOtherDocuments) {
  torch::manual_seed(0);
  const auto qkv = torch::randn({1, 40, 3 * 32});
  const auto first_key = at::zeros({1, 40}, at::kLong);
  first_key[0].slice(0, 20).fill_(20);
  FusedAttention o{.heads = 1, .kv_heads = 1, .first_key = first_key};
  const auto before = fused_attention(qkv, o);
  auto edited = qkv.clone();
  edited[0].slice(0, 0, 20) += 1;  // all of document 1
  edited[0].slice(0, 35) += 1;     // the end of document 2
  const auto after = fused_attention(edited, o);
  EXPECT_TRUE(before[0].slice(0, 20, 35).equal(after[0].slice(0, 20, 35)));
  EXPECT_FALSE(before[0].slice(0, 35).equal(after[0].slice(0, 35)));
}

TEST(Bf16Linear, MatchesTheReference) {
  torch::manual_seed(0);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    Bf16Copy copy;
    compare(
        {torch::randn({3, 20, 72}), torch::randn({40, 72}), torch::randn({40})}, {true, false, false}, type, kBf16,
        [&](const Tensors& t) { return Tensors{bf16_linear(t[0], t[1], t[2], copy)}; },
        [](const Tensors& t) { return Tensors{at::linear(t[0], t[1], t[2])}; });
  }
}

TEST(Bf16Linear, HoldsABoundedNumberOfShapes) {
  const auto weight = torch::randn({16, 16}, at::kBFloat16);
  for (int64_t rows = 1; rows <= 600; ++rows) {
    const auto x = torch::ones({rows, 16}, at::kBFloat16);
    EXPECT_TRUE(gemm_bf16(x, weight, {}, at::kFloat)[0].allclose(weight.to(at::kFloat).sum(0), 2e-2, 2e-2)) << rows;
    EXPECT_LE(kept_products(), 64u);
  }
}

TEST(Bf16Linear, NoticesAChangedWeight) {
  auto w = torch::ones({8, 8});
  Bf16Copy copy;
  const auto x = torch::ones({1, 8});
  EXPECT_EQ(bf16_linear(x, w, {}, copy)[0][0].item<float>(), 8);
  const auto* same = copy.of(w).data_ptr();
  EXPECT_EQ(copy.of(w).data_ptr(), same);
  w.mul_(2);
  EXPECT_EQ(bf16_linear(x, w, {}, copy)[0][0].item<float>(), 16);
}

TEST(Fused, GivesTheSameBitsOnAnyNumberOfThreads) {
  const auto run = [](int threads) {
    at::set_num_threads(threads);
    torch::manual_seed(0);
    auto x = torch::randn({200, 192}).set_requires_grad(true), w = torch::randn({192}).set_requires_grad(true);
    const auto y = fused_dropout(fused_norm(x, {}, w, {}, 1e-5, true, at::kFloat).second, 0.1).view({4, 50, 192});
    FusedAttention o{.heads = 4, .kv_heads = 4};
    fused_cross_entropy(fused_attention(y, o).view({200, 64}), torch::arange(200) % 64, 0, 0).backward();
    return std::pair{x.grad(), w.grad()};
  };
  const auto one = run(1), two = run(2);
  at::set_num_threads(1);
  EXPECT_TRUE(one.first.equal(two.first) && one.second.equal(two.second));
}

TEST(Fused, RefusesSecondDerivativesAndNamesTheWayOut) {
  auto x = torch::randn({4, 8}).set_requires_grad(true);
  const auto y = fused_pointwise(x, Pointwise::Silu).sum();
  try {
    torch::autograd::grad({y}, {x}, {}, /*retain_graph=*/true, /*create_graph=*/true);
    FAIL();
  } catch (const std::exception& e) {
    EXPECT_NE(std::string(e.what()).find("ReferencePath"), std::string::npos) << e.what();
  }
  ReferencePath hold;
  EXPECT_FALSE(fused_takes(x));
}

}  // namespace
}  // namespace ingot
