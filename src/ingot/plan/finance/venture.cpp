#include "ingot/plan/finance/venture.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "ingot/plan/montecarlo/engine.h"
#include "ingot/plan/montecarlo/sobol.h"

namespace ingot::finance {
namespace {

constexpr double kQuantiles[5] = {0.05, 0.25, 0.5, 0.75, 0.95};

struct Chunk {
  std::unique_ptr<VentureSums> sums;
  void merge(const Chunk& o) {
    if (!o.sums) return;
    if (!sums) {
      sums = std::make_unique<VentureSums>(*o.sums);
      return;
    }
    auto& a = *sums;
    const auto& b = *o.sums;
    a.paths += b.paths;
    a.cash_end += b.cash_end, a.raised += b.raised, a.rounds += b.rounds, a.common_value += b.common_value;
    a.founder_value += b.founder_value, a.founder_value2 += b.founder_value2, a.founder_share += b.founder_share;
    for (int m = 0; m < kMaxMonths; ++m) a.ruined_in[m] += b.ruined_in[m], a.closed_in[m] += b.closed_in[m];
    for (size_t f = 0; f < std::size(a.fan); ++f)
      for (int i = 0; i < kCounters; ++i) a.fan[f][i] += b.fan[f][i];
    for (int i = 0; i < kCounters; ++i) {
      a.need[i] += b.need[i], a.value[i] += b.value[i], a.share[i] += b.share[i];
      a.raised_bins[i] += b.raised_bins[i];
    }
  }
};

int bin_of(int counter) { return std::max(0, counter - (kCounters - kBins)); }

double quantile(const uint32_t* counters, uint64_t paths, double q) {
  uint64_t seen = 0;
  for (int i = 0; i < kCounters; ++i)
    if (double(seen += counters[i]) >= q * double(paths)) return bin_value(bin_of(i));
  return bin_value(kBins - 1);
}

std::array<double, 5> quantiles(const uint32_t* counters, uint64_t paths, double scale = 1) {
  std::array<double, 5> q{};
  for (size_t i = 0; i < 5; ++i) q[i] = quantile(counters, paths, kQuantiles[i]) / scale;
  return q;
}

}  // namespace

double bin_value(int bin) {
  if (bin <= 0) return 0;
  return std::ldexp(1 + (bin % 16 + 0.5) / 16, bin / 16);
}

const VentureKernel& venture_kernel(mc::Isa isa) {
  require("montecarlo", mc::available(isa), "instruction set ", mc::to_string(isa), " is not available here");
#if defined(INGOT_MC_X86)
  if (isa == mc::Isa::Avx512) return mc::avx512::kVenture;
  if (isa == mc::Isa::Avx2) return mc::avx2::kVenture;
#endif
  return mc::portable::kVenture;
}

Problems Uncertainty::validate() const {
  Problems problems;
  const auto check = [&](const char* name, double value, double low, double high) {
    if (!(value >= low && value <= high))
      problems.push_back(fmt::format("{}: got {}, expected {} to {}", name, value, low, high));
  };
  check("growth_drift", growth_drift, -0.5, 0.5), check("growth_sigma", growth_sigma, 0, 1),
      check("cost_sigma", cost_sigma, 0, 1);
  check("gpu_drift", gpu_drift, -0.5, 0.5), check("gpu_revert", gpu_revert, 0, 1), check("gpu_sigma", gpu_sigma, 0, 1);
  check("gpu_up", gpu_up, 0, 1), check("gpu_down", gpu_down, 0, 1), check("gpu_up + gpu_down", gpu_up + gpu_down, 0, 1);
  check("gpu_jump", gpu_jump, 0, 2), check("gpu_jump_sigma", gpu_jump_sigma, 0, 1);
  check("market_revert", market_revert, 0, 1), check("market_sigma", market_sigma, 0, 1);
  check("price_sigma", price_sigma, 0, 2), check("price_elasticity", price_elasticity, 0, 3);
  return problems;
}

Problems FinancingPolicy::validate() const {
  Problems problems;
  const auto check = [&](const std::string& name, double value, double low, double high) {
    if (!(value >= low && value <= high))
      problems.push_back(fmt::format("{}: got {}, expected {} to {}", name, value, low, high));
  };
  check("trigger", trigger, 0, 60), check("runway", runway, 1, 120), check("cut_trigger", cut_trigger, 0, 60);
  check("max_dilution", max_dilution.value.to_double(), 0.001, 0.95);
  if (stages.size() >= size_t(kStages))
    problems.push_back(fmt::format("stages: got {}, expected at most {}", stages.size(), kStages - 1));
  for (size_t i = 0; i < stages.size(); ++i) {
    check(fmt::format("stages[{}].hazard", i), stages[i].hazard, 0, 1);
    check(fmt::format("stages[{}].lag", i), stages[i].lag, 0, 60);
    check(fmt::format("stages[{}].step", i), stages[i].step, 0.1, 20);
    if (stages[i].pre_money.value <= Rational(0))
      problems.push_back(
          fmt::format("stages[{}].pre_money: got {}, expected > 0", i, stages[i].pre_money.value.decimal()));
  }
  if (stages.empty()) problems.push_back("stages: missing, expected at least one [[financing.stages]]");
  return problems;
}

VentureNumbers venture_numbers(const PlanResult& plan, const OperatingPlan& operating, const Uncertainty& u,
                               const FinancingPolicy& policy, const Ownership& ownership) {
  VentureNumbers v{};
  const double per = double(plan.currency.minor_per_major());
  v.months = int(plan.months.size());
  require("runway", v.months <= kMaxMonths, "operating.months is ", v.months, ", expected at most ", kMaxMonths,
          " for a simulation");
  v.payment_lag = operating.payment_lag;
  v.cash = float(to_money(operating.cash, plan.currency, "operating.cash").minor / per);
  double credits = 0;
  for (const auto& c : operating.credits) {
    credits += c.amount.value.to_double();
    v.credit_expires = std::max(v.credit_expires, c.expires);
  }
  v.credit = float(credits);
  for (int m = 0; m < v.months; ++m) {
    const auto& row = plan.months[size_t(m)];
    v.fixed[m] = float(double(row.payroll + row.data + row.other) / per);
    v.compute[m] = float(double(row.compute) / per);
    v.revenue[m] = float(double(row.revenue) / per);
    v.other[m] = float(double(row.draw + row.financing - row.interest - row.repayment - row.tax) / per);
  }
  v.growth_drift = float(u.growth_drift), v.growth_sigma = float(u.growth_sigma), v.cost_sigma = float(u.cost_sigma);
  v.gpu_drift = float(u.gpu_drift), v.gpu_revert = float(u.gpu_revert), v.gpu_sigma = float(u.gpu_sigma);
  v.gpu_up = float(u.gpu_up), v.gpu_down = float(u.gpu_down), v.gpu_jump = float(u.gpu_jump);
  v.gpu_jump_sigma = float(u.gpu_jump_sigma), v.market_revert = float(u.market_revert),
  v.market_sigma = float(u.market_sigma);
  v.price_sigma = float(u.price_sigma), v.price_elasticity = float(u.price_elasticity);
  v.trigger = float(policy.trigger), v.runway = float(policy.runway),
  v.max_dilution = float(policy.max_dilution.value.to_double());
  v.cut_trigger = float(policy.cut_trigger), v.cut = float(policy.cut.value.to_double());
  v.first_stage = 0, v.last_stage = int(policy.stages.size()) - 1;
  // After the last round the company is worth one more step-up of the last kind.
  const auto price_at = [&](size_t s) { return policy.stages[s].pre_money.value.to_double(); };
  const size_t top = policy.stages.size() - 1;
  const double step_up = top > 0 ? price_at(top) / price_at(top - 1) : 2;
  for (int s = 0; s < kStages; ++s) {
    const auto& t = policy.stages[std::min(size_t(s), top)];
    v.pre_money[s] = float(size_t(s) <= top ? price_at(size_t(s)) : price_at(top) * step_up);
    v.hazard[s] = float(t.hazard), v.lag[s] = float(t.lag), v.pool[s] = float(t.pool.value.to_double()),
    v.step[s] = float(t.step);
  }
  // What an instrument changes (docs/runway.md): a SAFE closes sooner and without a pool, at a discount; venture debt
  // pays a third of the round without selling shares, but is served monthly, with warrants and a cash covenant.
  if (policy.instrument == Instrument::Safe) {
    v.bridge_discount = 0.2f;
    for (int s = 0; s < kStages; ++s) v.lag[s] *= 0.5f, v.hazard[s] = std::min(1.0f, v.hazard[s] * 1.5f), v.pool[s] = 0;
  } else if (policy.instrument == Instrument::Debt) {
    v.debt_share = 1.0f / 3, v.debt_service = 0.11f / 12 + 1.0f / 36, v.covenant = 0.3f, v.warrant = 0.08f;
  }
  v.founder = float(ownership.founder), v.common = float(ownership.common), v.preference = float(ownership.preference);
  require("runway", v.founder > 0 && v.founder <= v.common && v.common <= 1, "founders hold ", ownership.founder,
          " and common ", ownership.common, " of the company, expected 0 < founders <= common <= 1");
  return v;
}

double RunwayResult::need(double confidence) const {
  uint64_t seen = 0;
  for (size_t i = 0; i < need_bins.size(); ++i)
    if (double(seen += need_bins[i]) >= confidence * double(paths)) return bin_value(int(i));
  return bin_value(kBins - 1);
}

double RunwayResult::ruin_error() const {
  const double p = ruin.empty() ? 0 : ruin.back();
  return std::sqrt(p * (1 - p) / double(paths));
}

RunwayResult simulate(const VentureNumbers& numbers, const Simulation& simulation,
                      const std::function<void(uint64_t)>& progress) {
  VentureNumbers v = numbers;
  v.fan_every = 3;
  const auto& kernel = venture_kernel(simulation.isa);
  std::unique_ptr<mc::Sobol> sobol;
  std::vector<uint32_t> seeds;
  if (simulation.sobol) {
    require("runway", simulation.paths <= (uint64_t{1} << 32), "paths is ", simulation.paths,
            ", expected at most 2^32 Sobol' points");
    sobol = std::make_unique<mc::Sobol>(uint32_t(v.months) * 8);
    seeds = sobol->seeds(simulation.seed, simulation.scramble);
  }
  const Chunk total = mc::run<Chunk>(
      simulation.paths, simulation.threads,
      [&](uint64_t first, uint64_t count) {
        Chunk chunk{std::make_unique<VentureSums>()};
        std::vector<uint32_t> base(sobol ? sobol->dimensions() : 0);
        mc::SobolTables tables{};
        if (sobol)
          tables = {sobol->reversed_columns().data(),
                    sobol->lanes().data(),
                    seeds.data(),
                    sobol->dimensions(),
                    8,
                    base.data()};
        kernel.run(v, simulation.seed, simulation.scramble, sobol ? &tables : nullptr, first, count, *chunk.sums);
        return chunk;
      },
      progress);

  const auto& s = *total.sums;
  RunwayResult r;
  r.months = v.months, r.fan_every = v.fan_every, r.paths = s.paths;
  const double n = double(s.paths);
  for (int m = 0; m < v.months; ++m) {
    r.ruined += s.ruined_in[m];
    r.ruin.push_back(double(r.ruined) / n);
    r.closings.push_back(double(s.closed_in[m]) / n);
  }
  for (int f = 0; (f + 1) * v.fan_every <= v.months; ++f) {
    r.fan_months.push_back((f + 1) * v.fan_every);
    r.fan.push_back(quantiles(s.fan[f], s.paths));
  }
  r.mean_cash = s.cash_end / n, r.mean_raised = s.raised / n, r.mean_rounds = s.rounds / n;
  r.mean_founder_share = s.founder_share / n, r.mean_founder_value = s.founder_value / n,
  r.mean_common_value = s.common_value / n;
  r.sd_founder_value = std::sqrt(std::max(0.0, s.founder_value2 / n - r.mean_founder_value * r.mean_founder_value));
  r.founder_share = quantiles(s.share, s.paths, 1048576.0);
  r.founder_value = quantiles(s.value, s.paths);
  r.raised = quantiles(s.raised_bins, s.paths);
  r.need_bins.resize(kBins);
  for (int i = 0; i < kCounters; ++i) r.need_bins[size_t(bin_of(i))] += s.need[i];
  return r;
}

std::vector<Factor> standard_factors() {
  const auto scale = [](float* values, double by) {
    for (int i = 0; i < kMaxMonths; ++i) values[i] = float(values[i] * by);
  };
  const auto stages = [](float* values, double by, double limit) {
    for (int i = 0; i < kStages; ++i) values[i] = float(std::min(limit, values[i] * by));
  };
  return {
      {"revenue level", "收入水平", 0.6, 1.4, [scale](VentureNumbers& v, double x) { scale(v.revenue, x); }},
      {"revenue drift", "收入增长偏移", -0.02, 0.02, [](VentureNumbers& v, double x) { v.growth_drift += float(x); }},
      {"payroll and opex", "人力与运营成本", 0.85, 1.2, [scale](VentureNumbers& v, double x) { scale(v.fixed, x); }},
      {"compute volume", "算力用量", 0.7, 1.4, [scale](VentureNumbers& v, double x) { scale(v.compute, x); }},
      {"GPU price drift", "GPU 价格走势", -0.02, 0.02, [](VentureNumbers& v, double x) { v.gpu_drift += float(x); }},
      {"closing chance", "融资成交概率", 0.5, 1.5, [stages](VentureNumbers& v, double x) { stages(v.hazard, x, 1); }},
      {"time to close", "融资周期", 0.6, 1.6, [stages](VentureNumbers& v, double x) { stages(v.lag, x, 60); }},
      {"valuations", "估值水平", 0.6, 1.4, [stages](VentureNumbers& v, double x) { stages(v.pre_money, x, 1e15); }},
  };
}

std::pair<std::vector<double>, std::vector<double>> sobol_indices(
    size_t d, uint32_t samples, uint32_t seed, const std::function<double(const std::vector<double>&)>& f) {
  // Two matrices A and B from one scrambled Sobol' sequence in 2d dimensions; A_B(i) is A with column i of B.
  const mc::Sobol sobol(uint32_t(2 * d));
  const auto seeds = sobol.seeds(seed, 0);
  const auto row = [&](uint32_t i, size_t offset) {
    std::vector<double> x(d);
    for (size_t j = 0; j < d; ++j)
      x[j] = (double(sobol.scrambled_word(i, uint32_t(offset + j), seeds[offset + j])) + 0.5) * 0x1.0p-32;
    return x;
  };
  std::vector<double> fa, fb, first(d, 0), total(d, 0);
  std::vector<std::vector<double>> fab(d);
  for (uint32_t i = 0; i < samples; ++i) {
    const auto a = row(i, 0), b = row(i, d);
    fa.push_back(f(a)), fb.push_back(f(b));
    for (size_t j = 0; j < d; ++j) {
      auto ab = a;
      ab[j] = b[j];
      fab[j].push_back(f(ab));
    }
  }
  double mean = 0, variance = 0;
  for (uint32_t i = 0; i < samples; ++i) mean += fa[i] + fb[i];
  mean /= 2.0 * samples;
  for (uint32_t i = 0; i < samples; ++i) variance += (fa[i] - mean) * (fa[i] - mean) + (fb[i] - mean) * (fb[i] - mean);
  variance /= 2.0 * samples;
  if (variance <= 0) return {first, total};
  for (size_t j = 0; j < d; ++j) {
    for (uint32_t i = 0; i < samples; ++i) {
      first[j] += (fb[i] - mean) * (fab[j][i] - fa[i]);             // Saltelli et al. 2010, table 2 (b)
      total[j] += 0.5 * (fa[i] - fab[j][i]) * (fa[i] - fab[j][i]);  // Jansen 1999, table 2 (f)
    }
    first[j] /= samples * variance;
    total[j] /= samples * variance;
  }
  return {first, total};
}

SensitivityResult sensitivity(const VentureNumbers& numbers, const Simulation& simulation, uint32_t samples) {
  const auto factors = standard_factors();
  Simulation inner = simulation;
  inner.paths = std::min<uint64_t>(simulation.paths, 2048);
  inner.threads = 1;
  const auto ruin_of = [&](const VentureNumbers& v, const Simulation& s) { return simulate(v, s).ruin.back(); };
  const auto [first, total] =
      sobol_indices(factors.size(), samples, simulation.seed, [&](const std::vector<double>& x) {
        VentureNumbers v = numbers;
        for (size_t j = 0; j < factors.size(); ++j)
          factors[j].apply(v, factors[j].low + x[j] * (factors[j].high - factors[j].low));
        return ruin_of(v, inner);  // common random numbers: the same paths for every input
      });
  SensitivityResult result;
  Simulation ends = simulation;
  ends.paths = std::min<uint64_t>(simulation.paths, 50'000);
  result.base = ruin_of(numbers, ends);
  for (size_t j = 0; j < factors.size(); ++j) {
    Sensitivity s{factors[j].name, factors[j].name_zh, first[j], total[j], 0, 0};
    VentureNumbers low = numbers, high = numbers;
    factors[j].apply(low, factors[j].low), factors[j].apply(high, factors[j].high);
    s.low = ruin_of(low, ends), s.high = ruin_of(high, ends);
    result.factors.push_back(s);
  }
  std::stable_sort(result.factors.begin(), result.factors.end(),
                   [](const Sensitivity& a, const Sensitivity& b) { return a.total > b.total; });
  return result;
}

}  // namespace ingot::finance
