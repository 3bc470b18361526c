#include "ingot/engine/diagnosis.h"

#include <gtest/gtest.h>

namespace ingot {
namespace {

constexpr int64_t kGiB = int64_t(1) << 30;

struct Case {
  Machine machine{"cpu", 2, "avx512f avx2", 16 * kGiB, "OpenBLAS 0.3.21", "1.13.1", ""};
  Ceiling single{1, "cpu", 30, 60, 10, "2026-11-24"}, all{2, "cpu", 58, 116, 15, "2026-11-24"};
  Surroundings around{8 * kGiB, 50 * kGiB, "/work", true, "/home/x", true, {}};

  Severity of(const std::string& part) const {
    for (const auto& finding : diagnose(machine, single, all, around))
      if (finding.what.find(part) != std::string::npos) return finding.severity;
    return Severity::Good;
  }
};

TEST(Diagnosis, FindsNothingWrongWithAGoodMachine) {
  for (const auto& finding : diagnose(Case().machine, Case().single, Case().all, Case().around))
    EXPECT_LE(finding.severity, Severity::Note) << finding.what;
}

TEST(Diagnosis, NamesWhatIsWrongAndTheWayOut) {
  Case c;
  c.machine.simd = "avx";
  c.machine.blas = "reference BLAS (slow)";
  c.machine.memory_bytes = 2 * kGiB;
  c.around.free_disk_bytes = kGiB / 2;
  c.around.home_writable = false;
  c.around.has_manual_pages = false;
  c.around.math_settings = {{"OMP_NUM_THREADS", "1"}, {"OPENBLAS_CORETYPE", "Haswell"}};
  EXPECT_EQ(c.of("no AVX2"), Severity::Warning);
  EXPECT_EQ(c.of("reference BLAS"), Severity::Problem);
  EXPECT_EQ(c.of("memory is 2"), Severity::Warning);
  EXPECT_EQ(c.of("512"), Severity::Problem);
  EXPECT_EQ(c.of("/home/x"), Severity::Problem);
  EXPECT_EQ(c.of("manual pages"), Severity::Warning);
  EXPECT_EQ(c.of("OPENBLAS_CORETYPE is Haswell"), Severity::Warning);
  EXPECT_EQ(c.of("OMP_NUM_THREADS is 1"), Severity::Note);
  for (const auto& finding : diagnose(c.machine, c.single, c.all, c.around))
    EXPECT_FALSE(finding.remedy.empty()) << finding.what;
}

TEST(Diagnosis, ComparesCeilings) {
  Case c;
  c.all.gflops_bf16 = 20;
  c.all.gflops_fp32 = 31;
  EXPECT_EQ(c.of("bf16 is no faster"), Severity::Note);
  EXPECT_EQ(c.of("2 cores multiply only 1.0 times"), Severity::Note);
}

}  // namespace
}  // namespace ingot
