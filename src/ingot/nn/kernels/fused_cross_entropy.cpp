#include "ingot/nn/kernels/fused_common.h"

namespace ingot {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

CrossEntropyArgs arguments(const Tensor& logits, const Tensor& targets, const Tensor& lse, double smoothing,
                           double z_loss) {
  CrossEntropyArgs args{};
  args.classes = logits.size(1);
  args.type = float_of(logits);
  args.logits = logits.data_ptr();
  args.targets = targets.data_ptr<int64_t>();
  args.smoothing = float(smoothing);
  args.z_loss = float(z_loss);
  args.lse = lse.data_ptr<float>();
  return args;
}

class FusedCrossEntropy : public torch::autograd::Function<FusedCrossEntropy> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& logits_, const Tensor& targets_, double smoothing,
                        double z_loss) {
    const auto logits = logits_.contiguous(), targets = targets_.contiguous();
    const auto rows = logits.size(0);
    const auto lse = at::empty({rows}, float32()), losses = at::empty({rows}, float32().dtype(at::kDouble));
    auto args = arguments(logits, targets, lse, smoothing, z_loss);
    args.losses = losses.data_ptr<double>();
    over_rows(rows, args.classes, [&](int64_t begin, int64_t end) { simd().cross_entropy(args, begin, end); });
    ctx->save_for_backward({logits, targets, lse});
    ctx->saved_data["smoothing"] = smoothing;
    ctx->saved_data["z_loss"] = z_loss;
    return at::scalar_tensor(sum_in_order(losses), float32());
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    refuse_second_derivative("cross-entropy");
    const auto saved = ctx->get_saved_variables();
    const auto dlogits = at::empty_like(saved[0]);
    auto args = arguments(saved[0], saved[1], saved[2], ctx->saved_data["smoothing"].toDouble(),
                          ctx->saved_data["z_loss"].toDouble());
    args.grad = grads[0].item<float>();
    args.dlogits = dlogits.data_ptr();
    over_rows(dlogits.size(0), args.classes,
              [&](int64_t begin, int64_t end) { simd().cross_entropy_grad(args, begin, end); });
    return {dlogits, {}, {}, {}};
  }
};

}  // namespace

Tensor fused_cross_entropy(const Tensor& logits, const Tensor& targets, double smoothing, double z_loss) {
  require("cross_entropy", targets.numel() == 0 || targets.max().item<int64_t>() < logits.size(1), "a target is ",
          targets.numel() ? targets.max().item<int64_t>() : 0, ", expected below the number of classes ",
          logits.size(1));
  return FusedCrossEntropy::apply(logits, targets, smoothing, z_loss);
}

}  // namespace ingot
