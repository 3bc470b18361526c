// GPT: shapes, causality, learning, parity with an independent PyTorch implementation (tools/golden/gpt.py).
#include "ingot/models/gpt.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/models/gpt_weights.h"
#include "ingot/torch/safetensors.h"
#include "support/temp_folder.h"
#include "support/tiny_run.h"

namespace ingot {
namespace {

GptConfig tiny() {
  GptConfig c;
  c.vocab_size = 11;
  c.block_size = 8;
  c.n_layer = 2;
  c.n_head = 2;
  c.n_embd = 16;
  return c;
}

GptConfig tiny_modern() {
  auto c = tiny();
  c.n_head = 4;
  c.n_kv_head = 2;
  c.position = PositionKind::Rotary;
  c.norm = NormKind::RmsNorm;
  c.activation = Activation::Swiglu;
  c.bias = false;
  c.qk_norm = true;
  c.tied_embeddings = false;
  c.logit_softcap = 15;
  return c;
}

Gpt make(const GptConfig& config) {
  Gpt gpt(config);
  gpt->initialise(0);
  if (!config.tied_embeddings) {  // a head of zeros would hide what the trunk does
    const torch::NoGradGuard no_grad;
    gpt->named_parameters()["lm_head.weight"].copy_(gpt->named_parameters()["wte.weight"]);
  }
  return gpt;
}

Tensor ids(int64_t B, int64_t T, int64_t vocabulary = 11) {
  return (at::arange(B * T, at::kLong) * 7 + 3).remainder(vocabulary).view({B, T});
}

template <typename Check>
void for_both_forms(Check check) {
  for (const bool modern : {false, true}) {
    SCOPED_TRACE(modern ? "modern form" : "GPT-2 form");
    check(modern ? tiny_modern() : tiny());
  }
}

double difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Gpt, MapsIdsToLogits) {
  for_both_forms([](const GptConfig& config) {
    const torch::NoGradGuard no_grad;
    auto gpt = make(config);
    EXPECT_EQ(gpt->forward(ids(3, 8)).sizes(), (at::IntArrayRef{3, 8, 11}));
    EXPECT_EQ(gpt->forward(ids(1, 1)).sizes(), (at::IntArrayRef{1, 1, 11}));
    try {
      gpt->forward(ids(1, 9));
      FAIL();
    } catch (const Error& e) {
      EXPECT_STREQ(e.what(), "[gpt] the context is 9 tokens, expected <= block_size 8");
    }
  });
}

TEST(Gpt, HasThePublishedNumberOfParameters) {
  GptConfig c;
  c.vocab_size = 50257;
  c.n_layer = 1;  // 124,439,808 = 12 blocks of 7,087,872 + the rest (Radford et al. 2019, counted with tied embeddings)
  int64_t parameters = 11 * 7'087'872;
  for (const auto& p : Gpt(c)->parameters()) parameters += p.numel();
  EXPECT_EQ(parameters, 124'439'808);
}

TEST(Gpt, DoesNotSeeTheFuture) {
  for_both_forms([](const GptConfig& config) {
    const torch::NoGradGuard no_grad;
    auto gpt = make(config);
    const auto before = ids(2, 8);
    const auto a = gpt->forward(before);
    for (int64_t t = 0; t < 8; ++t) {
      auto after = before.clone();
      after.select(1, t).add_(1).remainder_(11);
      const auto b = gpt->forward(after);
      EXPECT_TRUE(a.narrow(1, 0, t).equal(b.narrow(1, 0, t))) << "token " << t;
      EXPECT_FALSE(a.narrow(1, t, 8 - t).equal(b.narrow(1, t, 8 - t))) << "token " << t;
    }
  });
}

TEST(Gpt, KeepsPackedDocumentsApart) {
  for_both_forms([](const GptConfig& config) {
    const torch::NoGradGuard no_grad;
    auto gpt = make(config);
    const auto first_key = at::tensor({0, 0, 0, 3, 3, 3, 3, 3}, at::kLong).unsqueeze(0);
    const auto packed = ids(1, 8);
    const auto a = gpt->forward(packed, first_key);
    auto edited = packed.clone();
    edited.narrow(1, 0, 3).add_(4).remainder_(11);
    const auto b = gpt->forward(edited, first_key);
    EXPECT_TRUE(a.narrow(1, 3, 5).equal(b.narrow(1, 3, 5))) << "document 2 must not change at all";
    EXPECT_FALSE(a.narrow(1, 0, 3).equal(b.narrow(1, 0, 3)));
    // Packed, a document reads as it does alone: its positions start at 0.
    EXPECT_LT(difference(a.narrow(1, 3, 5), gpt->forward(packed.narrow(1, 3, 5))), 1e-5);
  });
}

TEST(Gpt, DecodesWithTheCacheAsInFull) {
  for_both_forms([](const GptConfig& config) {
    const torch::NoGradGuard no_grad;
    auto gpt = make(config);
    const auto text = ids(2, 8);
    const auto full = gpt->forward(text);
    auto cache = gpt->make_cache(2, 8);
    int64_t done = 0;
    for (const int64_t step : {3, 1, 1, 2, 1}) {  // prompt, tokens, a longer continuation
      const auto logits = gpt->logits(gpt->features(text.narrow(1, done, step), {}, &cache));
      EXPECT_LT(difference(logits, full.narrow(1, done, step)), 1e-5) << "at token " << done;
      done += step;
      EXPECT_EQ(cache.length, done);
    }
  });
}

TEST(Gpt, RotaryPositionsAreRelative) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const auto rotary = make_rotary(64, 8, 10000, options);
  const auto q = at::arange(8, options).view({1, 1, 1, 8}).sin(), k = at::arange(8, options).view({1, 1, 1, 8}).cos();
  const auto product = [&](int64_t m, int64_t n) {
    const Rotary at_m{rotary.cos.narrow(0, m, 1), rotary.sin.narrow(0, m, 1)};
    const Rotary at_n{rotary.cos.narrow(0, n, 1), rotary.sin.narrow(0, n, 1)};
    return (apply_rotary(q, at_m) * apply_rotary(k, at_n)).sum().item<double>();
  };
  EXPECT_NEAR(product(5, 2), product(43, 40), 1e-12);
  EXPECT_GT(std::abs(product(5, 2) - product(5, 3)), 1e-3);
}

