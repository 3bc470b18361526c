#include "ingot/plan/cost/step_time.h"

#include <cmath>

#include <gtest/gtest.h>

#include "ingot/plan/cost/goodput.h"
#include "support/error_of.h"

namespace ingot::cost {

// Korthikanti et al. 2022, arXiv 2205.05198, table 5: seconds per iteration on A100-80GB, with full recomputation and
// with sequence parallelism and selective recomputation. Calculon's errors on the same rows are 3.65 % on average and
// 8.87 % at most; one set of efficiencies serves all eight figures.
TEST(StepTime, ReproducesMegatronsTable) {
  const auto catalogue = HardwareCatalogue::load();
  const CsvTable t = read_facts("megatron_step_times.csv");
  double sum = 0, worst = 0;
  for (size_t i = 0; i < t.rows.size(); ++i) {
    Architecture m{.layers = int64_t(t.number(i, "layers")),
                   .width = int64_t(t.number(i, "hidden")),
                   .heads = int64_t(t.number(i, "heads")),
                   .ffn = int64_t(t.number(i, "ffn_hidden")),
                   .vocab = int64_t(t.number(i, "vocab")),
                   .seq_len = int64_t(t.number(i, "seq_len")),
                   .tied = true,
                   .bias = true,
                   .learned_positions = true};
    Layout layout{.tensor = int64_t(t.number(i, "tensor_par")),
                  .pipeline = int64_t(t.number(i, "pipeline_par")),
                  .data = int64_t(t.number(i, "data_par")),
                  .global_batch = int64_t(t.number(i, "global_batch")),
                  .microbatch = int64_t(t.number(i, "microbatch")),
                  .interleave = int64_t(t.number(i, "pipeline_interleave")),
                  .zero = Zero::None,
                  .attention = Attention::Standard,
                  .dropout = true};
    for (const bool full : {true, false}) {
      layout.recompute = full ? Recompute::Full : Recompute::Selective;
      layout.sequence_parallel = !full;
      const double published =
          t.number(i, full ? "step_s_full_recompute" : "step_s_sequence_parallel_selective_recompute");
      const StepTime step = step_time(m, layout, catalogue.chip("A100-80GB"));
      const double error = step.total / published - 1;
      EXPECT_LT(std::fabs(error), 0.0887) << t.text(i, "model") << (full ? " full " : " selective ") << step.total;
      sum += std::fabs(error);
      worst = std::max(worst, std::fabs(error));
    }
  }
  EXPECT_LT(sum / 8, 0.0365);
  EXPECT_LT(worst, 0.0887);
}

// Touvron et al. 2023, arXiv 2302.13971, table 15: A100-80GB GPU-hours of 7B, 13B (1T tokens), 33B, 65B (1.4T tokens),
// all with batches of 4M tokens. llm-analysis, which is given the efficiency 0.5, errs by 4.9 % on average on the same
// rows with the same 2,048 GPUs. Here the efficiency comes out. What the paper says of the software goes in: tensor and
// sequence parallelism without a pipeline, memory-efficient attention, nothing recomputed but cheap operations; the
// published code runs norms, rotary embedding and gate op by op. The tensor-parallel size is the planner's.
TEST(StepTime, PredictsLlamaGpuHours) {
  const auto catalogue = HardwareCatalogue::load();
  const Chip& chip = catalogue.chip("A100-80GB");
  // FlashAttention reaches 25 to 40 % of peak on an A100 (Dao 2023, arXiv 2307.08691, abstract): the middle.
  const Efficiency efficiency{.flash = 0.33, .kernels = Kernels::Eager};
  constexpr std::tuple<const char*, double, double> kPublished[] = {{"llama-7b", 82432, 1e12},
                                                                    {"llama-13b", 135168, 1e12},
                                                                    {"llama-33b", 530432, 1.4e12},
                                                                    {"llama-65b", 1022362, 1.4e12}};
  double sum = 0;
  for (const auto& [name, gpu_hours, tokens] : kPublished) {
    const Architecture m = find_architecture(name);
    const Layout layout = choose_layout(m, chip, 2048, 2048, {.pipeline = 1}, efficiency);
    const double predicted = tokens / step_time(m, layout, chip, efficiency).tokens_per_s * 2048 / 3600;
    EXPECT_LT(std::fabs(predicted / gpu_hours - 1), 0.0953) << name;  // llm-analysis' worst row
    sum += std::fabs(predicted / gpu_hours - 1);
  }
  EXPECT_LT(sum / 4, 0.049);
}

// Llama 3.1 405B, arXiv 2407.21783, table 4: 16,384 H100s, 16M tokens a batch of 8,192: tensor 8, pipeline 16, data
// 128, MFU 41 %; 30.84M H100-hours in all. No efficiency was fitted to it, but selective recomputation was added after
// a first miss on it.
TEST(StepTime, PredictsLlama3) {
  const auto catalogue = HardwareCatalogue::load();
  const Architecture m = find_architecture("llama-3.1-405b");
  const Layout layout = choose_layout(m, catalogue.chip("H100"), 16384, 2048);
  EXPECT_EQ(layout.tensor, 8);
  EXPECT_EQ(layout.pipeline, 16);
  const StepTime step = step_time(m, layout, catalogue.chip("H100"));
  EXPECT_NEAR(step.mfu / 0.41, 1, 0.05);
  const double hours = 15.6e12 / step.tokens_per_s / goodput({}, 16384).share * 16384 / 3600;
  EXPECT_NEAR(hours / 30.84e6, 1, 0.05);
}

TEST(StepTime, PartsAddUp) {
  const auto catalogue = HardwareCatalogue::load();
  const Architecture m = find_architecture("deepseek-v3");
  const Layout layout{.tensor = 4, .pipeline = 2, .data = 64, .expert = 64, .global_batch = 128, .microbatch = 1};
  const StepTime s = step_time(m, layout, catalogue.chip("H800"));
  EXPECT_NEAR(s.total,
              s.matmul + s.attention + s.elementwise + s.tensor_comm + s.expert_comm + s.recompute + s.logits +
                  s.pipeline_comm + s.bubble + s.data_comm + s.optimizer,
              1e-9 * s.total);
  EXPECT_GT(s.expert_comm, 0);
  EXPECT_NEAR(s.mfu * s.total * 512 * 989.4e12, s.model_flops, 1e-6 * s.model_flops);
}

TEST(StepTime, RecomputationShowsInHfuOnly) {
  const auto catalogue = HardwareCatalogue::load();
  const Architecture m = find_architecture("megatron-22b");
  Layout layout{.tensor = 8, .global_batch = 4, .microbatch = 4, .attention = Attention::Standard};
  const StepTime none = step_time(m, layout, catalogue.chip("A100-80GB"));
  layout.recompute = Recompute::Full;
  const StepTime full = step_time(m, layout, catalogue.chip("A100-80GB"));
  EXPECT_EQ(none.mfu, none.hfu);
  EXPECT_EQ(none.model_flops, full.model_flops);
  EXPECT_GT(full.hfu, full.mfu * 1.3);
  EXPECT_GT(full.total, none.total);
}

TEST(StepTime, OneWaveOfTilesMoreCostsTime) {
  // 108 cores: 108 tiles of 128 x 256 fit into one wave, the 109th starts another (NVIDIA, Matrix Multiplication
  // Background, "wave quantization"). Seen through two widths of the same layer.
  const auto catalogue = HardwareCatalogue::load();
  Architecture m{.layers = 1, .width = 6144, .heads = 48, .vocab = 256, .seq_len = 2048};
  const Layout layout{.tensor = 1, .microbatch = 1};
  const double narrow = layer_time(m, layout, catalogue.chip("A100-80GB")).forward;
  Chip unmodelled = catalogue.chip("A100-80GB");
  unmodelled.cores = 0;
  EXPECT_LT(layer_time(m, layout, unmodelled).forward, narrow);
}

TEST(StepTime, ErrorsNameTheRule) {
  const auto catalogue = HardwareCatalogue::load();
  const Chip& chip = catalogue.chip("A100-80GB");
  const Architecture m = find_architecture("llama-65b");
  EXPECT_NE(error_of([&] { step_time(m, {.tensor = 3}, chip); }).find("tensor is 3, expected a divisor of heads 64"),
            std::string::npos);
  EXPECT_NE(
      error_of([&] { step_time(m, {}, chip, {.memory = 1.2}); }).find("memory is 1.2, expected a share in (0, 1]"),
      std::string::npos);
  EXPECT_NE(error_of([&] { choose_layout(m, chip, 0, 1); }).find("chips is 0, expected > 0"), std::string::npos);
  const std::string small = error_of([&] { choose_layout(m, chip, 8, 8); });
  EXPECT_NE(small.find("GiB a chip at best, expected <= 73 GiB"), std::string::npos) << small;
  EXPECT_NE(error_of([&] { choose_layout(m, chip, 7, 10); }).find("no layout spreads the model over 7 chips"),
            std::string::npos);
}

}  // namespace ingot::cost
