#include "ingot/engine/optimizer.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/engine/optimizer_state.h"

namespace ingot {
namespace {

constexpr int64_t kRows = 37, kColumns = 1013;  // more than one span, and no multiple of any SIMD width

Tensor leaf(at::IntArrayRef sizes, at::ScalarType type = at::kFloat) {
  return torch::randn(sizes).to(type).set_requires_grad(true);
}

// 10 steps on `mine` by our optimiser and on `theirs` by torch's, from equal weights and gradients.
template <typename Peer>
double drift(const OptimizerConfig& config, const std::function<Peer(std::vector<Tensor>)>& make_peer) {
  torch::manual_seed(0);
  auto mine = leaf({kRows, kColumns}), theirs = mine.detach().clone().set_requires_grad(true);
  auto ours = make_optimizer(config, {{"w", mine}});
  auto peer = make_peer({theirs});
  for (int step = 0; step < 10; ++step) {
    const auto g = torch::randn({kRows, kColumns});
    mine.mutable_grad() = g;
    theirs.mutable_grad() = g.clone();
    ours->step(1);
    peer.step();
  }
  return (mine - theirs).abs().max().template item<double>();
}

OptimizerConfig config_of(OptimizerKind kind) {
  OptimizerConfig config;
  config.name = kind;
  config.lr = 0.01;
  return config;
}

TEST(Optimizer, SgdMatchesTorch) {
  for (const double momentum : {0.0, 0.9})
    for (const bool nesterov : {false, true}) {
      if (nesterov && momentum == 0) continue;
      auto config = config_of(OptimizerKind::Sgd);
      config.momentum = momentum;
      config.nesterov = nesterov;
      config.l2 = 0.1;
      EXPECT_LT(drift<torch::optim::SGD>(
                    config,
                    [&](std::vector<Tensor> p) {
                      return torch::optim::SGD(
                          p, torch::optim::SGDOptions(0.01).momentum(momentum).nesterov(nesterov).weight_decay(0.1));
                    }),
                2e-6);
    }
}

TEST(Optimizer, AdamMatchesTorch) {
  auto config = config_of(OptimizerKind::Adam);
  config.l2 = 0.1;
  EXPECT_LT(drift<torch::optim::Adam>(config,
                                      [](std::vector<Tensor> p) {
                                        return torch::optim::Adam(p, torch::optim::AdamOptions(0.01).weight_decay(0.1));
                                      }),
            2e-6);
}

TEST(Optimizer, AdamWMatchesTorch) {
  auto config = config_of(OptimizerKind::AdamW);
  config.weight_decay = 0.1;
  EXPECT_LT(drift<torch::optim::AdamW>(config,
                                       [](std::vector<Tensor> p) {
                                         return torch::optim::AdamW(p,
                                                                    torch::optim::AdamWOptions(0.01).weight_decay(0.1));
                                       }),
            2e-6);
}

TEST(Optimizer, AdamWGivesThePublishedSteps) {  // PyTorch's trace from (1, -2) with lr 0.1, decay 0.01
  auto config = config_of(OptimizerKind::AdamW);
  config.lr = 0.1;
  config.weight_decay = 0.01;
  auto w = torch::tensor({1.0f, -2.0f}).set_requires_grad(true);
  auto optimizer = make_optimizer(config, {{"w", w}});
  for (const auto& g : {torch::tensor({0.5f, -1.0f}), torch::tensor({0.1f, 0.2f})}) {
    w.mutable_grad() = g;
    optimizer->step(1);
  }
  EXPECT_NEAR(w[0].item<double>(), 0.8177969456, 1e-6);
  EXPECT_NEAR(w[1].item<double>(), -1.8449994326, 1e-6);
}

// The kernels against the same update written in ATen operators, which double weights take.
TEST(Optimizer, KernelsMatchTheReference) {
  for (const auto kind : {OptimizerKind::Sgd, OptimizerKind::AdamW, OptimizerKind::Lion}) {
    torch::manual_seed(1);
    auto config = config_of(kind);
    config.l1 = 0.02;
    config.l2 = 0.03;
    config.momentum = kind == OptimizerKind::Sgd ? 0.8 : 0;
    config.weight_decay = kind == OptimizerKind::Sgd ? 0 : 0.1;
    auto fast = leaf({kRows, kColumns}), reference = fast.detach().to(at::kDouble).set_requires_grad(true);
    auto a = make_optimizer(config, {{"w", fast}}), b = make_optimizer(config, {{"w", reference}});
    for (int step = 0; step < 5; ++step) {
      const auto g = torch::randn({kRows, kColumns});
      fast.mutable_grad() = g;
      reference.mutable_grad() = g.to(at::kDouble);
      a->step(0.5, 0.25);
      b->step(0.5, 0.25);
    }
    const auto apart = (fast - reference).abs() > 5e-6;  // a sign near 0 may fall either way in Lion
    EXPECT_LE(apart.sum().item<int64_t>(), kind == OptimizerKind::Lion ? 3 : 0) << enum_name(kind);
  }
}

TEST(Optimizer, PenaltiesAndDecaySpareWhatDoesNotDecay) {
  auto config = config_of(OptimizerKind::AdamW);
  config.weight_decay = config.l1 = config.l2 = 1;
  auto w = torch::ones({3}).set_requires_grad(true);
  auto optimizer = make_optimizer(config, {{"gain", w, /*decays=*/false}});
  w.mutable_grad() = torch::zeros({3});
  optimizer->step(1);
  EXPECT_TRUE(w.equal(torch::ones({3})));
}

TEST(Optimizer, SparseRowsTouchNothingElse) {
  for (const auto kind : {OptimizerKind::Sgd, OptimizerKind::Adam, OptimizerKind::Lion}) {
    auto config = config_of(kind);
    config.momentum = kind == OptimizerKind::Sgd ? 0.9 : 0;
    auto table = torch::ones({6, 3}).set_requires_grad(true), dense = torch::ones({6, 3}).set_requires_grad(true);
    auto a = make_optimizer(config, {{"table", table}}), b = make_optimizer(config, {{"table", dense}});
    const auto rows = torch::tensor({4, 1, 4}, at::kLong);
    const auto values = torch::tensor({1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 8.f, 9.f}).view({3, 3});
    table.mutable_grad() = torch::sparse_coo_tensor(rows.unsqueeze(0), values, {6, 3});
    dense.mutable_grad() = torch::zeros({6, 3}).index_add(0, rows, values);
    a->step(1);
    b->step(1);
    for (const int64_t row : {1, 4}) EXPECT_TRUE(table[row].equal(dense[row])) << enum_name(kind);
    for (const int64_t row : {0, 2, 3, 5}) EXPECT_TRUE(table[row].equal(torch::ones({3})));
  }
}

TEST(Optimizer, AdafactorIsExactOnRankOneGradients) {
  auto config = config_of(OptimizerKind::Adafactor);
  auto w = torch::full({4, 6}, 2.0f).set_requires_grad(true);
  auto optimizer = make_optimizer(config, {{"w", w}});
  const auto g = torch::tensor({1.f, -2.f, 3.f, 0.5f}).outer(torch::tensor({2.f, 1.f, -1.f, 4.f, 0.1f, 3.f}));
  w.mutable_grad() = g;
  optimizer->step(1);  // g / sqrt(r c) = sign(g), whose RMS is 1, times lr RMS(w)
  EXPECT_TRUE(w.allclose(2 - 0.01 * 2 * g.sign(), 1e-5, 1e-6));
  EXPECT_EQ(optimizer->state().at("w.row").sizes(), (at::IntArrayRef{4}));
  EXPECT_EQ(optimizer->state().at("w.column").sizes(), (at::IntArrayRef{6}));
}

TEST(Optimizer, MuonOrthogonalisesHiddenMatricesOnly) {
  torch::manual_seed(0);
  for (const auto& sizes : {std::vector<int64_t>{24, 64}, std::vector<int64_t>{64, 24}}) {
    const auto x = orthogonalise(torch::randn(sizes));
    const auto s = std::get<1>(torch::linalg_svd(x.to(at::kFloat), false));
    EXPECT_EQ(x.sizes(), at::IntArrayRef(sizes));
    EXPECT_GT(s.min().item<double>(), 0.5);
    EXPECT_LT(s.max().item<double>(), 1.3);
  }
  auto config = config_of(OptimizerKind::Muon);
  auto hidden = torch::zeros({8, 8}).set_requires_grad(true), gain = torch::zeros({8}).set_requires_grad(true);
  auto optimizer = make_optimizer(config, {{"hidden", hidden, true, true}, {"gain", gain, false, false}});
  hidden.mutable_grad() = torch::randn({8, 8});
  gain.mutable_grad() = torch::ones({8});
  optimizer->step(1);
  EXPECT_NEAR(hidden.norm().item<double>(), 0.02 * std::sqrt(8), 0.02);  // singular values near muon_lr
  EXPECT_TRUE(gain.allclose(torch::full({8}, -0.01f), 1e-4));            // Adam's first step is lr
  EXPECT_TRUE(optimizer->state().count("hidden.momentum") && optimizer->state().count("gain.v"));
}

TEST(Optimizer, ResumesBitExactlyFromItsState) {
  for (const auto& [name, kind] : EnumNames<OptimizerKind>::kValues) {
    torch::manual_seed(2);
    auto config = config_of(kind);
    config.momentum = kind == OptimizerKind::Sgd ? 0.9 : 0;
    auto w = leaf({16, 20}), b = leaf({20});
    const auto parameters = [&] { return std::vector<OptimizedParameter>{{"w", w, true, true}, {"b", b, false}}; };
    auto optimizer = make_optimizer(config, parameters());
    const auto step = [&](Optimizer& o, int64_t seed) {
      torch::manual_seed(seed);
      w.mutable_grad() = torch::randn({16, 20});
      b.mutable_grad() = torch::randn({20});
      o.step(1);
    };
    step(*optimizer, 10);
    step(*optimizer, 11);
    const auto w2 = w.detach().clone(), b2 = b.detach().clone();
    std::map<std::string, Tensor> saved;
    for (const auto& [key, tensor] : optimizer->state()) saved[key] = tensor.clone();
    step(*optimizer, 12);
    const auto w3 = w.detach().clone();
    {
      at::NoGradGuard no_grad;
      w.copy_(w2);
      b.copy_(b2);
    }
    auto resumed = make_optimizer(config, parameters());
    resumed->load_state(saved);
    step(*resumed, 12);
    EXPECT_TRUE(w.equal(w3)) << name;
  }
}

TEST(Optimizer, SaysWhatIsWrongWithAState) {
  auto w = leaf({2, 3});
  auto optimizer = make_optimizer(config_of(OptimizerKind::AdamW), {{"w", w}});
  auto state = optimizer->state();
  state.erase("w.m");
  state["w.v"] = torch::zeros({3, 2});
  state["x.m"] = torch::zeros({1});
  try {
    optimizer->load_state(state);
    FAIL();
  } catch (const Error& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("w.m is missing"), std::string::npos) << text;
    EXPECT_NE(text.find("w.v is [3, 2], expected [2, 3]"), std::string::npos) << text;
    EXPECT_NE(text.find("x.m is unexpected"), std::string::npos) << text;
  }
}

TEST(Optimizer, RefusesCoupledDecayInAdam) {
  auto config = config_of(OptimizerKind::Adam);
  config.weight_decay = 0.1;
  EXPECT_THROW(make_optimizer(config, {}), Error);
}

TEST(Optimizer, GradientNormSeesEveryGradient) {
  auto a = leaf({kRows, kColumns}), b = leaf({7}), unused = leaf({3});
  a.mutable_grad() = torch::full({kRows, kColumns}, 2.0f);
  b.mutable_grad() = torch::full({7}, 3.0f);
  const std::vector<OptimizedParameter> parameters = {{"a", a}, {"b", b}, {"unused", unused}};
  EXPECT_DOUBLE_EQ(gradient_norm(parameters), std::sqrt(4.0 * kRows * kColumns + 63));
  b.mutable_grad()[2] = NAN;
  EXPECT_TRUE(std::isnan(gradient_norm(parameters)));
}

}  // namespace
}  // namespace ingot
