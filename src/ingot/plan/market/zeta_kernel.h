// Choice probabilities of eight consumer types at a time; each instruction set fills the function table
// (plan/montecarlo/isa.h, zeta_kernel.inl.h). All forms give the same bits.
#pragma once

#include <cstdint>

#include "ingot/plan/montecarlo/isa.h"

namespace ingot::market {

// A market laid out for the lanes. B blocks of 8 types, J products, a firm's in a row, G nests (0: none), F firms, P
// pairs (firm, nest).
struct TypeBlocks {
  int64_t blocks = 0, products = 0, nests = 0, firms = 0, pairs = 0;
  const double* value;           // [B, J, 8]
  const double *alpha, *weight;  // [B, 8]; the padding weighs 0
  const int64_t* firm_begin;     // [F + 1]
  const int32_t *nest, *pair;    // [J] with nests
  const double* rho;             // [G]
};

struct ZetaKernel {
  // share [J] = sum_i w_i s_ij, lambda [J] = sum_i w_i alpha_i s_ij / (1 - rho), and the rows of same-firm products of
  // gamma [J, J] times `markup`. `scratch` holds (4 J + 3 G + P) * 8 doubles, aligned to 64 bytes.
  void (*evaluate)(const TypeBlocks& market, const double* price, const double* markup, double* scratch, double* share,
                   double* lambda, double* gamma_markup);
  // share [J], sum_i w_i s_i0, and sum_i w_i / alpha_i log sum_j exp(u_ij), the outside option's 0 among them (Small &
  // Rosen 1981). `scratch` holds (2 J + 3 G) * 8 doubles.
  void (*welfare)(const TypeBlocks& market, const double* price, double* scratch, double* share, double* outside,
                  double* surplus);
  // Without nests, and markups scaled by factors[k]: profit and sales of j's firm when j's markup alone moves
  // [J, factors], and of each firm when all its markups move [F, factors]. Products with moves[j] = 0 stay.
  // `scratch` holds (J + 3 factors) * 8 doubles.
  void (*deviate)(const TypeBlocks& market, const double* price, const double* markup, const double* moves,
                  const double* factors, int64_t num_factors, double* scratch, double* profit, double* sales,
                  double* joint_profit, double* joint_sales);
};

const ZetaKernel& zeta_kernel(mc::Isa isa);

}  // namespace ingot::market
