#include "ingot/plan/cost/training.h"

#include <cmath>

#include <gtest/gtest.h>

#include "ingot/base/file.h"
#include "ingot/plan/cost/flops.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot::cost {

TrainingCost cost_of(const std::string& toml) {
  return training_cost(read_train_plan(parse_toml(toml, "plan.toml")), HardwareCatalogue::load(), "2026-11-24");
}
std::string cost_error(const std::string& toml) {
  return error_of([&] { cost_of(toml); });
}

// Chips never fail and only energy is priced: the arithmetic of published hours, alone.
const std::string kHoursOnly = "[failures]\nmtbf_chip_hours = 0\n[uncertainty]\ndraws = 1\n";

// T1: 380 tokens/s a chip on 2,048 A100s (Touvron et al. 2023, arXiv 2302.13971, sec. 2.4): 20.821 days, 1,023,392
// GPU-hours; table 15 prints 21 days and 1,022,362.
TEST(Training, T1LlamaHoursFromItsThroughput) {
  const auto c = cost_of(kHoursOnly +
                         "[model]\nname = 'llama-65b'\n[train]\ntokens = 1.4e12\ntokens_per_s_per_chip = 380\n"
                         "[cluster]\nchip = 'A100-80GB'\nchips = 2048\n");
  EXPECT_NEAR(c.wall_s / 86400, 20.821, 5e-4);
  EXPECT_NEAR(c.chip_hours, 1023392, 1);
  EXPECT_NEAR(c.chip_hours / 1022362, 1, 0.005);
  EXPECT_EQ(c.throughput_basis, Basis::Assumed);
}

// T1b: the paper's energy and carbon: GPU-hours x 400 W x PUE 1.1 and 0.385 kg/kWh. 449.84 MWh, 173.19 t; printed 449,
// 173.
TEST(Training, T1bEnergyAndCarbonOfLlama) {
  const Prices prices{.pue = 1.1, .kg_co2_per_kwh = 0.385};
  const Energy e = energy_of(1022362, 400, prices);
  EXPECT_NEAR(e.mwh, 449.84, 0.005);
  EXPECT_NEAR(e.tonnes_co2, 173.19, 0.005);
  EXPECT_NEAR(e.mwh / 449, 1, 0.002);
  EXPECT_NEAR(e.tonnes_co2 / 173, 1, 0.002);
}

// T2: DeepSeek-V3 (arXiv 2412.19437, table 1): 180K H800-hours a trillion tokens, 14.8T tokens, 119K + 5K more hours,
// $2 an hour: 2.664M, 2.788M hours, $5.576M, 54.2 days of pre-training on 2,048 chips.
TEST(Training, T2DeepSeekV3) {
  const auto c = cost_of(kHoursOnly +
                         "[train]\nparams = 671e9\nactive_params = 37e9\ntokens = 14.8e12\nextra_chip_hours = 124000\n"
                         "tokens_per_s_per_chip = " +
                         std::to_string(1e12 / (180e3 * 3600)) +
                         "\n[cluster]\nchip = 'H800'\nchips = 2048\n[prices]\nrental_usd_per_hour = 2\n");
  EXPECT_NEAR(c.chip_hours - 124000, 2.664e6, 1);
  EXPECT_NEAR(c.chip_hours, 2.788e6, 1);
  EXPECT_NEAR(c.usd_rental, 5.576e6, 2);
  EXPECT_NEAR(c.wall_s / 86400, 54.2, 0.05);
}

// T3: Llama 2 model card: hours of the four sizes sum to 3,311,616; CO2 = h x 0.4 kW x 1.1 x 0.385 = 31.22, 62.44,
// 291.42 t.
TEST(Training, T3Llama2HoursAndCarbon) {
  const CsvTable t = read_facts("training_runs.csv");
  double hours = 0;
  for (size_t i = 0; i < t.rows.size(); ++i) {
    if (!t.text(i, "model").starts_with("Llama 2 ")) continue;
    hours += t.number(i, "chip_hours");
    EXPECT_NEAR(energy_of(t.number(i, "chip_hours"), 400, {.pue = 1.1}).tonnes_co2 / t.number(i, "tco2e"), 1, 0.15)
        << t.text(i, "model");
  }
  EXPECT_EQ(hours, 3311616);
  EXPECT_NEAR(energy_of(184320, 400, {.pue = 1.1}).tonnes_co2, 31.2238, 5e-5);
  EXPECT_NEAR(energy_of(368640, 400, {.pue = 1.1}).tonnes_co2, 62.4476, 5e-5);
  EXPECT_NEAR(energy_of(1720320, 400, {.pue = 1.1}).tonnes_co2, 291.422, 5e-4);
}

