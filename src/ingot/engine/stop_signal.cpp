#include "ingot/engine/stop_signal.h"

#include <unistd.h>

namespace ingot {
namespace {

volatile std::sig_atomic_t signal_number = 0;

void on_signal(int number) {  // async-signal-safe calls only
  if (signal_number != 0) ::_exit(128 + number);
  signal_number = number;
  constexpr char kText[] = "\nstopping after this step; once more to stop now\n";
  [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, kText, sizeof kText - 1);
}

}  // namespace

StopSignal::StopSignal() {
  signal_number = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &interrupt_);
  ::sigaction(SIGTERM, &action, &terminate_);
}

StopSignal::~StopSignal() {
  ::sigaction(SIGINT, &interrupt_, nullptr);
  ::sigaction(SIGTERM, &terminate_, nullptr);
  signal_number = 0;
}

int StopSignal::received() { return signal_number; }

}  // namespace ingot
