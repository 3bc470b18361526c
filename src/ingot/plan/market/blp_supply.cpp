// The supply side of BLP 1995, section 3.2: what prices say about costs, and how that moves with the demand parameters.
#include <map>

#include "ingot/plan/market/blp_problem.h"

namespace ingot::market::blp {

double price_sensitivity(const BlpData& d, const Theta& theta, double mean_coefficient, int64_t agent) {
  return -(mean_coefficient + (d.price_in_x2 >= 0 ? taste(d, theta, d.price_in_x2, agent) : 0));
}

Markups markups(const BlpData& d, const Theta& theta, const std::vector<Free>& free, Span product, Span agent,
                const Matrix& s, const VectorXd& weight, const MatrixXd& delta_by_theta) {
  const Index J = product.count, I = agent.count;
  VectorXd alpha(I);
  for (Index i = 0; i < I; ++i) alpha(i) = price_sensitivity(d, theta, theta.alpha, agent.begin + i);
  std::map<int32_t, Index> local;
  std::vector<size_t> firm;
  for (Index j = 0; j < J; ++j)
    firm.push_back(size_t(local.emplace(d.firm[size_t(product.begin + j)], Index(local.size())).first->second));

  // 1. (Lambda - O.Gamma) eta = s.
  const VectorXd wa = weight.cwiseProduct(alpha);
  MatrixXd D = -(s.transpose() * wa.asDiagonal() * s);
  for (Index j = 0; j < J; ++j)
    for (Index k = 0; k < J; ++k)
      if (firm[size_t(j)] != firm[size_t(k)]) D(j, k) = 0;
  D.diagonal() += s.transpose() * wa;
  const auto lu = D.partialPivLu();
  Markups out;
  out.eta = lu.solve(s.transpose() * weight);

  // 2. d eta = -D^-1 (dD eta): the shares are observed, they do not move. dD eta needs no third-order array:
  //    (D eta)_j = sum_i w_i alpha_i s_ij (eta_j - m_if), m_if = sum of s_ik eta_k over j's firm.
  out.by_theta.resize(J, Index(free.size()));
  VectorXd v(J), ds(J), r(J);
  std::vector<double> m(local.size()), dm(local.size());
  for (size_t f = 0; f < free.size(); ++f) {
    r.setZero();
    for (Index i = 0; i < I; ++i) {
      const bool mean_price = free[f].kind == Free::Alpha;
      const double draw = mean_price ? 1 : free[f].draw(d, agent.begin + i);
      const double d_alpha = free[f].of_price(d) ? -draw : 0;
      double mean = 0;
      for (Index j = 0; j < J; ++j) {
        v(j) = delta_by_theta(product.begin + j, Index(f));
        if (!mean_price) v(j) += d.x2[size_t((product.begin + j) * d.K2 + free[f].k)] * draw;
        mean += s(i, j) * v(j);
      }
      std::fill(m.begin(), m.end(), 0), std::fill(dm.begin(), dm.end(), 0);
      for (Index j = 0; j < J; ++j) {
        ds(j) = s(i, j) * (v(j) - mean);
        m[firm[size_t(j)]] += s(i, j) * out.eta(j), dm[firm[size_t(j)]] += ds(j) * out.eta(j);
      }
      for (Index j = 0; j < J; ++j) {
        const size_t own = firm[size_t(j)];
        r(j) +=
            weight(i) * ((d_alpha * s(i, j) + alpha(i) * ds(j)) * (out.eta(j) - m[own]) - alpha(i) * s(i, j) * dm[own]);
      }
    }
    out.by_theta.col(Index(f)) = -lu.solve(r);
  }
  return out;
}

}  // namespace ingot::market::blp