// T4: GPT-3, 3.14e23 FLOP (arXiv 2005.14165, table D.1) at 24.6 TFLOP/s on V100s (arXiv 2104.10350, table 4): 3.5456M
// hours, published 10,000 x 14.8 d = 3.552M. Lambda 2020: 355 GPU-years at 28 TFLOP/s, $1.50 an hour, $4.6M (here
// 355.6, $4.673M).
TEST(Training, T4Gpt3) {
  const std::string train = "[train]\nflop = 3.14e23\ntokens = 300e9\ntflops_per_chip = ";
  const auto c = cost_of(kHoursOnly + train + "24.6\n[cluster]\nchip = 'V100-32GB'\nchips = 10000\n");
  EXPECT_NEAR(c.chip_hours, 3.5456e6, 50);
  EXPECT_NEAR(c.chip_hours / 3.552e6, 1, 0.002);
  EXPECT_NEAR(c.flop / 86400 / 1e15, 3634, 0.5);  // PF-days; published 3,640
  const auto lambda = cost_of(kHoursOnly + train +
                              "28\n[cluster]\nchip = 'V100-32GB'\nchips = 1\n[prices]\nrental_usd_per_hour = 1.5\n");
  EXPECT_NEAR(lambda.chip_hours / 8760, 355.6, 0.05);
  EXPECT_NEAR(lambda.usd_rental, 4.673e6, 1e3);
}

// T7: PaLM 540B, 238.3K tokens/s on 6,144 TPU v4 (arXiv 2204.02311, sec. 4.1 and appendix B): MFU 46.2 %, where
// MFU = tokens/s (6 N + 12 L H Q T) / (chips x 275 TFLOP/s).
TEST(Training, T7PalmUtilisation) {
  const double n = 540.35e9, attention = 12.0 * 118 * 48 * 256 * 2048;
  EXPECT_NEAR(238.3e3 * (6 * n + attention) / (6144 * 275e12), 0.46229, 5e-6);
  // The matmul sum counts the same attention; parameters in norms and the embedding table multiply nothing.
  const TokenFlops flops = token_flops(find_architecture("palm-540b"), 2048);
  EXPECT_NEAR(3 * flops.scores, attention, 1);
  const auto c = cost_of(kHoursOnly + "[model]\nname = 'palm-540b'\n[train]\ntokens = 780e9\ntokens_per_s_per_chip = " +
                         std::to_string(238.3e3 / 6144) + "\n[cluster]\nchip = 'TPU-v4'\nchips = 6144\n");
  EXPECT_NEAR(c.mfu / 0.462, 1, 0.01);
  EXPECT_FALSE(c.memory);  // two pods, and no catalogued network between them: said, not guessed
  EXPECT_NE(c.warnings.at(0).find("memory is not checked"), std::string::npos);
}

// T8: OPT-175B, 4.3e23 FLOP at 147 TFLOP/s: 812,547 A100-hours; about 33 days x 1,024 chips = 811,008 (metaseq
// chronicles).
TEST(Training, T8Opt175b) {
  const auto c = cost_of(
      kHoursOnly +
      "[train]\nflop = 4.3e23\ntokens = 300e9\ntflops_per_chip = 147\n[cluster]\nchip = 'A100-80GB'\nchips = 1024\n");
  EXPECT_NEAR(c.chip_hours, 812547, 1);
  EXPECT_NEAR(c.chip_hours / 811008, 1, 0.002);
}

// T9: BLOOM, 1,082,990 A100-hours at 400 W: 433,196 kWh (arXiv 2211.02001, table 2).
TEST(Training, T9BloomEnergy) { EXPECT_NEAR(energy_of(1082990, 400, {.pue = 1}).mwh, 433.196, 5e-4); }

// T10: Llama 3.1 405B: 6ND over the published 30.84M H100-hours is 34.51 % of peak, while a step runs at 38 to 43 %
// (arXiv 2407.21783, table 4): a goodput ratio of 0.80 to 0.91.
TEST(Training, T10LlamaWholeRunUtilisation) {
  const double whole = six_nd(405e9, 15.6e12) / (30.84e6 * 3600 * 989.4e12);
  EXPECT_NEAR(whole, 0.3451, 5e-5);
  EXPECT_NEAR(whole / 0.43, 0.80, 0.005);
  EXPECT_NEAR(whole / 0.38, 0.91, 0.005);
}

