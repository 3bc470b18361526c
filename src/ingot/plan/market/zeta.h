// The map zeta of Morrow & Skerlos 2011, eq. 12, whose fixed point p = c + zeta(p) is the price equilibrium:
//   zeta(p) = Lambda^-1 [(O . Gamma)(p - c) + s].
// O(types x products) a call: products of a firm share their sums, and Gamma is never formed.
#pragma once

#include <cstdint>
#include <memory>
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
  const std::vector<size_t>& order() const { return order_; }

  // Shares, and the expected surplus per consumer in money against the outside option alone: NaN when some type's
  // alpha is not positive, since its surplus has no meaning.
  struct Welfare {
    std::vector<double> share;
    double outside, surplus;
  };
  Welfare welfare(const std::vector<double>& p);

  // Without nests: what firms earn and sell when markups over `cost` are scaled (ZetaKernel::deviate).
  struct Deviations {
    std::vector<double> profit, sales;              // [J, factors] one price moves: that of product order()[row]
    std::vector<double> joint_profit, joint_sales;  // [F, factors] all prices of the firm move
  };
  Deviations deviate(const std::vector<double>& cost, const std::vector<double>& p, const std::vector<double>& moves,
                     const std::vector<double>& factors);

 private:
  TypeBlocks blocks_;
  const ZetaKernel& kernel_;
  std::vector<size_t> order_;  // [J] the product in each place of the blocks
  std::vector<int64_t> firm_begin_;
  std::unique_ptr<double[]> value_;
  std::vector<double> alpha_, weight_, rho_, share_;
  std::vector<double> price_, margin_, sorted_share_, lambda_, gamma_markup_;  // in the order of the blocks
  std::vector<int32_t> nest_, pair_;
  std::vector<double> scratch_;
  double* aligned_ = nullptr;

  void lay_out(const std::vector<double>& cost, const std::vector<double>& p);  // price_ and margin_
  void reserve(size_t count);                                                   // doubles of scratch
};

}  // namespace ingot::market
