// SIGINT and SIGTERM ask for a stop: the step ends, a checkpoint is saved. A second signal exits at once with
// 128 + its number; what the last checkpoint holds is kept.
#pragma once

#include <csignal>

namespace ingot {

class StopSignal {
 public:
  StopSignal();   // installs the handlers; one object at a time
  ~StopSignal();  // puts the previous ones back
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  static int received();  // 0, or the number of the signal

 private:
  struct sigaction interrupt_ {};
  struct sigaction terminate_ {};
};

}  // namespace ingot
