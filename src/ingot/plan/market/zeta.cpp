#include "ingot/plan/market/zeta.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
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
  order_.resize(J);
  std::iota(order_.begin(), order_.end(), size_t(0));
  std::stable_sort(order_.begin(), order_.end(), [&](size_t a, size_t b) { return s.firm[a] < s.firm[b]; });
  firm_begin_.assign(size_t(s.num_firms()) + 1, 0);
  for (const int32_t f : s.firm) ++firm_begin_[size_t(f) + 1];
  std::partial_sum(firm_begin_.begin(), firm_begin_.end(), firm_begin_.begin());
  value_ = std::make_unique_for_overwrite<double[]>(B * J * 8);
  alpha_.assign(B * 8, 1), weight_.assign(B * 8, 0);
  std::copy(d.alpha.begin(), d.alpha.end(), alpha_.begin());
  std::copy(d.weight.begin(), d.weight.end(), weight_.begin());
  for (size_t b = 0; b < B; ++b)
    for (size_t k = 0; k < J; ++k) {
      double* to = value_.get() + (b * J + k) * 8;
      const double* from = d.value.data() + b * 8 * J + order_[k];
      for (size_t i = 0; i < 8; ++i) to[i] = b * 8 + i < R ? from[i * J] : 0;
    }
  rho_ = d.rho;
  if (G) {
    std::map<std::pair<int32_t, int32_t>, int32_t> pairs;
    for (const size_t j : order_) {
      nest_.push_back(d.nest[j]);
      pair_.push_back(pairs.emplace(std::pair(s.firm[j], d.nest[j]), int32_t(pairs.size())).first->second);
    }
    blocks_.pairs = int64_t(pairs.size());
  }
  blocks_.blocks = int64_t(B), blocks_.products = int64_t(J), blocks_.nests = int64_t(G);
  blocks_.firms = s.num_firms();
  blocks_.value = value_.get(), blocks_.alpha = alpha_.data(), blocks_.weight = weight_.data();
  blocks_.firm_begin = firm_begin_.data(), blocks_.nest = nest_.data(), blocks_.pair = pair_.data();
  blocks_.rho = rho_.data();
  for (auto* list : {&share_, &price_, &margin_, &sorted_share_, &lambda_, &gamma_markup_}) list->resize(J);
  reserve((4 * J + 3 * G + size_t(blocks_.pairs)) * 8);
}

void Zeta::lay_out(const std::vector<double>& cost, const std::vector<double>& p) {
  for (size_t k = 0; k < p.size(); ++k) price_[k] = p[order_[k]], margin_[k] = p[order_[k]] - cost[order_[k]];
}

void Zeta::operator()(const std::vector<double>& cost, const std::vector<double>& p, std::vector<double>& markup) {
  lay_out(cost, p);
  kernel_.evaluate(blocks_, price_.data(), margin_.data(), aligned_, sorted_share_.data(), lambda_.data(),
                   gamma_markup_.data());
  markup.resize(p.size());
  for (size_t k = 0; k < p.size(); ++k) {
    share_[order_[k]] = sorted_share_[k];
    markup[order_[k]] = lambda_[k] > 0 ? (gamma_markup_[k] + sorted_share_[k]) / lambda_[k] : 0;
  }
}

Zeta::Welfare Zeta::welfare(const std::vector<double>& p) {
  lay_out(p, p);
  Welfare out{std::vector<double>(p.size()), 0, 0};
  kernel_.welfare(blocks_, price_.data(), aligned_, sorted_share_.data(), &out.outside, &out.surplus);
  for (size_t k = 0; k < p.size(); ++k) out.share[order_[k]] = sorted_share_[k];
  if (std::any_of(alpha_.begin(), alpha_.end(), [](double a) { return !(a > 0); })) out.surplus = std::nan("");
  return out;
}

Zeta::Deviations Zeta::deviate(const std::vector<double>& cost, const std::vector<double>& p,
                               const std::vector<double>& moves, const std::vector<double>& factors) {
  const size_t J = p.size(), F = size_t(blocks_.firms), K = factors.size();
  lay_out(cost, p);
  std::vector<double> moves_laid_out(J);
  for (size_t k = 0; k < J; ++k) moves_laid_out[k] = moves[order_[k]];
  reserve((J + 3 * K) * 8);
  Deviations out{std::vector<double>(J * K), std::vector<double>(J * K), std::vector<double>(F * K),
                 std::vector<double>(F * K)};
  kernel_.deviate(blocks_, price_.data(), margin_.data(), moves_laid_out.data(), factors.data(), int64_t(K), aligned_,
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
