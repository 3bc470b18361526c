// The long property runs of `make acceptance ONLY=finance`; prints one JSON line.
//   finance_properties waterfalls COUNT | ruin PATHS | moments PATHS (400 normals a path)
#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "ingot/base/json.h"
#include "ingot/plan/montecarlo/models.h"
#include "plan/finance/random_structure.h"

int main(int argc, char** argv) {
  using namespace ingot;
  const std::string what = argc > 1 ? argv[1] : "";
  const uint64_t count = argc > 2 ? std::stoull(argv[2]) : 0;
  Json out;
  if (what == "waterfalls") {
    std::atomic<uint64_t> next{0}, violations{0};
    std::mutex mutex;
    std::string first;
    const auto work = [&] {
      for (uint64_t seed; (seed = next++) < count;) {
        std::string found;
        try {
          found = finance::violation(seed);
        } catch (const std::exception& e) {
          found = e.what();
        }
        if (found.empty()) continue;
        ++violations;
        const std::lock_guard lock(mutex);
        if (first.empty()) first = fmt::format("seed {}: {}", seed, found);
      }
    };
    std::thread other(work);
    work();
    other.join();
    out = {{"cases", count}, {"violations", violations.load()}, {"first", first}};
  } else if (what == "ruin") {
    const auto r = mc::brownian_ruin(42, count, 36, 30, -1, 2, 0);
    out = {{"paths", count}};
    for (const size_t month : {12, 18, 24, 30, 36}) out[std::to_string(month)] = r.probability(month);
  } else if (what == "moments") {
    const auto m = mc::normal_moments(1, count, 100, 0);
    out = {{"count", m.count}, {"moments", Json::array()}};
    for (const double power : m.power) out["moments"].push_back(power / m.count);
  } else {
    fmt::print(stderr, "expected waterfalls COUNT, ruin PATHS or moments PATHS\n");
    return 2;
  }
  fmt::print("{}\n", to_text(out));
  return 0;
}
