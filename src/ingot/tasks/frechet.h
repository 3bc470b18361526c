// Distances between two sets of feature vectors: how far generated images are from real ones.
#pragma once

#include "ingot/torch/tensor.h"

namespace ingot {

// Mean and covariance in double.
struct Gaussian {
  Tensor mean;        // [F]
  Tensor covariance;  // [F, F]
};
Gaussian fit_gaussian(const Tensor& features);  // [N, F]; requires N >= 2

// |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)): Heusel et al. 2017, eq. 6. It is called FID only with Inception's
// features; with others it is another number.
double frechet_distance(const Gaussian& a, const Gaussian& b);

// Squared maximum mean discrepancy with the kernel (x.y / F + 1)^3, unbiased: KID, Binkowski et al. 2018, section 4.
double kernel_distance(const Tensor& a, const Tensor& b);  // [N, F], [M, F]

}  // namespace ingot
