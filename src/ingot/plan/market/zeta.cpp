#include "ingot/plan/market/zeta.h"

#include <cstdint>
#include <map>
#include <utility>

namespace ingot::market {

namespace portable {
extern const ZetaKernel kZetaKernel;
}
namespace avx2 {
extern const ZetaKernel kZetaKernel;
}
namespace avx512 {
extern const ZetaKernel kZetaKernel;
}

const ZetaKernel& zeta_kernel([[maybe_unused]] mc::Isa isa) {
#if defined(INGOT_MC_X86)
  if (isa == mc::Isa::Avx512) return avx512::kZetaKernel;
  if (isa == mc::Isa::Avx2) return avx2::kZetaKernel;
#endif
  return portable::kZetaKernel;
}

Zeta::Zeta(const Demand& d, const Supply& s) : kernel_(zeta_kernel(mc::best_isa())) {
  const size_t R = d.weight.size(), J = size_t(d.num_products), G = d.rho.size(), B = (R + 7) / 8;
  value_.assign(B * J * 8, 0);
  alpha_.assign(B * 8, 1), weight_.assign(B * 8, 0);
  for (size_t i = 0; i < R; ++i) {
    alpha_[i] = d.alpha[i], weight_[i] = d.weight[i];
    for (size_t j = 0; j < J; ++j) value_[(i / 8 * J + j) * 8 + i % 8] = d.value[i * J + j];
  }
  rho_ = d.rho, nest_ = d.nest, firm_ = s.firm;
  if (G) {
    std::map<std::pair<int32_t, int32_t>, int32_t> pairs;
    for (size_t j = 0; j < J; ++j)
      pair_.push_back(pairs.emplace(std::pair(firm_[j], nest_[j]), int32_t(pairs.size())).first->second);
    blocks_.pairs = int64_t(pairs.size());
  }
  blocks_.blocks = int64_t(B), blocks_.products = int64_t(J), blocks_.nests = int64_t(G);
  blocks_.firms = s.num_firms();
  blocks_.value = value_.data(), blocks_.alpha = alpha_.data(), blocks_.weight = weight_.data();
  blocks_.nest = nest_.data(), blocks_.firm = firm_.data(), blocks_.pair = pair_.data(), blocks_.rho = rho_.data();
  share_.resize(J), lambda_.resize(J), gamma_markup_.resize(J), margin_.resize(J);
  reserve((4 * J + 3 * G + size_t(blocks_.firms) + size_t(blocks_.pairs)) * 8);
}

void Zeta::operator()(const std::vector<double>& cost, const std::vector<double>& p, std::vector<double>& markup) {
  const size_t J = p.size();
  for (size_t j = 0; j < J; ++j) margin_[j] = p[j] - cost[j];
  kernel_.evaluate(blocks_, p.data(), margin_.data(), aligned_, share_.data(), lambda_.data(), gamma_markup_.data());
  markup.resize(J);
  for (size_t j = 0; j < J; ++j) markup[j] = lambda_[j] > 0 ? (gamma_markup_[j] + share_[j]) / lambda_[j] : 0;
}

Zeta::Deviations Zeta::deviate(const std::vector<double>& cost, const std::vector<double>& p,
                               const std::vector<double>& moves, const std::vector<double>& factors) {
  const size_t J = p.size(), F = size_t(blocks_.firms), K = factors.size();
  for (size_t j = 0; j < J; ++j) margin_[j] = p[j] - cost[j];
  reserve((J + 2 * F + 3 * F * K) * 8);
  Deviations out{std::vector<double>(J * K), std::vector<double>(J * K), std::vector<double>(F * K),
                 std::vector<double>(F * K)};
  kernel_.deviate(blocks_, p.data(), margin_.data(), moves.data(), factors.data(), int64_t(K), aligned_,
                  out.profit.data(), out.sales.data(), out.joint_profit.data(), out.joint_sales.data());
  return out;
}

void Zeta::reserve(size_t count) {
  if (scratch_.size() >= count + 8) return;
  scratch_.resize(count + 8);
  const auto at = reinterpret_cast<uintptr_t>(scratch_.data());
  aligned_ = scratch_.data() + (64 - at % 64) % 64 / sizeof(double);
}

}  // namespace ingot::market
