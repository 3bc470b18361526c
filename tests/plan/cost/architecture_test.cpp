#include "ingot/plan/cost/architecture.h"

#include <cmath>

#include <gtest/gtest.h>

#include "ingot/base/config.h"
#include "ingot/plan/cost/flops.h"
#include "ingot/plan/cost/layout.h"
#include "support/error_of.h"

namespace ingot::cost {

// facts/architectures.csv holds the published count: exact for the models whose weights are public, rounded in papers.
TEST(Architecture, CountsPublishedParameters) {
  const CsvTable t = read_facts("architectures.csv");
  for (size_t i = 0; i < t.rows.size(); ++i) {
    const std::string name = t.text(i, "name");
    const bool exact = name.starts_with("gpt2") || name.starts_with("llama") || name.starts_with("mixtral");
    const double published = t.number(i, "published_params");
    const double counted = count_parameters(find_architecture(name)).total;
    if (exact)
      EXPECT_EQ(counted, published) << name;
    else
      EXPECT_NEAR(counted / published, 1, name == "megatron-22b" ? 0.025 : 0.01) << name;
  }
}

// DeepSeek-V3 technical report, arXiv 2412.19437, sec. 4.2: 37B activated. Mixtral, arXiv 2401.04088: 12.9B active.
TEST(Architecture, CountsActiveParameters) {
  EXPECT_NEAR(count_parameters(find_architecture("deepseek-v3")).active / 37e9, 1, 0.02);
  EXPECT_NEAR(count_parameters(find_architecture("mixtral-8x7b")).active / 12.9e9, 1, 0.005);
}

// I3: KV bytes per token, bf16. Published sizes of the caches: GPT-3, Llama 2, Llama 3.1 configs; DeepSeek-V3 MLA.
TEST(Architecture, CountsCacheBytes) {
  EXPECT_EQ(kv_bytes_per_token(find_architecture("llama-2-70b")), 327680);
  EXPECT_EQ(kv_bytes_per_token(find_architecture("llama-2-7b")), 524288);
  EXPECT_EQ(kv_bytes_per_token(find_architecture("gpt3-175b")), 4718592);
  EXPECT_EQ(kv_bytes_per_token(find_architecture("llama-3.1-405b")), 516096);
  EXPECT_EQ(kv_bytes_per_token(find_architecture("deepseek-v3")), 70272);
}

// The matmul sum of a dense model is 2 (N - lookup tables) + 4 L T h a token: Chowdhery et al. 2022, appendix B.
TEST(Flops, MatmulSumAgreesWithParameters) {
  const Architecture m = find_architecture("llama-2-7b");
  const ParameterCount n = count_parameters(m);
  const TokenFlops flops = token_flops(m, 4096);
  EXPECT_EQ(flops.projections + flops.mlp + flops.logits, 2 * (n.attention + n.mlp + n.head));
  EXPECT_EQ(flops.scores, 4.0 * 32 * 4096 * 4096);
  EXPECT_EQ(flops.training(), 3 * flops.forward());
}

// Narayanan et al. 2021, arXiv 2104.04473, eq. 3: 96 B s l h^2 (1 + s / 6h + V / 16 l h) with full recomputation, hence
// 72 B s l h^2 (1 + s / 6h + V / 12 l h) without.
TEST(Flops, AgreesWithMegatronsFormula) {
  const Architecture m = find_architecture("megatron-530b");
  const double l = 105, h = 20480, s = 2048, V = 51200;
  EXPECT_NEAR(token_flops(m, s).training() / (72 * l * h * h * (1 + s / (6 * h) + V / (12 * l * h))), 1, 1e-12);
}

// Published activation memory, GiB: Korthikanti et al. 2022, fig. 1, as listed in Calculon's validation (seqsel_fig1).
TEST(Layout, ReproducesMegatronsActivations) {
  struct Row {
    const char* model;
    int64_t pipeline, global_batch, microbatch, interleave;
    double none, selective;
  };
  for (const Row& row : {Row{"megatron-22b", 1, 4, 4, 1, 59.25, 9.5625},
                         {"megatron-175b", 8, 64, 1, 3, 66.84375, 12.3515625},
                         {"megatron-530b", 35, 280, 1, 3, 114.0234375, 23.076171875},
                         {"megatron-1t", 64, 512, 1, 1, 131.25, 26.5625}}) {
    Layout layout{.tensor = 8,
                  .pipeline = row.pipeline,
                  .global_batch = row.global_batch,
                  .microbatch = row.microbatch,
                  .interleave = row.interleave,
                  .sequence_parallel = false,
                  .zero = Zero::None,
                  .attention = Attention::Standard,
                  .dropout = true};
    const Architecture m = find_architecture(row.model);
    const double logits = row.pipeline == 1 ? 4.0 * 2048 * 51200 * 6 / 8 : 0;  // not part of the figure
    EXPECT_NEAR((training_memory(m, layout).activations - logits) / 0x1p30 / row.none, 1, 0.01) << row.model;
    layout.sequence_parallel = true;
    layout.recompute = Recompute::Selective;
    EXPECT_NEAR((training_memory(m, layout).activations - logits) / 0x1p30 / row.selective, 1, 0.01) << row.model;
  }
}

// The same figure: weights, gradients and optimizer, 45.5625 GiB for 22B on 8 chips without the embedding.
TEST(Layout, ReproducesMegatronsModelState) {
  const Memory m = training_memory(find_architecture("megatron-22b"), {.tensor = 8, .zero = Zero::None});
  EXPECT_NEAR((m.weights + m.gradients + m.optimizer) / 0x1p30 / 45.5625, 1, 0.02);
  const Memory sharded =
      training_memory(find_architecture("megatron-22b"), {.tensor = 8, .data = 4, .global_batch = 4});
  EXPECT_EQ(sharded.optimizer * 4, m.optimizer);
}

TEST(Architecture, ReadsOurRecipesAndItsOwnNames) {
  const std::string folder = std::string(INGOT_SOURCE_DIR) + "/recipes/gpt/";
  auto recipe = read_toml(folder + "gpt2-124m.toml", {"model.vocab_size=50257"});
  EXPECT_EQ(count_parameters(read_architecture(recipe)).total, 124439808);  // GPT-2 small
  // What the trainer counts for this recipe with a vocabulary of 2,048: 7,102,464 FLOP a token, and parameters without
  // the gains of normalised queries and keys.
  const Document named_recipe = parse_toml("[model]\nname = \"" + folder + "demo.toml\"\nvocab = 2048\n", "c.toml");
  const auto demo = read_architecture(named_recipe);
  EXPECT_EQ(token_flops(demo, double(demo.seq_len)).training(), 7102464);
  EXPECT_EQ(count_parameters(demo).total, 1054080 - 4 * 2 * 32);
  EXPECT_NE(error_of([&] { read_architecture(read_toml(folder + "demo.toml")); }).find("expected --vocab N"),
            std::string::npos);
  const Document named = parse_toml("[model]\nname = \"llama-7b\"\nseq_len = 4096\n", "c.toml");
  EXPECT_EQ(read_architecture(named).seq_len, 4096);
  EXPECT_EQ(read_architecture(named).layers, 32);
}

TEST(Architecture, ErrorsNameTheRule) {
  const auto read = [](const char* text) { return error_of([&] { read_architecture(parse_toml(text, "c.toml")); }); };
  EXPECT_NE(read("[model]\nname = \"lama-7b\"\n").find("did you mean 'llama-7b'"), std::string::npos);
  EXPECT_NE(read("[model]\nlayers = 2\nwidth = 10\nheads = 3\nvocab = 5\n")
                .find("width is 10, expected a multiple of heads 3"),
            std::string::npos);
  EXPECT_NE(read("[model]\nlayers = 0\nwidth = 8\nheads = 2\nvocab = 5\n").find("layers is 0, expected > 0"),
            std::string::npos);
  EXPECT_NE(read("[model]\nlayer = 1\n").find("unknown key"), std::string::npos);
}

}  // namespace ingot::cost
