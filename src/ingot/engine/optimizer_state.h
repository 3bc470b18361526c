// What every optimiser shares: parameters with named slots, a step count each, and reading them back.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ingot/engine/optimizer.h"

namespace ingot {

struct ParameterState {
  OptimizedParameter parameter;
  std::vector<std::pair<std::string, Tensor>> slots;  // in the order their optimiser made them
  Tensor steps;                                       // 0-d int64, CPU

  const Tensor& slot(size_t i) const { return slots[i].second; }
  int64_t count_step();  // the number of this update, from 1
};

class OptimizerState : public Optimizer {
 public:
  std::map<std::string, Tensor> state() const override;
  void load_state(const std::map<std::string, Tensor>& state) override;

 protected:
  OptimizerState(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters);
  OptimizerConfig config_;
  std::vector<ParameterState> entries_;
};

// The dense gradient plus penalties, in fp32, and weights times `decay`: the first lines of every update, in ATen.
Tensor penalised_gradient(const OptimizerConfig& config, const OptimizedParameter& parameter, double grad_scale);

std::unique_ptr<Optimizer> make_elementwise(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters);
std::unique_ptr<Optimizer> make_adafactor(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters);
std::unique_ptr<Optimizer> make_muon(const OptimizerConfig& config, std::vector<OptimizedParameter> parameters);

// Newton-Schulz iteration that moves every singular value of `matrix` [M, N] near 1 (Jordan et al. 2024, "Muon").
Tensor orthogonalise(const Tensor& matrix);

}  // namespace ingot
