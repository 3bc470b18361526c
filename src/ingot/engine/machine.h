// What this machine is and what it can do at best: the ceilings behind MFU, predictions and `ingot doctor`.
// Torch-free header.
#pragma once

#include <cstdint>
#include <string>

#include "ingot/base/json.h"

namespace ingot {

struct Machine {
  std::string cpu;           // "AMD EPYC 9754"
  int cores = 0;             // that this process may use (affinity mask)
  std::string simd;          // "avx512_bf16 avx512_vnni avx512f avx2", the widest first
  int64_t memory_bytes = 0;  // physical, or the cgroup limit when lower
  std::string blas;          // what ATen multiplies with
  std::string torch;         // LibTorch version
  std::string gpu;           // "" when LibTorch sees none
};

Machine describe_machine();

// Measured, best of several runs: an upper bound for real work, so that MFU against it is honest.
struct Ceiling {
  int threads = 1;
  std::string device = "cpu";
  double gflops_fp32 = 0;    // 1024^3 matrix product (GPU: 4096^3)
  double gflops_bf16 = 0;    // the same in bf16
  double read_gb_per_s = 0;  // streaming read of 256 MiB
  std::string measured;      // date
};

// Measures in about a second, then keeps the answer in home_folder()/machine.json for this CPU, thread count, device
// and LibTorch version. `again` measures anew. Sets the thread count of ATen to `threads`.
Ceiling measured_ceiling(int threads, const std::string& device = "cpu", bool again = false);

Json to_json(const Machine& machine);
Json to_json(const Ceiling& ceiling);

// Highest resident memory of this process so far, and a way to begin counting anew.
int64_t peak_memory_bytes();
void reset_peak_memory();

}  // namespace ingot