TEST(Gpt, GroupedHeadsEqualFullHeadsWithCopies) {
  const auto q = at::arange(2 * 4 * 5 * 6, at::kDouble).sin().view({2, 4, 5, 6});
  const auto k = at::arange(2 * 2 * 5 * 6, at::kDouble).cos().view({2, 2, 5, 6}), v = k.flip(2);
  const auto grouped = attend_causal(q, k, v, {});
  for (int64_t h = 0; h < 4; ++h) {
    const auto alone = attend_causal(q.narrow(1, h, 1), k.narrow(1, h / 2, 1), v.narrow(1, h / 2, 1), {});
    EXPECT_LT(difference(grouped.narrow(1, h, 1), alone), 1e-12);
  }
}

TEST(Gpt, LearnsOneBatchByHeart) {
  for_both_forms([](const GptConfig& config) {
    torch::manual_seed(0);
    auto gpt = Gpt(config);
    gpt->initialise(0);
    const auto text = ids(2, 9);
    const auto x = text.narrow(1, 0, 8), y = text.narrow(1, 1, 8).flatten();
    torch::optim::AdamW optimizer(gpt->parameters(), torch::optim::AdamWOptions(1e-2));
    double loss = 0;
    for (int step = 0; step < 100; ++step) {
      optimizer.zero_grad();
      const auto l = cross_entropy(gpt->forward(x).flatten(0, 1), y) / 16;
      l.backward();
      for (const auto& item : gpt->named_parameters()) EXPECT_TRUE(item.value().grad().defined()) << item.key();
      optimizer.step();
      loss = l.item<double>();
    }
    EXPECT_LT(loss, 0.3);
  });
}

TEST(Gpt, ScalesLogitsOutsideTraining) {
  for_both_forms([](GptConfig config) {
    const torch::NoGradGuard no_grad;
    auto plain = make(config);
    config.logit_scale = 0.5;
    auto scaled = make(config);
    EXPECT_EQ(difference(scaled->forward(ids(2, 8)), plain->forward(ids(2, 8))), 0);
    plain->eval(), scaled->eval();
    EXPECT_EQ(difference(scaled->forward(ids(2, 8)), 0.5 * plain->forward(ids(2, 8))), 0);
  });
}

TEST(Gpt, StartsFromTheSeedAlone) {
  const auto a = make(tiny()), b = make(tiny());
  for (const auto& item : a->named_parameters()) EXPECT_TRUE(item.value().equal(b->named_parameters()[item.key()]));
  auto c = make(tiny());
  c->initialise(1);
  EXPECT_FALSE(c->named_parameters()["wte.weight"].equal(a->named_parameters()["wte.weight"]));
  EXPECT_NEAR(a->named_parameters()["h.0.mlp.c_fc.weight"].std().item<double>(), 0.02, 0.002);
  EXPECT_NEAR(a->named_parameters()["h.0.mlp.c_proj.weight"].std().item<double>(), 0.02 / 2, 0.001);
}

