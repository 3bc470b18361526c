// Learning-rate schedules as pure functions of the step: nothing to save, nothing to resume wrongly.
#pragma once

#include <cstdint>

#include "ingot/base/config.h"

namespace ingot {

enum class ScheduleKind { Constant, Linear, Cosine, Wsd };
template <>
struct EnumNames<ScheduleKind> {
  static constexpr std::pair<const char*, ScheduleKind> kValues[] = {{"constant", ScheduleKind::Constant},
                                                                     {"linear", ScheduleKind::Linear},
                                                                     {"cosine", ScheduleKind::Cosine},
                                                                     {"wsd", ScheduleKind::Wsd}};
};

struct ScheduleConfig {  // [schedule]
  ScheduleKind name = ScheduleKind::Constant;
  int64_t warmup = 0;        // steps
  double min_factor = 0;     // of the peak, at the end
  double decay_share = 0.2;  // wsd: the last part of the run
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "constant, linear, cosine or wsd (warm-up, stable, decay)");
    v("warmup", self.warmup, "steps of linear warm-up from 0 to the peak");
    v("min_factor", self.min_factor, "share of the peak that is left at the end");
    v("decay_share", self.decay_share, "wsd: share of the run in which the rate falls linearly");
  }
  Problems validate() const;
};

// Factor on the peak learning rate for 0-based `step` of `total`. Warm-up: (step + 1) / warmup, as in Vaswani 2017
// and GPT-3. Cosine: Loshchilov & Hutter 2017, eq. 5, one cycle. WSD: Hu et al. 2024 (MiniCPM), linear decay.
double schedule_factor(const ScheduleConfig& config, int64_t step, int64_t total);

}  // namespace ingot
