// One timed equilibrium, for bench/market.py: `market_speed make J F R SEED` prints the market as JSON,
// `market_speed solve J F R SEED N` the least CPU seconds of N solves, with and without the check of deviations, their
// prices and status.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/base/json.h"
#include "ingot/base/rng.h"
#include "ingot/plan/market/equilibrium.h"
#include "ingot/plan/montecarlo/isa.h"

namespace {

using namespace ingot;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

struct Market {
  market::Demand demand;
  market::Supply supply;
};

// J products of F firms; R draws of price sensitivity (lognormal) and of a taste for one characteristic.
Market make(size_t J, size_t F, size_t R, uint64_t seed) {
  Rng rng(seed);
  const auto normal = [&] {
    return std::sqrt(-2 * std::log(1 - rng.uniform())) * std::cos(6.283185307179586 * rng.uniform());
  };
  Market m;
  m.demand.num_products = int64_t(J);
  m.demand.weight.assign(R, 1.0 / double(R));
  std::vector<double> base(J), taste(J);
  for (size_t j = 0; j < J; ++j) base[j] = normal(), taste[j] = rng.uniform();
  for (size_t i = 0; i < R; ++i) {
    m.demand.alpha.push_back(R == 1 ? 1.5 : 1.5 * std::exp(0.4 * normal()));
    const double nu = R == 1 ? 0 : normal();
    for (size_t j = 0; j < J; ++j) m.demand.value.push_back(base[j] + nu * taste[j]);
  }
  for (size_t j = 0; j < J; ++j) {
    m.supply.firm.push_back(int32_t(j < F ? j : rng.below(F)));
    m.supply.cost.push_back(0.2 + rng.uniform());
  }
  return m;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    require("market_speed", argc >= 6, "got ", argc - 1, " arguments, expected make|solve J F R SEED [N]");
    const auto m = make(std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10),
                        std::strtoull(argv[4], nullptr, 10), std::strtoull(argv[5], nullptr, 10));
    if (std::string(argv[1]) == "make") {
      const Json market = {{"weight", m.demand.weight},
                           {"alpha", m.demand.alpha},
                           {"value", m.demand.value},
                           {"firm", m.supply.firm},
                           {"cost", m.supply.cost}};
      fmt::print("{}\n", to_text(market));
      return 0;
    }
    double best = std::numeric_limits<double>::infinity(), unchecked = best;
    market::Equilibrium e;
    for (int i = 0; i < (argc > 6 ? std::atoi(argv[6]) : 20); ++i) {
      const double start = cpu_seconds();
      e = market::solve_prices(m.demand, m.supply);
      best = std::min(best, cpu_seconds() - start);
      const double again = cpu_seconds();
      market::solve_prices(m.demand, m.supply, {.check_deviations = false});
      unchecked = std::min(unchecked, cpu_seconds() - again);
    }
    const Json result = {
        {"cpu_s", best},          {"unchecked_cpu_s", unchecked}, {"status", to_string(e.status)},
        {"residual", e.residual}, {"iterations", e.iterations},   {"isa", mc::to_string(mc::best_isa())},
        {"price", e.price}};
    fmt::print("{}\n", to_text(result));
  } catch (const Error& error) {
    fmt::print(stderr, "market_speed: {}\n", error.what());
    return exit_code(error.kind());
  }
}
