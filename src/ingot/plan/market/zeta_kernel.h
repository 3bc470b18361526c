// Choice probabilities of eight consumer types at a time; each instruction set fills the function table
// (plan/montecarlo/isa.h, zeta_kernel.inl.h). All forms give the same bits.
#pragma once

#include <cstdint>

#include "ingot/plan/montecarlo/isa.h"

namespace ingot::market {

// A market laid out for the lanes. B blocks of 8 types, J products, G nests (0: none), F firms, P pairs (firm, nest).
struct TypeBlocks {
  int64_t blocks = 0, products = 0, nests = 0, firms = 0, pairs = 0;
  const double* value;                // [B, J, 8]
  const double *alpha, *weight;       // [B, 8]; the padding weighs 0
  const int32_t *nest, *firm, *pair;  // [J]; nest and pair only with nests
  const double* rho;                  // [G]
};

struct ZetaKernel {
  // share [J] = sum_i w_i s_ij, lambda [J] = sum_i w_i alpha_i s_ij / (1 - rho), and the rows of same-firm products of
  // gamma [J, J] times `markup`. `scratch` holds (4 J + 3 G + F + P) * 8 doubles, aligned to 64 bytes.
  void (*evaluate)(const TypeBlocks& market, const double* price, const double* markup, double* scratch, double* share,
                   double* lambda, double* gamma_markup);
  // Without nests, and markups scaled by factors[k]: profit and sales of j's firm when j's markup alone moves
  // [J, factors], and of each firm when all its markups move [F, factors]. Products with moves[j] = 0 stay.
  // `scratch` holds (J + 2 F + 3 F factors) * 8 doubles.
  void (*deviate)(const TypeBlocks& market, const double* price, const double* markup, const double* moves,
                  const double* factors, int64_t num_factors, double* scratch, double* profit, double* sales,
                  double* joint_profit, double* joint_sales);
};

const ZetaKernel& zeta_kernel(mc::Isa isa);

}  // namespace ingot::market
