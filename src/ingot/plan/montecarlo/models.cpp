#include "ingot/plan/montecarlo/models.h"

#include <algorithm>

#include "ingot/plan/montecarlo/engine.h"
#include "ingot/plan/montecarlo/kernels.h"
#include "ingot/plan/montecarlo/sobol.h"

namespace ingot::mc {

const Kernels& kernels(Isa isa) {
  require("montecarlo", available(isa), "instruction set ", to_string(isa), " is not available here");
#if defined(INGOT_MC_X86)
  if (isa == Isa::Avx512) return avx512::kKernels;
  if (isa == Isa::Avx2) return avx2::kKernels;
#endif
  return portable::kKernels;
}

void Moments::merge(const Moments& o) {
  count += o.count;
  for (size_t k = 0; k < 4; ++k) power[k] += o.power[k];
}

Moments normal_moments(uint32_t seed, uint64_t paths, uint32_t months, int threads, Isa isa) {
  const auto& kernel = kernels(isa);
  return run<Moments>(paths, threads, [&](uint64_t first, uint64_t count) {
    Moments m;
    const uint64_t groups = (count + kGroup - 1) / kGroup;
    kernel.moments(seed, first, groups, months, m.power.data());
    m.count = double(groups * kGroup) * months * 4;
    return m;
  });
}

void RuinCount::merge(const RuinCount& o) {
  by_month.resize(std::max(by_month.size(), o.by_month.size()));
  for (size_t i = 0; i < o.by_month.size(); ++i) by_month[i] += o.by_month[i];
  paths += o.paths;
}

double RuinCount::probability(size_t month) const {
  uint64_t sum = 0;
  for (size_t i = 0; i < std::min(month, by_month.size()); ++i) sum += by_month[i];
  return double(sum) / double(paths);
}

RuinCount brownian_ruin(uint32_t seed, uint64_t paths, uint32_t months, float cash, float drift, float sigma,
                        int threads, Isa isa) {
  const auto& kernel = kernels(isa);
  return run<RuinCount>(paths, threads, [&](uint64_t first, uint64_t count) {
    RuinCount r{std::vector<uint64_t>(months, 0), count};
    kernel.ruin(seed, nullptr, first, count, months, cash, drift, sigma, r.by_month.data());
    return r;
  });
}

RuinCount brownian_ruin_sobol(uint32_t seed, uint32_t scramble, uint64_t paths, uint32_t months, float cash,
                              float drift, float sigma, int threads, Isa isa) {
  const auto& kernel = kernels(isa);
  const Sobol sobol((months + 3) / 4 * 4);
  const auto seeds = sobol.seeds(seed, scramble);
  return run<RuinCount>(paths, threads, [&](uint64_t first, uint64_t count) {
    std::vector<uint32_t> base(sobol.dimensions());
    const SobolTables tables{
        sobol.reversed_columns().data(), sobol.lanes().data(), seeds.data(), sobol.dimensions(), 4, base.data()};
    RuinCount r{std::vector<uint64_t>(months, 0), count};
    kernel.ruin(seed, &tables, first, count, months, cash, drift, sigma, r.by_month.data());
    return r;
  });
}

void CashSummary::merge(const CashSummary& o) {
  cash_sum += o.cash_sum, ruined += o.ruined, paths += o.paths;
  histogram.resize(std::max(histogram.size(), o.histogram.size()));
  for (size_t i = 0; i < o.histogram.size(); ++i) histogram[i] += o.histogram[i];
}

double CashSummary::quantile(double q) const {
  uint64_t seen = 0;
  const auto wanted = uint64_t(q * double(paths));
  for (size_t i = 0; i < histogram.size(); ++i)
    if ((seen += histogram[i]) > wanted) return -5e7 + (double(i) + 0.5) * 2e8 / 2048;
  return 1.5e8;
}

CashSummary cash_process(uint32_t seed, uint64_t paths, uint32_t months, int threads, Isa isa) {
  const auto& kernel = kernels(isa);
  return run<CashSummary>(paths, threads, [&](uint64_t first, uint64_t count) {
    CashSummary s;
    s.paths = count;
    s.histogram.assign(2048, 0);
    kernel.cash(seed, first, count, months, &s.cash_sum, &s.ruined, s.histogram.data());
    return s;
  });
}

std::array<float, 64> normals_of(uint32_t seed, uint32_t stream, uint64_t first, uint32_t month, uint32_t block,
                                 Isa isa) {
  std::array<float, 64> out{};
  kernels(isa).normals(seed, stream, first, month, block, out.data());
  return out;
}

std::array<uint32_t, 64> words_of(uint32_t seed, uint32_t stream, uint64_t first, uint32_t month, uint32_t block,
                                  Isa isa) {
  std::array<uint32_t, 64> out{};
  kernels(isa).words(seed, stream, first, month, block, out.data());
  return out;
}

}  // namespace ingot::mc
