#include "ingot/plan/cost/hardware.h"

#include <gtest/gtest.h>

#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot::cost {

TEST(Hardware, HasTheDataSheetOfAnA100) {
  // NVIDIA A100 data sheet, 2020: 312 TFLOP/s bf16, 2,039 GB/s, 400 W, NVLink 600 GB/s both ways.
  const auto catalogue = HardwareCatalogue::load();
  const Chip& chip = catalogue.chip("a100-80gb");
  EXPECT_EQ(chip.peak_flops(Dtype::Bf16), 312e12);
  EXPECT_EQ(chip.memory_bandwidth, 2039e9);
  EXPECT_EQ(chip.link_bandwidth, 300e9);
  EXPECT_EQ(&chip, &catalogue.chip("NVIDIA A100 SXM4 80GB"));
}

TEST(Hardware, PriceIsTheMedianOfTheNewestHalfYear) {
  TempFolder folder;
  write_file_atomic(folder / "hardware.csv", read_file(std::string(INGOT_SOURCE_DIR) + "/facts/hardware.csv"));
  write_file_atomic(folder / "gpu_prices.csv",
                    "chip,date,seller,region,on_demand_usd_per_hour,one_year_usd_per_hour,three_year_usd_per_hour,"
                    "purchase_usd,source\n"
                    "H100,2025-01-01,old,,99,,,,x\nH100,2026-01-01,a,,2,,,,x\nH100,2026-02-01,b,,3,,,,x\nH100,2026-03-"
                    "01,c,,7,,,,x\n");
  const auto catalogue = HardwareCatalogue::load(folder.path());
  const Price price = catalogue.price(catalogue.chip("H100"), Contract::OnDemand);
  EXPECT_EQ(price.median, 3);
  EXPECT_EQ(price.low, 2);
  EXPECT_EQ(price.high, 7);
  EXPECT_EQ(price.date, "2026-03-01");
  EXPECT_EQ(error_of([&] { catalogue.price(catalogue.chip("H100"), Contract::Purchase); }),
            "[cost] price of H100 (purchase) is not in the catalogue, expected a quote in facts/gpu_prices.csv; give "
            "one with "
            "--purchase-usd; `ingot cost train` also does without it: --bases");
}

TEST(Hardware, EveryRowHasSourceAndDate) {
  const auto catalogue = HardwareCatalogue::load();
  for (const auto& chip : catalogue.chips()) {
    EXPECT_FALSE(chip.source.empty()) << chip.id;
    EXPECT_GE(days_between("2000-01-01", chip.source_date), 0) << chip.id;
  }
  for (const char* name : {"gpu_prices.csv", "training_runs.csv", "api_prices.csv", "megatron_step_times.csv",
                           "chinchilla_points.csv", "scaling_laws.csv"}) {
    const CsvTable table = read_facts(name);
    for (size_t i = 0; i < table.rows.size(); ++i) {
      EXPECT_FALSE(table.text(i, "source").empty()) << name << ":" << table.lines[i];
      EXPECT_GE(days_between("2000-01-01", table.text(i, "date")), 0) << name << ":" << table.lines[i];
    }
  }
}

TEST(Hardware, UnknownNamesGetNearOnes) {
  const auto catalogue = HardwareCatalogue::load();
  EXPECT_NE(error_of([&] { catalogue.chip("H10"); }).find("did you mean 'H100'"), std::string::npos);
  EXPECT_NE(error_of([&] { catalogue.chip("A100"); }).find("such as A100-40GB, A100-80GB"), std::string::npos);
  EXPECT_NE(error_of([] { parse_enum<Dtype>("dtype", "fp9"); }).find("did you mean 'fp8'"), std::string::npos);
  EXPECT_NE(error_of([&] { catalogue.chip("A100-80GB").peak_flops(Dtype::Fp8); }).find("no catalogued rate for fp8"),
            std::string::npos);
}

TEST(Facts, AgesAreCountedInDays) {
  EXPECT_EQ(days_between("2024-02-28", "2024-03-01"), 2);
  EXPECT_FALSE(is_stale("2025-11-24", "2026-11-24"));
  EXPECT_TRUE(is_stale("2025-11-23", "2026-11-24"));
  EXPECT_NE(error_of([] { days_between("2025-02-30", "2026-01-01"); }).find("2025-02-30"), std::string::npos);
}

}  // namespace ingot::cost
