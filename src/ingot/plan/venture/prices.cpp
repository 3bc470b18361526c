#include "ingot/plan/venture/prices.h"

#include <algorithm>
#include <cmath>

namespace ingot::venture {
namespace {

// Shares of one type: s_j, and s_j|g inside nests. Cardell 1997: u_j / (1 - rho_g) inside, (1 - rho_g) log I_g above.
void type_shares(const Numbers& n, const MarketMonth& m, size_t i, double* share, double* within) {
  const double alpha = n.types[i].alpha;
  const int J = m.products, G = int(n.rho.size());
  double inclusive[kMaxNests] = {}, total = 1;
  for (int j = 0; j < J; ++j) {
    within[j] = 0;
    if (!m.sold[j]) {
      share[j] = 0;
      continue;
    }
    const int g = n.products[size_t(j)].nest;
    const double u = m.value[i][j] - alpha * m.price[j];
    share[j] = std::exp(g < 0 ? u : u / (1 - n.rho[size_t(g)]));
    (g < 0 ? total : inclusive[g]) += share[j];
  }
  double upper[kMaxNests] = {};
  for (int g = 0; g < G; ++g)
    if (inclusive[g] > 0) upper[g] = std::pow(inclusive[g], 1 - n.rho[size_t(g)]), total += upper[g];
  for (int j = 0; j < J; ++j) {
    const int g = n.products[size_t(j)].nest;
    if (g < 0 || inclusive[g] == 0) {
      share[j] /= total;
    } else {
      within[j] = share[j] / inclusive[g];
      share[j] = within[j] * upper[g] / total;
    }
  }
}

}  // namespace

void PriceSolver::start() {
  log_total_ = 0;
  for (auto& x : markup_) x = 1.5;
  for (auto& m : margin_) m = -1;
  warm_ = false;
}

bool PriceSolver::solve(MarketMonth& m) {
  const bool good = n_->types.size() == 1 && n_->rho.empty() ? solve_plain(m) : solve_zeta(m);
  shares(m);
  return good;
}

void PriceSolver::shares(MarketMonth& m) const {
  double share[kMaxProducts], within[kMaxProducts];
  for (int j = 0; j < m.products; ++j) m.share[j] = 0;
  for (size_t i = 0; i < n_->types.size(); ++i) {
    type_shares(*n_, m, i, share, within);
    for (int j = 0; j < m.products; ++j) m.share[j] += n_->types[i].weight * share[j];
  }
}

bool PriceSolver::solve_plain(MarketMonth& m) {
  const int F = int(n_->firms.size());
  const double alpha = n_->types[0].alpha;
  double weight[kMaxFirms] = {}, log_weight[kMaxFirms], fixed = 1;
  for (int j = 0; j < m.products; ++j) {
    if (!m.sold[j]) continue;
    if (m.given[j])
      fixed += std::exp(m.value[0][j] - alpha * m.price[j]);
    else
      weight[m.owner[j]] += std::exp(m.value[0][j] - alpha * m.cost[j]);
  }
  double high = fixed;
  for (int f = 0; f < F; ++f)
    if (weight[f] > 0) log_weight[f] = std::log(weight[f]), high += weight[f];
  const double low = std::log(fixed), top = std::log(high);  // D lies between: markups are positive and finite
  log_total_ = warm_ ? std::clamp(log_total_, low, top) : 0.5 * (low + top);
  warm_ = false;
  for (int step = 0; step < 100 && !warm_; ++step) {
    double total = fixed, slope = 0, worst = 0;
    const double D = std::exp(log_total_);
    for (int f = 0; f < F; ++f) {
      if (!(weight[f] > 0)) continue;
      // g(x) = log((x - 1) / x) + x - log(a / D) = 0, one Newton step.
      double& x = markup_[f];
      const double move = (std::log1p(-1 / x) + x - log_weight[f] + log_total_) / (1 / (x * (x - 1)) + 1);
      x = x - move > 1 ? x - move : 1 + (x - 1) / 4;
      worst = std::max(worst, std::fabs(move) / x);
      const double sold = weight[f] * std::exp(-x);
      total += sold;
      slope += sold / (1 / (x * (x - 1)) + 1);
    }
    const double move = (total - D) / (D - slope);
    warm_ = worst < 1e-10 && std::fabs(move) < 1e-10;
    log_total_ = std::clamp(log_total_ + std::clamp(move, -2.0, 2.0), low, top);
  }
  for (int j = 0; j < m.products; ++j)
    if (m.sold[j] && !m.given[j]) m.price[j] = m.cost[j] + markup_[m.owner[j]] / alpha;
  if (!warm_) start();
  return warm_;
}

// zeta_j = (s_j + sum_i w_i alpha_i s_ij (G_if + N_ijf)) / Lambda_j with G the firm's margin per consumer and N the
// part of its own nest; Lambda_j = sum_i w_i alpha_i s_ij / (1 - rho).
bool PriceSolver::solve_zeta(MarketMonth& m) {
  const int J = m.products, F = int(n_->firms.size());
  double alpha = 0;
  for (const auto& t : n_->types) alpha += t.weight * t.alpha;
  for (int j = 0; j < J; ++j)
    if (m.sold[j] && !m.given[j]) m.price[j] = m.cost[j] + (margin_[j] > 0 ? margin_[j] : 1.3 / alpha);
  for (int step = 0; step < 400; ++step) {
    double top[kMaxProducts] = {}, lambda[kMaxProducts] = {}, share[kMaxProducts], within[kMaxProducts];
    for (size_t i = 0; i < n_->types.size(); ++i) {
      type_shares(*n_, m, i, share, within);
      double firm[kMaxFirms] = {}, nest[kMaxFirms][kMaxNests] = {};
      for (int j = 0; j < J; ++j) {
        if (!m.sold[j] || m.given[j]) continue;
        const double margin = m.price[j] - m.cost[j];
        firm[m.owner[j]] += share[j] * margin;
        if (const int g = n_->products[size_t(j)].nest; g >= 0) nest[m.owner[j]][g] += within[j] * margin;
      }
      const double w = n_->types[i].weight, wa = w * n_->types[i].alpha;
      for (int j = 0; j < J; ++j) {
        const int g = n_->products[size_t(j)].nest;
        const double rho = g < 0 ? 0 : n_->rho[size_t(g)];
        lambda[j] += wa * share[j] / (1 - rho);
        top[j] +=
            w * share[j] + wa * share[j] * (firm[m.owner[j]] + (g < 0 ? 0 : rho / (1 - rho) * nest[m.owner[j]][g]));
      }
    }
    double worst = 0;
    for (int j = 0; j < J; ++j) {
      if (!m.sold[j] || m.given[j] || !(lambda[j] > 0)) continue;
      const double price = m.cost[j] + top[j] / lambda[j];
      worst = std::max(worst, std::fabs(price - m.price[j]) / price);
      m.price[j] = price;
      margin_[j] = price - m.cost[j];
    }
    if (worst < 1e-7) return true;
    if (!std::isfinite(worst)) break;
  }
  for (int f = 0; f < F; ++f) markup_[f] = 1.5;
  start();
  return false;
}

}  // namespace ingot::venture
