// Shapes: B batch, T tokens, H query heads, K key/value heads, D head size.
#include <ATen/Parallel.h>

#include "ingot/nn/kernels/fused_common.h"

namespace ingot {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

AttentionArgs arguments(const Tensor& qkv, int64_t heads, int64_t kv_heads, double eps, bool causal,
                        const variable_list& tables) {
  AttentionArgs a{};
  a.T = qkv.size(1);
  a.heads = heads;
  a.kv_heads = kv_heads;
  a.head_dim = qkv.size(2) / (heads + 2 * kv_heads);
  a.type = float_of(qkv);
  a.qkv = qkv.data_ptr();
  a.q_gain = data_or_null<float>(tables[0]);
  a.k_gain = data_or_null<float>(tables[1]);
  a.cos = data_or_null<float>(tables[2]);
  a.sin = data_or_null<float>(tables[3]);
  a.causal = causal;
  a.first_key = data_or_null<int64_t>(tables[4]);
  a.num_keys = data_or_null<int64_t>(tables[5]);
  a.eps = float(eps);
  return a;
}

template <typename Kernel>
void over_units(int64_t batch, AttentionArgs a, const Kernel& kernel) {
  at::parallel_for(0, batch * a.kv_heads, 1, [&](int64_t begin, int64_t end) {
    const auto scratch = at::empty({attention_scratch(a.T, a.head_dim)}, float32());
    auto own = a;
    own.scratch = scratch.template data_ptr<float>();
    kernel(own, begin, end);
  });
}

class Attention : public torch::autograd::Function<Attention> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& qkv_, const Tensor& q_gain, const Tensor& k_gain,
                        const Tensor& cos, const Tensor& sin, const Tensor& first_key, const Tensor& num_keys,
                        int64_t heads, int64_t kv_heads, double eps, bool causal) {
    const auto qkv = qkv_.contiguous();
    const variable_list tables = {q_gain, k_gain, cos, sin, first_key, num_keys};
    auto args = arguments(qkv, heads, kv_heads, eps, causal, tables);
    const auto B = qkv.size(0);
    const auto y = at::empty({B, args.T, heads * args.head_dim}, qkv.options().requires_grad(false));
    const auto lse = at::empty({B, heads, args.T}, float32());
    args.y = y.data_ptr();
    args.lse = lse.data_ptr<float>();
    over_units(B, args, simd().attention);
    ctx->save_for_backward({qkv, y, lse, q_gain, k_gain, cos, sin, first_key, num_keys});
    ctx->saved_data["heads"] = heads;
    ctx->saved_data["kv_heads"] = kv_heads;
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["causal"] = causal;
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    refuse_second_derivative("attention");
    const auto saved = ctx->get_saved_variables();
    const auto& qkv = saved[0];
    const auto kv_heads = ctx->saved_data["kv_heads"].toInt();
    auto args = arguments(qkv, ctx->saved_data["heads"].toInt(), kv_heads, ctx->saved_data["eps"].toDouble(),
                          ctx->saved_data["causal"].toBool(), variable_list(saved.begin() + 3, saved.end()));
    const auto B = qkv.size(0);
    const auto dy = grads[0].contiguous(), dqkv = at::empty_like(qkv);
    const auto gain_grad = [&](const Tensor& gain) {
      return given(gain) ? at::zeros({B * kv_heads, args.head_dim}, float32()) : Tensor();
    };
    const auto dq_gain = gain_grad(saved[3]), dk_gain = gain_grad(saved[4]);
    args.y = saved[1].data_ptr();
    args.lse = saved[2].data_ptr<float>();
    args.dy = dy.data_ptr();
    args.dqkv = dqkv.data_ptr();
    args.dq_gain = data_or_null<float>(dq_gain);
    args.dk_gain = data_or_null<float>(dk_gain);
    over_units(B, args, simd().attention_grad);
    return {dqkv,
            dq_gain.defined() ? dq_gain.sum(0) : Tensor(),
            dk_gain.defined() ? dk_gain.sum(0) : Tensor(),
            {},
            {},
            {},
            {},
            {},
            {},
            {},
            {}};
  }
};

}  // namespace

Tensor fused_attention(const Tensor& qkv, const FusedAttention& o) {
  const auto rows = [](const Tensor& t) { return or_empty(t).contiguous(); };
  return Attention::apply(qkv, rows(o.q_gain), rows(o.k_gain), rows(o.cos), rows(o.sin), rows(o.first_key),
                          rows(o.num_keys), o.heads, o.kv_heads, o.eps, o.causal);
}

}  // namespace ingot
