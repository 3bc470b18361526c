#include "ingot/nn/kernels/gemm.h"

#include <array>
#include <map>

#include <torch/torch.h>

#ifdef INGOT_ONEDNN
#include <dnnl.hpp>
#endif

namespace ingot {
namespace {

// Below AVX-512, oneDNN and ATen emulate bfloat16 products; float32 ones of the same numbers are faster and as exact.
bool has_wide_vectors() {
#if defined(__x86_64__)
  static const bool has =
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return has;
#else
  return false;
#endif
}

#ifdef INGOT_ONEDNN
using Memory = dnnl::memory;

struct Product {
  Memory::desc a, b, bias, c;
  dnnl::matmul primitive;
};

// Primitives are made once a shape; a thread keeps its own, so that nothing is locked. Each holds code of its own, up
// to a MiB, and batches without padding have other shapes at every step: a thread keeps no more than kKept, oneDNN no
// more than kKeptByAll (by default 1,024).
using Products = std::map<std::array<int64_t, 9>, Product>;
constexpr size_t kKept = 64;
constexpr int kKeptByAll = 256;
Products& products() {
  thread_local Products made;
  return made;
}

const dnnl::engine& engine() {
  static const dnnl::engine cpu = [] {
    dnnl::set_primitive_cache_capacity(kKeptByAll);
    return dnnl::engine(dnnl::engine::kind::cpu, 0);
  }();
  return cpu;
}

const Product& product(const Tensor& a, const Tensor& b, bool bias, at::ScalarType out) {
  auto& made = products();
  const std::array<int64_t, 9> key = {a.size(0),   a.size(1),   b.size(1), a.stride(0), a.stride(1),
                                      b.stride(0), b.stride(1), bias,      int64_t(out)};
  const auto found = made.find(key);
  if (found != made.end()) return found->second;
  if (made.size() == kKept) made.clear();
  const auto M = a.size(0), K = a.size(1), N = b.size(1);
  const auto bf16 = Memory::data_type::bf16, f32 = Memory::data_type::f32;
  Product p;
  p.a = Memory::desc({M, K}, bf16, Memory::dims{a.stride(0), a.stride(1)});
  p.b = Memory::desc({K, N}, bf16, Memory::dims{b.stride(0), b.stride(1)});
  p.bias = Memory::desc({1, N}, f32, Memory::dims{N, 1});
  p.c = Memory::desc({M, N}, out == at::kFloat ? f32 : bf16, Memory::dims{N, 1});
  const auto desc = bias ? dnnl::matmul::desc(p.a, p.b, p.bias, p.c) : dnnl::matmul::desc(p.a, p.b, p.c);
  p.primitive = dnnl::matmul(dnnl::matmul::primitive_desc(desc, engine()));
  return made.emplace(key, std::move(p)).first->second;
}
#endif

}  // namespace

bool has_onednn() {
#ifdef INGOT_ONEDNN
  return has_wide_vectors();
#else
  return false;
#endif
}

size_t kept_products() {
#ifdef INGOT_ONEDNN
  return products().size();
#else
  return 0;
#endif
}

Tensor gemm_bf16(const Tensor& a, const Tensor& b, const Tensor& bias, at::ScalarType out) {
#ifdef INGOT_ONEDNN
  if (has_wide_vectors() && a.size(0) > 0 && a.size(1) > 0 && b.size(1) > 0) {
    const auto& p = product(a, b, bias.defined(), out);
    auto c = at::empty({a.size(0), b.size(1)}, a.options().dtype(out));
    thread_local dnnl::stream stream(engine());
    const auto in = [](const Memory::desc& desc, const Tensor& t) { return Memory(desc, engine(), t.data_ptr()); };
    std::unordered_map<int, Memory> arguments = {
        {DNNL_ARG_SRC, in(p.a, a)}, {DNNL_ARG_WEIGHTS, in(p.b, b)}, {DNNL_ARG_DST, in(p.c, c)}};
    if (bias.defined()) arguments.emplace(DNNL_ARG_BIAS, in(p.bias, bias));
    p.primitive.execute(stream, arguments);
    stream.wait();
    return c;
  }
#endif
  const auto type = has_wide_vectors() ? at::kBFloat16 : at::kFloat;
  auto c = at::mm(a.to(type), b.to(type));
  if (bias.defined()) c = c + bias;
  return c.to(out);
}

}  // namespace ingot
