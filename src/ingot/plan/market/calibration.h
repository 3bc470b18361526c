// How observed shares, prices and one elasticity become utilities, a price coefficient and marginal costs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingot/plan/market/industry.h"

namespace ingot::market {

// Sets alpha (given, or such that elasticity_at the observed prices is `elasticity`), scales the types by it, inverts
// the shares and implies the missing costs. Throws InvalidArgument where no such market exists.
void calibrate(Industry& industry, std::optional<double> alpha, std::optional<double> elasticity,
               const std::string& elasticity_of);

// (node, weight) of the standard normal, weights sum to 1: exact for polynomials up to degree 2n - 1 (Golub & Welsch
// 1969).
std::vector<std::pair<double, double>> gauss_hermite(int n);

// Products from CSV: columns as the keys of [[products]]; columns `source`, `date`, `evidence` and `note` are free.
std::vector<ProductSection> read_products(const std::filesystem::path& path);

}  // namespace ingot::market
