#include "ingot/nn/kernels/fused_common.h"

namespace ingot {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

DistillationArgs arguments(const variable_list& saved, double temperature) {
  DistillationArgs args{};
  args.classes = saved[0].size(1);
  args.type = float_of(saved[0]);
  args.student = saved[0].data_ptr();
  args.teacher = saved[1].data_ptr();
  args.targets = saved[2].data_ptr<int64_t>();
  args.student_lse = saved[3].data_ptr<float>();
  args.teacher_lse = saved[4].data_ptr<float>();
  args.inverse_temperature = float(1 / temperature);
  return args;
}

class FusedDistillation : public torch::autograd::Function<FusedDistillation> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& student, const Tensor& teacher, const Tensor& targets,
                        double temperature) {
    const auto rows = student.size(0);
    const variable_list saved = {student.contiguous(), teacher.contiguous(), targets.contiguous(),
                                 at::empty({rows}, float32()), at::empty({rows}, float32())};
    const auto losses = at::empty({rows}, float32().dtype(at::kDouble));
    auto args = arguments(saved, temperature);
    args.losses = losses.data_ptr<double>();
    over_rows(rows, args.classes, [&](int64_t begin, int64_t end) { simd().distillation(args, begin, end); });
    ctx->save_for_backward(saved);
    ctx->saved_data["temperature"] = temperature;
    return at::scalar_tensor(temperature * temperature * sum_in_order(losses), float32());
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    refuse_second_derivative("distillation");
    const auto saved = ctx->get_saved_variables();
    const auto temperature = ctx->saved_data["temperature"].toDouble();
    const auto dstudent = at::empty_like(saved[0]);
    auto args = arguments(saved, temperature);
    args.grad = float(grads[0].item<double>() * temperature);
    args.dstudent = dstudent.data_ptr();
    over_rows(dstudent.size(0), args.classes,
              [&](int64_t begin, int64_t end) { simd().distillation_grad(args, begin, end); });
    return {dstudent, {}, {}, {}};
  }
};

}  // namespace

Tensor fused_distillation(const Tensor& student, const Tensor& teacher, const Tensor& targets, double temperature) {
  return FusedDistillation::apply(student, teacher, targets, temperature);
}

}  // namespace ingot
