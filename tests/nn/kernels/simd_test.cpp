// The instruction sets against each other: a narrow machine must train as a wide one does.
#include "ingot/nn/kernels/simd.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace ingot {
namespace {

std::vector<const Simd*> sets_here() {
  std::vector<const Simd*> sets = {&kSimdPortable};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets.push_back(&kSimdAvx2);
  if (&simd() == &kSimdAvx512) sets.push_back(&kSimdAvx512);
#endif
  return sets;
}

TEST(Simd, EverySetGivesTheSameAttention) {
  torch::manual_seed(0);
  const int64_t T = 50, H = 2, D = 48;
  for (const auto& [type, causal] : {std::pair{at::kFloat, true}, {at::kBFloat16, true}, {at::kFloat, false}}) {
    const auto qkv = torch::randn({1, T, 3 * H * D}).to(type), dy = torch::randn({1, T, H * D}).to(type);
    std::vector<torch::Tensor> results;
    for (const auto* set : sets_here()) {
      const auto y = torch::zeros({1, T, H * D}, type), dqkv = torch::zeros_like(qkv), lse = torch::zeros({1, H, T});
      const auto scratch = torch::full({attention_scratch(T, D)}, NAN);  // nothing may be read before it is written
      AttentionArgs a{};
      a.causal = causal;
      a.T = T, a.heads = H, a.kv_heads = H, a.head_dim = D;
      a.type = type == at::kFloat ? Float::F32 : Float::Bf16;
      a.qkv = qkv.data_ptr(), a.y = y.data_ptr(), a.lse = lse.data_ptr<float>(), a.scratch = scratch.data_ptr<float>();
      a.dy = dy.data_ptr(), a.dqkv = dqkv.data_ptr();
      set->attention(a, 0, H);
      set->attention_grad(a, 0, H);
      results.push_back(torch::cat({y.flatten(), dqkv.flatten()}).to(at::kFloat));
      EXPECT_TRUE(results.back().isfinite().all().item<bool>()) << set->name;
      EXPECT_TRUE(
          results.back().allclose(results.front(), type == at::kFloat ? 1e-4 : 2e-2, type == at::kFloat ? 1e-5 : 2e-2))
          << set->name;
    }
  }
}

TEST(Simd, EverySetGivesTheSameRows) {
  torch::manual_seed(0);
  const auto x = torch::randn({9, 77}) * 5;
  std::vector<torch::Tensor> results;
  for (const auto* set : sets_here()) {
    const auto y = torch::empty_like(x), loss = torch::empty({9}, at::kDouble), lse = torch::empty({9});
    set->pointwise({Pointwise::GeluTanh, Float::F32, 77, x.data_ptr(), y.data_ptr(), nullptr, nullptr}, 0, 9);
    const auto targets = torch::arange(9);
    CrossEntropyArgs a{};
    a.classes = 77, a.logits = x.data_ptr(), a.targets = targets.data_ptr<int64_t>();
    a.lse = lse.data_ptr<float>(), a.losses = loss.data_ptr<double>();
    set->cross_entropy(a, 0, 9);
    const auto taught = torch::empty({9}, at::kDouble), other = torch::empty({9}), shift = torch::empty_like(x);
    DistillationArgs d{};
    d.classes = 77, d.student = x.data_ptr(), d.teacher = y.data_ptr(), d.targets = targets.data_ptr<int64_t>();
    d.inverse_temperature = 0.5, d.student_lse = lse.data_ptr<float>(), d.teacher_lse = other.data_ptr<float>();
    d.losses = taught.data_ptr<double>(), d.grad = 1, d.dstudent = shift.data_ptr();
    set->distillation(d, 0, 9);
    set->distillation_grad(d, 0, 9);
    const auto dropped = torch::empty_like(x);
    set->dropout({Float::F32, 0x123456789abcdef0, 1U << 31, 2, x.data_ptr(), dropped.data_ptr()}, 0, x.numel());
    results.push_back(
        torch::cat({y.flatten(), dropped.flatten(), loss.to(at::kFloat), taught.to(at::kFloat), shift.flatten()}));
    EXPECT_TRUE(results.back().allclose(results.front(), 1e-5, 1e-6)) << set->name;
  }
}

}  // namespace
}  // namespace ingot