TEST(Gpt, ReportsEveryProblemOfItsConfig) {
  auto c = tiny();
  c.n_embd = 15;
  c.n_kv_head = 3;
  c.attn_dropout = 1;
  const auto problems = c.validate();
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0], "n_embd: got 15, expected a multiple of n_head 2");
  EXPECT_EQ(problems[1], "n_kv_head: got 3, expected a divisor of n_head 2");
  EXPECT_EQ(problems[2], "attn_dropout: got 1, expected 0 <= x < 1");
}

struct Golden {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
  GptConfig config;
  explicit Golden(const std::string& name) {
    const auto path = fs::path(INGOT_SOURCE_DIR) / "tests/golden" / (name + ".safetensors");
    tensors = load_tensors(path, &metadata);
    Document document;
    document.root["model"] = parse_json(metadata.at("config"), path.string());
    config = read_config<GptConfig>(document, "model");
  }
};

void load_golden_weights(const Golden& golden, Gpt& gpt) {
  const torch::NoGradGuard no_grad;
  for (auto& item : gpt->named_parameters()) item.value().copy_(golden.tensors.at("weight." + item.key()));
}

TEST(Gpt, MatchesTheReference) {
  for (const char* name : {"gpt2", "gpt_modern"}) {
    SCOPED_TRACE(name);
    const Golden golden(name);
    Gpt gpt(golden.config);
    load_golden_weights(golden, gpt);
    const auto input = golden.tensors.at("ids").narrow(1, 0, golden.config.block_size);
    const auto target = golden.tensors.at("ids").narrow(1, 1, golden.config.block_size);
    {
      const torch::NoGradGuard no_grad;
      EXPECT_LT(difference(gpt->forward(input), golden.tensors.at("logits")), 1e-5);
    }
    // Ten steps of AdamW, weight decay on matrices only.
    std::vector<Tensor> matrices, vectors;
    for (const auto& p : gpt->parameters()) (p.dim() >= 2 ? matrices : vectors).push_back(p);
    const auto options = torch::optim::AdamWOptions(1e-3).betas({0.9, 0.99}).eps(1e-8);
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(matrices, std::make_unique<torch::optim::AdamWOptions>(options));
    groups.emplace_back(vectors, std::make_unique<torch::optim::AdamWOptions>(options));
    static_cast<torch::optim::AdamWOptions&>(groups[0].options()).weight_decay(0.1);
    static_cast<torch::optim::AdamWOptions&>(groups[1].options()).weight_decay(0);
    torch::optim::AdamW optimizer(groups, options);
    const CrossEntropyOptions loss{.label_smoothing = golden.config.label_smoothing, .z_loss = golden.config.z_loss};
    const auto expected = golden.tensors.at("losses");
    for (int64_t step = 0; step < expected.size(0); ++step) {
      optimizer.zero_grad();
      const auto l = cross_entropy(gpt->forward(input).flatten(0, 1), target.flatten(), loss) / target.numel();
      EXPECT_NEAR(l.item<double>(), expected[step].item<double>(), step == 0 ? 1e-5 : 1e-3) << "step " << step;
      l.backward();
      optimizer.step();
    }
  }
}

// What read_config writes beside a recipe holds every default, and reads back to itself.
TEST(Gpt, ItsRecipeIsResolvedToTheDefaults) {
  const TempFolder folder;
  write_file_atomic(folder / "text.txt", kTinyText);
  auto recipe = tiny_recipe(folder / "text.txt");
  const TaskOptions options{.purpose = Purpose::Train, .batch_size = 2, .seed = 1};
  Json once = Json::object(), twice = Json::object();
  recipe.resolved = &once;
  make_task(recipe, options);
  EXPECT_EQ(once["model"]["n_layer"], 2);
  EXPECT_EQ(once["model"]["attn_dropout"], 0);
  EXPECT_EQ(once["model"]["norm"], "layernorm");
  EXPECT_TRUE(once["data"].contains("validation")) << once.dump();
  recipe.root = once;
  recipe.resolved = &twice;
  make_task(recipe, options);
  EXPECT_EQ(once, twice);
}

}  // namespace
}  // namespace ingot
