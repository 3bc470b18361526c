// One JSON line for bench/montecarlo.py: the engine's CPU time on a model, and its answer.
//   montecarlo_speed cash PATHS | moments PATHS MONTHS THREADS | venture COMPANY.toml PATHS THREADS | numbers
//   COMPANY.toml
#include <string>

#include <fmt/format.h>
#include <sys/resource.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/plan/finance/company.h"
#include "ingot/plan/finance/venture.h"
#include "ingot/plan/montecarlo/models.h"

namespace {

using namespace ingot;

finance::VentureNumbers numbers_of(const std::string& path) {
  const auto document = read_toml(path);
  const auto company = finance::read_company(document);
  const auto operating = read_config<finance::OperatingPlan>(document, "operating");
  const auto plan = finance::run_plan(operating, company.info.currency);
  return finance::venture_numbers(plan, operating, read_config<finance::Uncertainty>(document, "uncertainty"),
                                  read_config<finance::FinancingPolicy>(document, "financing"), {0.6, 0.8, 3e6});
}

Json list(const float* values, int n) {
  Json out = Json::array();
  for (int i = 0; i < n; ++i) out.push_back(values[i]);
  return out;
}

// The model's numbers, for the NumPy peer to run the same thing.
Json dump(const finance::VentureNumbers& v) {
  using finance::kStages;
  return {{"months", v.months},
          {"payment_lag", v.payment_lag},
          {"cash", v.cash},
          {"credit", v.credit},
          {"credit_expires", v.credit_expires},
          {"fixed", list(v.fixed, v.months)},
          {"compute", list(v.compute, v.months)},
          {"revenue", list(v.revenue, v.months)},
          {"other", list(v.other, v.months)},
          {"growth_drift", v.growth_drift},
          {"growth_sigma", v.growth_sigma},
          {"cost_sigma", v.cost_sigma},
          {"gpu_drift", v.gpu_drift},
          {"gpu_revert", v.gpu_revert},
          {"gpu_sigma", v.gpu_sigma},
          {"gpu_up", v.gpu_up},
          {"gpu_down", v.gpu_down},
          {"gpu_jump", v.gpu_jump},
          {"gpu_jump_sigma", v.gpu_jump_sigma},
          {"market_revert", v.market_revert},
          {"market_sigma", v.market_sigma},
          {"price_sigma", v.price_sigma},
          {"price_elasticity", v.price_elasticity},
          {"trigger", v.trigger},
          {"runway", v.runway},
          {"max_dilution", v.max_dilution},
          {"cut_trigger", v.cut_trigger},
          {"cut", v.cut},
          {"last_stage", v.last_stage},
          {"pre_money", list(v.pre_money, kStages)},
          {"hazard", list(v.hazard, kStages)},
          {"lag", list(v.lag, kStages)},
          {"pool", list(v.pool, kStages)},
          {"step", list(v.step, kStages)},
          {"debt_share", v.debt_share},
          {"debt_service", v.debt_service},
          {"covenant", v.covenant},
          {"warrant", v.warrant},
          {"bridge_discount", v.bridge_discount},
          {"founder", v.founder},
          {"common", v.common},
          {"preference", v.preference}};
}

int run(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const auto number = [&](int i) { return argc > i ? std::stoull(argv[i]) : 0; };
  Json out = {{"isa", std::string(mc::to_string(mc::best_isa()))}};
  const double begin = cpu_time_s();
  if (what == "cash") {
    const auto r = mc::cash_process(1, number(2), 60, 1);
    out.update(
        {{"mean", r.cash_sum / double(r.paths)}, {"ruin", double(r.ruined) / double(r.paths)}, {"paths", r.paths}});
  } else if (what == "moments") {
    const auto m = mc::normal_moments(1, number(2), uint32_t(number(3)), int(number(4)));
    out.update({{"count", m.count},
                {"mean", m.power[0] / m.count},
                {"second", m.power[1] / m.count},
                {"third", m.power[2] / m.count},
                {"fourth", m.power[3] / m.count}});
  } else if (what == "venture") {
    const auto v = numbers_of(argv[2]);
    const auto r = finance::simulate(v, {.paths = number(3), .threads = int(number(4))});
    out.update({{"paths", r.paths},
                {"months", r.months},
                {"ruin", r.ruin.back()},
                {"rounds", r.mean_rounds},
                {"founder_share", r.mean_founder_share},
                {"founder_value", r.mean_founder_value},
                {"raised", r.mean_raised},
                {"need90", r.need(0.9)}});
  } else if (what == "numbers") {
    out.update(dump(numbers_of(argv[2])));
  } else {
    fail(ErrorKind::InvalidArgument, "bench", "expected cash, moments, venture or numbers");
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  out["cpu_s"] = cpu_time_s() - begin;
  out["max_rss_kib"] = usage.ru_maxrss;
  fmt::print("{}\n", to_text(out));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 2;
  }
}