// C1: an owned H100, $30k x 1.25, 4 years, 10 %, 980 W, PUE 1.25, $0.08/kWh, 90 % up: $1.6094 an hour.
TEST(Money, C1OwnedHour) {
  const Prices prices{.server_multiplier = 1.25,
                      .life_years = 4,
                      .capital_rate = 0.10,
                      .availability = 0.9,
                      .pue = 1.25,
                      .usd_per_kwh = 0.08};
  const OwnedHour hour = owned_hour(30000, 980, prices);
  EXPECT_NEAR(hour.capital_usd_per_year, 11830.155, 5e-4);
  EXPECT_NEAR(hour.kwh_per_year, 10731, 1e-9);
  EXPECT_NEAR(hour.usd_per_hour, 1.6094, 5e-5);
  EXPECT_NEAR(annuity(0, 4), 0.25, 1e-15);
  EXPECT_NEAR(annuity(1e-9, 4), 0.25, 1e-8);
}

// Llama 3.1 (arXiv 2407.21783, sec. 3.3.4 and table 5): 419 failures in 54 days on 16,384 chips: one in 3.09 hours.
TEST(Goodput, MeanTimeBetweenFailuresOfLlama3) {
  EXPECT_NEAR(54 * 24 * 16384 / 419.0, Failures().mtbf_chip_hours, 1);
  EXPECT_NEAR(goodput({}, 16384).mtbf_s / 3600, 3.093, 5e-4);
}

TEST(Goodput, YoungsIntervalMinimisesTheFirstOrderLoss) {
  const Failures f{.mtbf_chip_hours = 5e4, .checkpoint_s = 20, .restart_s = 300};
  const Goodput g = goodput(f, 8192);
  const double at = goodput_share(g.young_interval_s, 20, 300, g.mtbf_s);
  EXPECT_GT(at, goodput_share(g.young_interval_s * 1.1, 20, 300, g.mtbf_s));
  EXPECT_GT(at, goodput_share(g.young_interval_s / 1.1, 20, 300, g.mtbf_s));
  // Daly 2006, eq. 37: sqrt(2 d M) (1 + sqrt(d / 2M) / 3 + d / 18M) - d.
  EXPECT_NEAR(g.daly_interval_s,
              std::sqrt(40 * g.mtbf_s) * (1 + std::sqrt(10 / g.mtbf_s) / 3 + 20 / (18 * g.mtbf_s)) - 20, 1e-9);
  EXPECT_EQ(goodput({.mtbf_chip_hours = 0}, 8).share, 1);
  EXPECT_GT(goodput(f, 64).share, g.share);
}

TEST(Training, MoeActivesAndFourBasesAreKeptApart) {
  const auto c = cost_of(
      "[model]\nname = 'deepseek-v3'\n[train]\ntokens = 14.8e12\nmfu = 0.35\n[cluster]\nchip = 'H800'\nchips = 2048\n"
      "[prices]\nrental_usd_per_hour = 2\n");
  EXPECT_NEAR(c.parameters->total / 671e9, 1, 0.01);
  EXPECT_LT(c.usd_energy, c.usd_amortised);
  EXPECT_LT(c.usd_amortised, c.usd_capex);
  EXPECT_NEAR(c.usd_research, c.usd_rental / 0.15, 1);
}

TEST(Training, RangesHoldThePointAndRepeat) {
  const std::string plan =
      "[model]\nname = 'llama-7b'\n[train]\ntokens = 1e12\n[cluster]\nchip = 'H100'\nchips = 256\n";
  const auto c = cost_of(plan), again = cost_of(plan);
  for (auto [point, range] : {std::pair{c.wall_s, c.wall_s_range},
                              {c.usd_rental, c.usd_rental_range},
                              {c.energy.mwh, c.mwh_range},
                              {c.usd_research, c.usd_research_range}}) {
    EXPECT_LT(range.p10, point);
    EXPECT_NEAR(range.p50 / point, 1, 0.05);
    EXPECT_GT(range.p90, point);
  }
  EXPECT_EQ(c.usd_rental_range.p90, again.usd_rental_range.p90);
  EXPECT_NE(c.usd_rental_range.p90, cost_of(plan + "[uncertainty]\nseed = 1\n").usd_rental_range.p90);
  // Log spreads 0.08 (speed) and 0.15 (price): p90 / p50 = exp(1.2816 x 0.17).
  EXPECT_NEAR(c.usd_rental_range.p90 / c.usd_rental_range.p50, std::exp(1.2816 * 0.17), 0.02);
}

