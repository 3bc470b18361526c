#include "ingot/plan/cost/serving.h"

#include <cmath>

#include <gtest/gtest.h>

#include "support/error_of.h"

namespace ingot::cost {

ServingCost serve(const std::string& toml) {
  return serving_cost(read_serve_plan(parse_toml(toml, "plan.toml")), HardwareCatalogue::load(), "2026-11-24");
}

// I1, I1b, I1c: DeepSeek-V3/R1, the day of 2025-02-27/28 (deepseek-ai/open-infra-index, day 6): 608B input tokens of
// which 342B hit the cache, 168B output, 73.7k and 14.8k tokens/s a node of 8 H800 at $2; 226.75 nodes on average,
// $87,072, revenue $562,027, 545 %.
constexpr ServiceDay kDeepSeekDay{.cached_input_tokens = 342e9,
                                  .input_tokens = 266e9,
                                  .output_tokens = 168e9,
                                  .prefill_tokens_per_s = 73.7e3,
                                  .decode_tokens_per_s = 14.8e3,
                                  .chips_per_node = 8,
                                  .usd_per_chip_hour = 2,
                                  .usd_per_m_cached = 0.14,
                                  .usd_per_m_input = 0.55,
                                  .usd_per_m_output = 2.19};

TEST(ServiceDay, I1CostAndRevenueOfDeepSeek) {
  ServiceDay day = kDeepSeekDay;
  day.nodes = 226.75;
  const ServiceDayCost cost = service_day(day);
  EXPECT_NEAR(cost.usd_cost, 87072, 1e-6);
  EXPECT_NEAR(cost.usd_revenue, 562100, 1);
  EXPECT_NEAR(cost.usd_revenue / 562027, 1, 0.0002);
  EXPECT_NEAR(cost.margin, 5.455, 0.001);
}

TEST(ServiceDay, I1bNodesFromThroughput) {
  const ServiceDayCost cost = service_day(kDeepSeekDay);
  EXPECT_NEAR(cost.prefill_nodes, 95.48, 0.005);
  EXPECT_NEAR(cost.decode_nodes, 131.38, 0.005);
  EXPECT_NEAR(cost.nodes / 226.75, 1, 0.001);
  EXPECT_NEAR(cost.usd_per_m_output, 0.3003, 5e-5);  // I1c
  EXPECT_NEAR(cost.usd_per_m_input, 0.0603, 5e-5);
}

// I2: Llama 2 70B in fp16 on two A100-80GB: 33.83 ms or 29.56 tokens/s at least; 18.06 s for 512 tokens were measured.
TEST(Serving, I2DecodeFloor) {
  const auto catalogue = HardwareCatalogue::load();
  const Chip& chip = catalogue.chip("A100-80GB");
  const Architecture m = find_architecture("llama-2-70b");
  const double floor = decode_floor(m, chip, 2);
  EXPECT_NEAR(floor * 1e3, 33.83, 0.005);
  EXPECT_NEAR(1 / floor, 29.56, 0.005);
  EXPECT_LT(floor, 18.06 / 512);
  // The prediction lies above the floor and within 12 % of the measurement.
  const double predicted = decode_time(m, chip, 2, 1, 256).total();
  EXPECT_GT(predicted, floor);
  EXPECT_NEAR(predicted / (18.06 / 512), 1, 0.12);
}

TEST(Serving, ExpertsAreReadByCoverage) {
  const Architecture m = find_architecture("deepseek-v3");
  const ParameterCount n = count_parameters(m);
  const double one = weight_bytes_read(m, Dtype::Fp8, 1), all = weight_bytes_read(m, Dtype::Fp8, 1e6);
  EXPECT_NEAR(one, n.active - 129280.0 * 7168, 1);  // a single token visits its own experts only
  EXPECT_NEAR(all, n.total - 129280.0 * 7168, 1);
  // E (1 - (1 - k/E)^b): 32 tokens visit 1 - (1 - 8/256)^32 = 63.8 % of the experts.
  EXPECT_NEAR((weight_bytes_read(m, Dtype::Fp8, 32) - (n.total - n.experts - 129280.0 * 7168)) / n.experts, 0.638,
              5e-4);
}

TEST(Serving, DecodeTurnsFromMemoryToComputeBound) {
  // Pope et al. 2022, sec. 3.1: the crossover batch is about FLOP/s / bandwidth x bytes / 2 for short contexts.
  const auto catalogue = HardwareCatalogue::load();
  const Chip& chip = catalogue.chip("H100");
  const Architecture m = find_architecture("llama-3.1-8b");
  const ServeTarget t{.compute = 1, .memory = 1};
  const double crossover = chip.peak_flops(Dtype::Bf16) / chip.memory_bandwidth;
  const DecodeTime below = decode_time(m, chip, 1, crossover * 0.7, 1, t),
                   above = decode_time(m, chip, 1, crossover * 1.4, 1, t);
  EXPECT_GT(below.memory, below.compute);
  EXPECT_LT(above.memory, above.compute);
}

TEST(Serving, FrontHoldsNoDominatedPoint) {
  const auto cost = serve("[model]\nname = 'llama-2-70b'\n[cluster]\nchip = 'H100'\n");
  ASSERT_GT(cost.front.size(), 5u);
  for (size_t i = 1; i < cost.front.size(); ++i) {
    EXPECT_LT(cost.front[i].user_tokens_per_s, cost.front[i - 1].user_tokens_per_s);
    EXPECT_LT(cost.front[i].usd_per_request, cost.front[i - 1].usd_per_request);
  }
  EXPECT_EQ(cost.floor->usd_per_request, cost.front.back().usd_per_request);
  for (const auto& point : cost.front) EXPECT_LE(point.memory_share, 0.9001);
}

TEST(Serving, AnSloRaisesTheFloor) {
  const std::string plan = "[model]\nname = 'llama-2-70b'\n[cluster]\nchip = 'H100'\n[serve]\n";
  const auto loose = serve(plan), tight = serve(plan + "min_tokens_per_s = 60\n");
  EXPECT_GT(tight.floor->usd_per_request, loose.floor->usd_per_request);
  EXPECT_GE(tight.floor->user_tokens_per_s, 60);
  const std::string error = error_of([&] { serve(plan + "min_tokens_per_s = 100000\n"); });
  EXPECT_NE(error.find("the SLO is 100000 tokens/s, expected <= "), std::string::npos) << error;
  const auto soon = serve(plan + "max_first_token_s = 0.1\n");
  EXPECT_LE(soon.floor->first_token_s, 0.1);
}

TEST(Serving, CachedInputIsCheaper) {
  const std::string plan = "[model]\nname = 'deepseek-v3'\n[cluster]\nchip = 'H800'\n[serve]\nweights = 'fp8'\n";
  const auto without = serve(plan), with = serve(plan + "cached_share = 0.56\n");
  EXPECT_LT(with.floor->usd_per_request, without.floor->usd_per_request);
  EXPECT_LT(with.floor->usd_per_m_cached, with.floor->usd_per_m_input);
  const auto stored = serve(plan + "cached_share = 0.56\ncache_usd_per_gb_hour = 0.001\n");
  EXPECT_GT(stored.floor->usd_per_m_cached, with.floor->usd_per_m_cached);
}

TEST(Serving, UtilisationComesFromTheLoadProfile) {
  EXPECT_EQ(fleet_utilisation({1, 1, 1}), 1);
  EXPECT_EQ(fleet_utilisation({1, 2, 3, 2}), 2.0 / 3);
  EXPECT_NEAR(fleet_utilisation({1, 2, 3, 2}, 0.25), 2 / 3.75, 1e-15);
  EXPECT_NEAR(fleet_utilisation({1, 2, 3, 2}, 0, 1), 1, 1e-15);  // capacity follows load
  // DeepSeek's day: 226.75 nodes on average, 278 at the peak (open-infra-index, day 6).
  EXPECT_NEAR(fleet_utilisation({278, 226.75 * 2 - 278}), 226.75 / 278, 1e-12);
  const std::string plan = "[model]\nname = 'llama-2-7b'\n[cluster]\nchip = 'H100'\n[serve]\n";
  EXPECT_NEAR(serve(plan + "utilisation = 0.5\n").floor->usd_per_m_output / serve(plan).floor->usd_per_m_output, 2,
              1e-12);
  EXPECT_NEAR(serve(plan + "load = [1, 3]\nheadroom = 0\n").utilisation, 2.0 / 3, 1e-15);
}

TEST(Serving, MeasuredThroughputBeatsTheRoofline) {
  // DeepSeek's decode nodes again, through the general model: 14.8k / 8 tokens/s a chip at $2 is $0.3003 a million.
  const auto cost = serve(
      "[model]\nname = 'deepseek-v3'\n[cluster]\nchip = 'H800'\n[prices]\nrental_usd_per_hour = 2\n"
      "[serve]\nweights = 'fp8'\ndecode_tokens_per_s = 1850\nprefill_tokens_per_s = 9212.5\n");
  EXPECT_NEAR(cost.floor->usd_per_m_output, 0.3003, 5e-5);
  EXPECT_NEAR(cost.floor->usd_per_m_input, 0.0603, 5e-5);
  EXPECT_EQ(cost.throughput_basis, Basis::Measured);
}

TEST(Serving, ErrorsNameValueAndRule) {
  const auto error = [](const std::string& toml) { return error_of([&] { serve(toml); }); };
  EXPECT_NE(error("[model]\nname = 'llama-3.1-405b'\n[cluster]\nchip = 'L40S'\n[serve]\nchips = 4\n")
                .find("GiB, expected <= 172 GiB (90 % of 4 x L40S)"),
            std::string::npos);
  EXPECT_NE(error("[model]\nname = 'llama-2-7b'\n[cluster]\nchip = 'H100'\n[serve]\nbatch = 100000\n")
                .find("batch is 100000, expected <= "),
            std::string::npos);
  EXPECT_NE(error("[model]\nname = 'llama-2-7b'\n[cluster]\nchip = 'H100'\n[serve]\ncompute = 1.5\n")
                .find("compute is 1.5, expected a share"),
            std::string::npos);
  EXPECT_NE(error("[model]\nname = 'llama-2-7b'\n[cluster]\nchip = 'H1000'\n").find("did you mean"), std::string::npos);
  EXPECT_NE(error("[model]\nname = 'llama-2-7b'\n[cluster]\nchip = 'GB200'\n")
                .find("price of GB200 (on-demand) is not in the catalogue"),
            std::string::npos);
  EXPECT_NE(error_of([] { fleet_utilisation({0, 0}); }).find("load is 0 in every hour"), std::string::npos);
}

}  // namespace ingot::cost
