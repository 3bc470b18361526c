// The differences between LibTorch 1.13 (Debian, CPU) and 2.x (CUDA), all of them, in one place.
#pragma once

#include <string>

#include "ingot/torch/tensor.h"

namespace ingot {

// Sets intra-op threads for ATen and OpenBLAS together. Debian's build defaults to 1 on a 2-core machine.
void set_num_threads(int threads);
int num_threads();

// Deterministic kernels where there are some, a warning where there are none.
void set_deterministic();

// bf16 autocast for the life of the object; does nothing when `enabled` is false.
class Autocast {
 public:
  Autocast(at::DeviceType device, bool enabled);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool enabled_;
};

// Whether bf16 autocast is on for `device` in this thread.
bool autocast_bf16(at::DeviceType device);

// softmax(q k^T / sqrt(D) + mask) v. q [B, H, T, D], k v [B, H, S, D]; `mask` is undefined or an additive [.., T, S].
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask, bool causal);

// "cuda" when LibTorch has it and a GPU answers, else "cpu"; throws InvalidArgument for an unknown or absent device.
at::Device resolve_device(const std::string& name);  // "auto", "cpu", "cuda", "cuda:1"
// Whether bf16 products have units of their own. A CPU without AVX-512 bf16 computes them many times slower than
// fp32 ones. A GPU is taken for one of Ampere (2020) or later.
bool has_bf16_units(at::DeviceType device);

std::string torch_version();

}  // namespace ingot
