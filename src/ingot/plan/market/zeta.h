// The map zeta of Morrow & Skerlos 2011, eq. 12, whose fixed point p = c + zeta(p) is the price equilibrium:
//   zeta(p) = Lambda^-1 [(O . Gamma)(p - c) + s].
// O(types x products) a call: products of a firm share their sums, and Gamma is never formed.
#pragma once

#include <cstdint>
#include <vector>

#include "ingot/plan/market/equilibrium.h"
#include "ingot/plan/market/zeta_kernel.h"

namespace ingot::market {

class Zeta {
 public:
  // Keeps copies of what it needs. Not thread-safe: calls share one scratch.
  Zeta(const Demand& demand, const Supply& supply);
  Zeta(const Zeta&) = delete;
  Zeta& operator=(const Zeta&) = delete;

  // Markups [J] at prices p and costs c. share() is then the share at p.
  void operator()(const std::vector<double>& cost, const std::vector<double>& p, std::vector<double>& markup);
  const std::vector<double>& share() const { return share_; }

  // Without nests: what firms earn and sell when markups over `cost` are scaled (ZetaKernel::deviate).
  struct Deviations {
    std::vector<double> profit, sales;              // [J, factors] one price moves
    std::vector<double> joint_profit, joint_sales;  // [F, factors] all prices of the firm move
  };
  Deviations deviate(const std::vector<double>& cost, const std::vector<double>& p, const std::vector<double>& moves,
                     const std::vector<double>& factors);

 private:
  TypeBlocks blocks_;
  const ZetaKernel& kernel_;
  std::vector<double> value_, alpha_, weight_, rho_, share_, lambda_, gamma_markup_, margin_;
  std::vector<int32_t> nest_, firm_, pair_;
  std::vector<double> scratch_;
  double* aligned_ = nullptr;

  void reserve(size_t count);  // doubles of scratch
};

}  // namespace ingot::market
