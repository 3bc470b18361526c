// Two pools of threads share the cores: OpenMP's (ATen, oneDNN) and OpenBLAS's own.
#pragma once

namespace ingot::cli {

// Starts the program anew with GOMP_SPINCOUNT=20000, unless the user has set it or OMP_WAIT_POLICY: libgomp reads both
// before main(). By default a thread that has no work spins for milliseconds, and keeps OpenBLAS off the core: fp32
// training of a 0.6 M GPT on two threads made 5.1 k tokens/s, with a short spin 8.5 to 9.3 k (2026-11-24).
void restart_with_short_spin();

}  // namespace ingot::cli
