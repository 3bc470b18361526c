#include "ingot/engine/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ingot {

Problems ScheduleConfig::validate() const {
  Problems problems;
  const auto got = [](auto value) { return ": got " + Json(value).dump() + ", expected "; };
  if (warmup < 0) problems.push_back("warmup" + got(warmup) + "0 or more steps");
  if (!(min_factor >= 0 && min_factor <= 1)) problems.push_back("min_factor" + got(min_factor) + "0 to 1");
  if (!(decay_share >= 0 && decay_share <= 1)) problems.push_back("decay_share" + got(decay_share) + "0 to 1");
  return problems;
}

double schedule_factor(const ScheduleConfig& config, int64_t step, int64_t total) {
  if (step < config.warmup) return double(step + 1) / double(config.warmup);
  const double low = config.min_factor;
  // Share of the way from `begin` to the end; the floor is reached at `total`, so that no step is spent at factor 0.
  const auto progress = [&](double begin) {
    const double length = double(total) - begin;
    return length <= 0 ? 1.0 : std::clamp((double(step) - begin) / length, 0.0, 1.0);
  };
  switch (config.name) {
    case ScheduleKind::Constant:
      return 1;
    case ScheduleKind::Linear:
      return 1 - (1 - low) * progress(double(config.warmup));
    case ScheduleKind::Cosine:
      return low + (1 - low) * 0.5 * (1 + std::cos(std::numbers::pi * progress(double(config.warmup))));
    case ScheduleKind::Wsd: {
      const double begin = std::max(double(config.warmup), std::floor(double(total) * (1 - config.decay_share)));
      return double(step) < begin ? 1 : 1 - (1 - low) * progress(begin);
    }
  }
  return 1;
}

}  // namespace ingot
