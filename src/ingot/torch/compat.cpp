#include "ingot/torch/compat.h"

#include <cmath>

#include <ATen/autocast_mode.h>
#include <torch/torch.h>
#include <torch/version.h>

#include "ingot/base/error.h"

// OpenBLAS has its own pool; weak, so that LibTorch builds with another BLAS link too.
extern "C" void openblas_set_num_threads(int) __attribute__((weak));

namespace ingot {

void set_num_threads(int threads) {
  require("threads", threads >= 1 && threads <= 1024, "threads is ", threads, ", expected 1 to 1024");
  at::set_num_threads(threads);
  if (openblas_set_num_threads) openblas_set_num_threads(threads);
}

int num_threads() { return at::get_num_threads(); }

void set_deterministic() {
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
  at::globalContext().setDeterministicFillUninitializedMemory(false);  // costs a pass over every new tensor
#endif
}

Autocast::Autocast(at::DeviceType device, bool enabled) : device_(device), enabled_(enabled) {
  if (!enabled_) return;
  at::autocast::increment_nesting();
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
#else
  if (device_ == at::kCUDA) {
    at::autocast::set_enabled(true);
    at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
  } else {
    at::autocast::set_cpu_enabled(true);
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  }
#endif
}

Autocast::~Autocast() {
  if (!enabled_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  at::autocast::set_autocast_enabled(device_, false);
#else
  if (device_ == at::kCUDA)
    at::autocast::set_enabled(false);
  else
    at::autocast::set_cpu_enabled(false);
#endif
}

bool autocast_bf16(at::DeviceType device) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  return at::autocast::is_autocast_enabled(device) && at::autocast::get_autocast_dtype(device) == at::kBFloat16;
#else
  if (device == at::kCUDA) return at::autocast::is_enabled() && at::autocast::get_autocast_gpu_dtype() == at::kBFloat16;
  return at::autocast::is_cpu_enabled() && at::autocast::get_autocast_cpu_dtype() == at::kBFloat16;
#endif
}

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                                    bool causal) {
  INGOT_INVARIANT(!(mask.defined() && causal), "pass a mask or causal, not both");
#if TORCH_VERSION_MAJOR >= 2
  return at::scaled_dot_product_attention(q, k, v, mask.defined() ? std::optional<Tensor>(mask) : std::nullopt, 0.0,
                                          causal);
#else
  auto scores = q.matmul(k.transpose(-2, -1)) / std::sqrt(double(q.size(-1)));  // [B, H, T, S]
  if (mask.defined()) {
    scores = scores + mask;
  } else if (causal) {
    const auto T = q.size(-2), S = k.size(-2);
    const auto future = at::ones({T, S}, q.options().dtype(at::kBool)).triu(S - T + 1);
    scores = scores.masked_fill(future, -INFINITY);
  }
  return at::softmax(scores, -1).matmul(v);
#endif
}

at::Device resolve_device(const std::string& name) {
  const bool cuda = torch::cuda::is_available();
  if (name == "auto") return cuda ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  if (name == "cpu") return at::Device(at::kCPU);
  require("device", name.rfind("cuda", 0) == 0, "device is '", name, "', expected auto, cpu, cuda or cuda:N");
  if (!cuda)
    fail(ErrorKind::Unsupported, "device", "device is '", name,
         "', but this LibTorch sees no GPU; use device = \"cpu\"");
  return at::Device(name);
}

bool has_bf16_units(at::DeviceType device) {
  if (device != at::kCPU) return true;
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");  // a CPU with AMX has these too
#else
  return false;
#endif
}

std::string torch_version() { return TORCH_VERSION; }

}  // namespace ingot