TEST(Training, EveryLineHasABasisAndASource) {
  for (const auto& line :
       cost_of("[model]\nname = 'llama-7b'\n[train]\ntokens = 1e12\n[cluster]\nchip = 'H100'\nchips = 256\n").lines)
    EXPECT_FALSE(line.figure.source.empty()) << line.key;
}

TEST(Training, MeasuredBeatsPredicted) {
  TempFolder folder;
  write_file_atomic(folder / "run.json",
                    R"({"status":"finished","model":{"params":1e6},"train":{"tokens":1e7,"tokens_per_s":2000,"mfu":0.37,
    "flops_per_token":6e6,"cpu_s":4000,"wall_s":5000,"peak_memory_bytes":1073741824},"machine":{"cpu":"AMD EPYC 9654"}})");
  const std::string plan =
      "[model]\nname = 'llama-7b'\n[cluster]\nchip = 'H100'\nchips = 256\n[train]\ntokens = 1e12\n";
  const auto measured = cost_of(plan + "run = '" + folder.path().string() + "'\n");
  EXPECT_EQ(measured.throughput_basis, Basis::Measured);
  EXPECT_EQ(measured.mfu, 0.37);
  double memory = 0;
  for (const auto& line : measured.lines)
    if (line.key == "measured_memory_gib" && line.figure.basis == Basis::Measured) memory = line.figure.value;
  EXPECT_EQ(memory, 1);
  ASSERT_FALSE(measured.warnings.empty());
  EXPECT_NE(measured.warnings[0].find("was measured on AMD EPYC 9654 and is applied to H100"), std::string::npos);
  EXPECT_EQ(cost_of(plan).throughput_basis, Basis::Predicted);
}

TEST(Training, ErrorsNameValueAndRule) {
  const std::string model = "[model]\nname = 'llama-65b'\n", train = "[train]\ntokens = 1e12\n";
  EXPECT_NE(cost_error(model + train + "[cluster]\nchip = 'H100'\nchips = 0\n").find("chips is 0, expected > 0"),
            std::string::npos);
  EXPECT_NE(cost_error(model + train + "[cluster]\nchip = 'H10'\nchips = 8\n").find("did you mean 'H100'"),
            std::string::npos);
  EXPECT_NE(cost_error(model + train + "[cluster]\nchip = 'H100'\nchips = 8\n").find("GiB a chip at best"),
            std::string::npos);
  EXPECT_NE(cost_error(model + train + "mfu = 1.2\n[cluster]\nchip = 'H100'\nchips = 512\n")
                .find("mfu is 1.2, expected a share in (0, 1]"),
            std::string::npos);
  EXPECT_NE(cost_error(model + train + "tokens_per_s_per_chip = 1e6\n[cluster]\nchip = 'H100'\nchips = 512\n")
                .find("expected <= 1; check the throughput"),
            std::string::npos);
  EXPECT_NE(cost_error(model + train + "[cluster]\nchip = 'B300'\nchips = 512\n")
                .find("price of B300 (on-demand) is not in the catalogue"),
            std::string::npos);
  EXPECT_EQ(cost_error(model + train + "[cluster]\nchip = 'B300'\nchips = 512\n[prices]\nbases = ['energy']\n"), "");
  EXPECT_NE(cost_error(model + train + "mfu = 0.4\ntflops_per_chip = 3\n[cluster]\nchip = 'H100'\nchips = 512\n")
                .find("expected one throughput"),
            std::string::npos);
  EXPECT_NE(cost_error("[train]\ntokens = 1e12\nparams = 1e9\n[cluster]\nchip = 'H100'\nchips = 8\n")
                .find("throughput is missing"),
            std::string::npos);
  EXPECT_NE(cost_error(model + "[cluster]\nchip = 'H100'\nchips = 8\n").find("tokens is 0, expected > 0"),
            std::string::npos);
  EXPECT_NE(cost_error(model + train + "[clutser]\nchip = 'H100'\n").find("did you mean 'cluster'"), std::string::npos);
}

}  // namespace ingot::cost
