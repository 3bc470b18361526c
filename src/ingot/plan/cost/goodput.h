// How much of the wall time trains: failures, restarts and checkpoints.
#pragma once

#include "ingot/base/error.h"

namespace ingot::cost {

// Defaults: Llama 3.1 405B had 419 unexpected interruptions in 54 days on 16,384 chips (arXiv 2407.21783, sec. 3.3.4),
// hence 50,677 chip-hours between failures; a checkpoint pauses training for seconds, a restart takes minutes.
struct Failures {
  double mtbf_chip_hours = 50677;  // 0: nothing fails
  double checkpoint_s = 30;        // time that training stands still for one
  double restart_s = 600;          // detect, replace, reload

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("mtbf_chip_hours", self.mtbf_chip_hours, "chip-hours between failures; 0: nothing fails");
    v("checkpoint_s", self.checkpoint_s, "seconds that training stands still for a checkpoint");
    v("restart_s", self.restart_s, "seconds from a failure to the first new step");
  }
  Problems validate() const;
};

struct Goodput {
  double mtbf_s = 0;            // of the whole job; 0: nothing fails
  double young_interval_s = 0;  // sqrt(2 delta M) (Young 1974)
  double daly_interval_s = 0;   // higher order (Daly 2006, eq. 37)
  double share = 1;             // 1 / (1 + delta / tau + (tau / 2 + R) / M) at Daly's interval
};
Goodput goodput(const Failures& failures, double chips);
// The share at a checkpoint interval of your own.
double goodput_share(double interval_s, double checkpoint_s, double restart_s, double mtbf_s);

}  // namespace ingot::cost
