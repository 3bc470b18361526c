#include "ingot/plan/venture/simulate.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <thread>

#include "ingot/plan/montecarlo/engine.h"
#include "ingot/plan/montecarlo/kernels.h"

namespace ingot::venture {
namespace {

using mc::kGroup;

// Draws of sixteen paths in one month.
void draw(const mc::Kernels& kernels, uint32_t seed, uint64_t first, int month, Draws* draws) {
  float normal[4 * kGroup];
  uint32_t word[4 * kGroup];
  for (uint32_t block = 0; block < Draws::kNormals / 4; ++block) {
    kernels.normals(seed, 0, first, uint32_t(month), block, normal);
    for (uint32_t k = 0; k < 4; ++k)
      for (uint32_t i = 0; i < kGroup; ++i) draws[i].normal[4 * block + k] = normal[k * kGroup + i];
  }
  for (uint32_t block = 0; block < Draws::kUniforms / 4; ++block) {
    kernels.words(seed, 1, first, uint32_t(month), block, word);
    for (uint32_t k = 0; k < 4; ++k)
      for (uint32_t i = 0; i < kGroup; ++i)
        draws[i].uniform[4 * block + k] = (float(word[k * kGroup + i] >> 9) + 0.5f) * (1.0f / 8388608.0f);
  }
}

struct Race {
  market::CapabilityRace race;
  market::CapabilityState today;
  explicit Race(const Numbers& n) : race(n.race, n.start_date) {
    double points[kMaxFirms];
    for (size_t f = 0; f < n.firms.size(); ++f) points[f] = n.firms[f].capability;
    today = race.start({points, n.firms.size()});
    double best = 0;
    for (size_t f = 0; f < n.firms.size(); ++f) best = std::max(best, today.released[f]);
    for (size_t f = 0; f < n.firms.size(); ++f)
      if (!n.firms[f].distils)
        today.may_distil &= ~(1u << f);
      else if (today.released[f] < best)  // a follower got there by distillation, with that much less compute
        today.compute[f] *= n.race.distillation_cost;
  }
};

class Group {  // sixteen paths
 public:
  Group(const Numbers& n, const Race& race) : n_(n) {
    for (uint64_t i = 0; i < kGroup; ++i) paths_.emplace_back(n, race.race, race.today);
  }
  void run(const mc::Kernels& kernels, uint32_t seed, uint64_t first, uint64_t count, Tally& tally) {
    Closing closing[kGroup];
    int month[kGroup] = {};
    for (uint64_t i = 0; i < count; ++i) paths_[i].start();
    for (int m = 0; m < n_.months(); ++m) {
      draw(kernels, seed, first, m, draws_);
      for (uint64_t i = 0; i < count; ++i) {
        paths_[i].month(m, draws_[i], record_);
        tally.add_month(m, record_);
        if (record_.closing.closed && !closing[i].closed) closing[i] = record_.closing, month[i] = m + 1;
      }
    }
    for (uint64_t i = 0; i < count; ++i) tally.add_end(paths_[i].end(), closing[i], month[i]);
  }

 private:
  const Numbers& n_;
  std::vector<Path> paths_;
  Draws draws_[kGroup];
  MonthRecord record_;
};

}  // namespace

Tally simulate(const Numbers& numbers, const Simulation& s, const std::function<bool(uint64_t, uint64_t)>& keep_going) {
  throw_if_any("plan", numbers.validate());
  require("plan", s.paths > 0, "paths is 0, expected > 0");
  require("plan", s.shards > 0 && s.shard < s.shards, "shard is ", s.shard, " of ", s.shards,
          ", expected 0 <= shard < shards");
  const uint64_t chunks = (s.paths + kChunkPaths - 1) / kChunkPaths;
  const uint64_t mine = s.shard < chunks ? (chunks - s.shard + s.shards - 1) / s.shards : 0;
  const Race race(numbers);
  const auto& kernels = mc::kernels(mc::best_isa());
  Tally total((Layout(numbers)));
  std::atomic<uint64_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  uint64_t done = 0;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      Tally own((Layout(numbers)));
      Group group(numbers, race);
      for (uint64_t c; !stop && (c = next++) < mine;) {
        const uint64_t first = (s.shard + c * s.shards) * kChunkPaths, last = std::min(s.paths, first + kChunkPaths);
        for (uint64_t p = first; p < last; p += kGroup) group.run(kernels, s.seed, p, std::min(kGroup, last - p), own);
        const std::lock_guard lock(mutex);
        ++done;
        if (keep_going && !stop && !keep_going(done, mine)) stop = true;
      }
      const std::lock_guard lock(mutex);
      total.merge(own);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      stop = true;
    }
  };
  std::vector<std::thread> pool;
  const int threads =
      int(std::min<uint64_t>(uint64_t(s.threads > 0 ? s.threads : mc::default_threads()), std::max<uint64_t>(1, mine)));
  for (int t = 1; t < threads; ++t) pool.emplace_back(work);
  work();
  for (auto& t : pool) t.join();
  if (failure) std::rethrow_exception(failure);
  return total;
}

std::vector<MonthRecord> trace(const Numbers& numbers, uint32_t seed, std::optional<uint64_t> path, Path::End* end) {
  throw_if_any("plan", numbers.validate());
  const Race race(numbers);
  Path one(numbers, race.race, race.today);
  std::vector<MonthRecord> months(static_cast<size_t>(numbers.months()));
  Draws draws[kGroup];
  for (int m = 0; m < numbers.months(); ++m) {
    if (path) {
      draw(mc::kernels(mc::best_isa()), seed, *path / kGroup * kGroup, m, draws);
      one.month(m, draws[*path % kGroup], months[size_t(m)]);
    } else {
      for (auto& u : draws[0].uniform) u = 0.5f;
      one.month(m, draws[0], months[size_t(m)], true);
    }
  }
  if (end) *end = one.end();
  return months;
}

void set_plan_revenue(Numbers& numbers) {
  numbers.plan_revenue.clear();
  const auto months = trace(numbers, 0, std::nullopt);
  double last = 0;
  for (size_t m = 0; m < months.size(); ++m) {
    require("plan", months[m].solved, "no price equilibrium was found in month ", m + 1,
            "; utilities or costs of some products are far apart, see `ingot market equilibrium`");
    // After a death on this path investors expect the last revenue to stay.
    last = months[m].alive ? months[m].revenue : last;
    numbers.plan_revenue.push_back(last);
  }
}

}  // namespace ingot::venture
