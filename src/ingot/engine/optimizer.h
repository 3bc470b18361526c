// Optimisers with state named by parameter, so that a checkpoint says what it holds and can be read without the model.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ingot/base/config.h"
#include "ingot/torch/tensor.h"

namespace ingot {

enum class OptimizerKind { Sgd, Adam, AdamW, Lion, Adafactor, Muon };
template <>
struct EnumNames<OptimizerKind> {
  static constexpr std::pair<const char*, OptimizerKind> kValues[] = {
      {"sgd", OptimizerKind::Sgd},   {"adam", OptimizerKind::Adam},           {"adamw", OptimizerKind::AdamW},
      {"lion", OptimizerKind::Lion}, {"adafactor", OptimizerKind::Adafactor}, {"muon", OptimizerKind::Muon}};
};

struct OptimizerConfig {  // [optimizer]
  OptimizerKind name = OptimizerKind::AdamW;
  double lr = 1e-3;
  double weight_decay = 0;  // decoupled (Loshchilov & Hutter 2019, eq. 12) in adamw, lion, adafactor, muon
  double l1 = 0, l2 = 0;    // added to the gradient of what decays: l1 sign(w) + l2 w
  double momentum = 0;      // sgd; muon uses 0.95 when left at 0
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double muon_lr = 0.02;  // for hidden matrices; the rest takes `lr` by AdamW
  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("name", self.name, "sgd, adam, adamw, lion, adafactor or muon");
    v("lr", self.lr, "peak learning rate");
    v("weight_decay", self.weight_decay, "decoupled weight decay of parameters with 2 or more dimensions");
    v("l1", self.l1, "L1 penalty of the same parameters, added to the gradient");
    v("l2", self.l2, "L2 penalty of the same parameters, added to the gradient");
    v("momentum", self.momentum, "SGD momentum; Muon's is 0.95 when this is 0");
    v("nesterov", self.nesterov, "Nesterov momentum (SGD)");
    v("beta1", self.beta1, "decay of the first moment");
    v("beta2", self.beta2, "decay of the second moment");
    v("eps", self.eps, "added to the root of the second moment");
    v("muon_lr", self.muon_lr, "Muon's learning rate for hidden matrices; the rest takes lr");
  }
  Problems validate() const;
};

struct OptimizedParameter {
  std::string name;
  Tensor value;  // a leaf; its grad() is read by step()
  bool decays = true;
  bool hidden_matrix = false;  // Muon may take it
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // One update from the gradients times `grad_scale` (1 / weight, clipping: both without a pass over memory), with
  // every learning rate times `lr_factor`. Undefined gradients are skipped; a row-sparse gradient (sparse COO on dim 0)
  // updates its rows only, moments included. Gradients are left as they are.
  virtual void step(double lr_factor, double grad_scale = 1) = 0;
  // "<parameter>.<slot>" -> the live tensor (clone to keep), and "<parameter>.step", its count of updates, 0-d int64.
  virtual std::map<std::string, Tensor> state() const = 0;
  // Throws InvalidArgument naming what is missing, unexpected or of the wrong shape.
  virtual void load_state(const std::map<std::string, Tensor>& state) = 0;
};

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters);

// L2 norm of all gradients, summed in double in an order that does not depend on the thread count; NaN or infinity when
// any gradient holds one. One read of memory.
double gradient_norm(const std::vector<OptimizedParameter>& parameters);

}  // namespace ingot
