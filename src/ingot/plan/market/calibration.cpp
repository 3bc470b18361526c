#include "ingot/plan/market/calibration.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "ingot/base/csv.h"

namespace ingot::market {
namespace {

std::vector<double> observed_prices(const Industry& m) {
  std::vector<double> p;
  for (const auto& o : m.offers) p.push_back(o.price.value_or(0));
  return p;
}

void set_alpha(Industry& m, double alpha) {
  for (auto& t : m.types) t.alpha *= alpha / m.alpha;
  m.alpha = alpha;
}

// alpha at which the elasticity is `target`: bracketed, then Illinois regula falsi on log alpha.
void reach_elasticity(Industry& m, double target, const std::string& which) {
  const auto prices = observed_prices(m);
  const auto gap = [&](double log_alpha) {
    set_alpha(m, std::exp(log_alpha));
    require("market", invert_shares(m), "demand.elasticity: the observed shares are not reached at alpha ", m.alpha,
            ", expected a smaller elasticity or less spread of price sensitivity");
    return elasticity_at(m, prices, which) - target;  // falls as alpha rises
  };
  double mean_price = 0;
  for (const double p : prices) mean_price += p / double(prices.size());
  double low = std::log(-target / mean_price), at_low = gap(low), high = low, at_high = at_low;
  for (int i = 0; i < 40 && at_low < 0; ++i) high = low, at_high = at_low, at_low = gap(low -= 0.7);
  for (int i = 0; i < 40 && at_high > 0; ++i) low = high, at_low = at_high, at_high = gap(high += 0.7);
  require("market", at_low >= 0 && at_high <= 0, "demand.elasticity: got ", target, ", but the elasticity of ", which,
          " reaches only ", at_high + target, "; expected a value nearer to 0");
  for (int i = 0; i < 200 && high - low > 1e-15 * std::max(1.0, std::fabs(high)) && at_low != 0 && at_high != 0; ++i) {
    double middle = (low * at_high - high * at_low) / (at_high - at_low);
    if (!(middle > low && middle < high)) middle = 0.5 * (low + high);
    const double value = gap(middle);
    if (std::fabs(value) <= 1e-14 * std::fabs(target)) break;
    if (value > 0)
      low = middle, at_low = value, at_high /= 2;
    else
      high = middle, at_high = value, at_low /= 2;
  }
  m.elasticity = elasticity_at(m, prices, which);
}

// BLP 1995, eq. 3.6, for the products whose cost is not given: the margins of a firm solve its own block of
// s_j + sum_k ds_k/dp_j (p_k - c_k) = 0.
void imply_costs(Industry& m) {
  const auto prices = observed_prices(m);
  const Demand demand = m.demand();
  const Shares at = shares(demand, prices);
  std::vector<int32_t> owner;
  for (const auto& o : m.offers) owner.push_back(o.firm);
  const auto derivative = share_derivatives(demand, at, owner);
  const size_t J = m.offers.size();
  const auto falls = [&](size_t j, size_t k) {  // -ds_k/dp_j
    return (j == k ? derivative.lambda[j] : 0) - derivative.gamma[j * J + k];
  };
  Problems problems;
  for (int32_t f = 0; f < int32_t(m.firms.size()); ++f) {
    std::vector<size_t> unknown, known;
    for (size_t j = 0; j < J; ++j)
      if (owner[j] == f) (m.offers[j].cost_implied ? unknown : known).push_back(j);
    const Eigen::Index n = Eigen::Index(unknown.size());
    if (n == 0) continue;
    Eigen::MatrixXd A(n, n);
    Eigen::VectorXd b(n);
    for (Eigen::Index r = 0; r < n; ++r) {
      const size_t j = unknown[size_t(r)];
      b(r) = at.product[j];
      for (const size_t k : known) b(r) -= falls(j, k) * (prices[k] - m.offers[k].cost);
      for (Eigen::Index c = 0; c < n; ++c) A(r, c) = falls(j, unknown[size_t(c)]);
    }
    const Eigen::VectorXd margin = A.partialPivLu().solve(b);
    for (Eigen::Index r = 0; r < n; ++r) {
      const size_t j = unknown[size_t(r)];
      m.offers[j].cost = prices[j] - margin(r);
      if (!(m.offers[j].cost >= 0)) {
        const double own = -falls(j, j) * prices[j] / at.product[j];
        problems.push_back(ingot::detail::join_parts(
            "product ", m.offers[j].name, ": price ", prices[j], " and own elasticity ", own, " imply a cost of ",
            m.offers[j].cost,
            ", expected >= 0: a firm prices where its demand is elastic; give its cost, a stronger elasticity, more "
            "sigma_price, or mark it fixed"));
      }
    }
  }
  throw_if_any("market", problems);
}

}  // namespace

std::vector<std::pair<double, double>> gauss_hermite(int n) {
  Eigen::MatrixXd jacobi = Eigen::MatrixXd::Zero(n, n);
  for (int i = 1; i < n; ++i) jacobi(i, i - 1) = jacobi(i - 1, i) = std::sqrt(double(i));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(jacobi);
  std::vector<std::pair<double, double>> out;
  for (int i = 0; i < n; ++i)
    out.emplace_back(n == 1 ? 0 : solver.eigenvalues()(i), std::pow(solver.eigenvectors()(0, i), 2));
  return out;
}

bool invert_shares(Industry& m) {
  const size_t J = m.offers.size(), G = m.nests.size();
  const auto prices = observed_prices(m);
  double inside = 0, rho = 0;
  std::vector<double> nest(G, 0);
  for (const auto& o : m.offers) {
    inside += *o.share;
    if (G) nest[size_t(o.nest)] += *o.share;
  }
  for (const double r : m.rho) rho = std::max(rho, r);
  // Berry 1994, eq. 27: exact for one type, a start for many.
  const auto& first = m.types.front();
  for (size_t j = 0; j < J; ++j) {
    Offer& o = m.offers[j];
    o.base = std::log(*o.share) - std::log(1 - inside) + first.alpha * prices[j] -
             m.quality_weight * first.quality_taste * o.quality;
    if (G) o.base -= m.rho[size_t(o.nest)] * std::log(*o.share / nest[size_t(o.nest)]);
  }
  if (m.types.size() == 1 && m.types[0].loyalty == 0) return true;

  // Contraction on base, accelerated by SQUAREM (Varadhan & Roland 2008, S3).
  Demand d = m.demand();
  std::vector<double> base(J);
  for (size_t j = 0; j < J; ++j) base[j] = m.offers[j].base;
  std::vector<double> rest(d.value.size());
  for (size_t i = 0; i < m.types.size(); ++i)
    for (size_t j = 0; j < J; ++j) rest[i * J + j] = d.value[i * J + j] - base[j];
  double worst = 0;
  const auto step = [&](const std::vector<double>& at) {
    for (size_t i = 0; i < m.types.size(); ++i)
      for (size_t j = 0; j < J; ++j) d.value[i * J + j] = rest[i * J + j] + at[j];
    const auto predicted = shares(d, prices).product;
    std::vector<double> next(J);
    worst = 0;
    for (size_t j = 0; j < J; ++j) {
      const double r = std::log(*m.offers[j].share) - std::log(predicted[j]);
      next[j] = at[j] + (1 - rho) * r;
      worst = std::max(worst, std::fabs(r));
    }
    return next;
  };
  for (int evaluations = 0; evaluations < 5000; evaluations += 3) {
    const auto one = step(base);
    if (!std::isfinite(worst)) return false;
    if (worst <= 1e-14) break;
    const auto two = step(one);
    if (evaluations > 60 && worst <= 2e-13) {  // rounding in log shares
      base = two;
      break;
    }
    double rr = 0, vv = 0;
    for (size_t j = 0; j < J; ++j) {
      const double r = one[j] - base[j], v = two[j] - one[j] - r;
      rr += r * r, vv += v * v;
    }
    const double length = -std::max(1.0, std::sqrt(rr / std::max(vv, 1e-300)));
    std::vector<double> leap(J);
    bool finite = true;
    for (size_t j = 0; j < J; ++j) {
      const double r = one[j] - base[j], v = two[j] - one[j] - r;
      leap[j] = base[j] - 2 * length * r + length * length * v;
      finite = finite && std::isfinite(leap[j]);
    }
    if (finite) leap = step(leap);
    base = finite && std::isfinite(worst) ? leap : two;
  }
  step(base);
  for (size_t j = 0; j < J; ++j) m.offers[j].base = base[j];
  return worst <= 1e-10;
}

double elasticity_at(const Industry& m, const std::vector<double>& prices, const std::string& which) {
  const Demand d = m.demand();
  const size_t J = prices.size();
  if (which != "own" && which != "market") {
    const size_t j = m.offer_index(which);
    return elasticities(d, prices)[j * J + j];
  }
  const Shares at = shares(d, prices);
  const auto derivative = share_derivatives(d, at);
  double inside = 0, change = 0;
  for (size_t j = 0; j < J; ++j) {
    inside += at.product[j];
    change -= derivative.lambda[j] * prices[j];
    if (which == "own")
      change += derivative.gamma[j * J + j] * prices[j];
    else
      for (size_t k = 0; k < J; ++k) change += derivative.gamma[j * J + k] * prices[k];
  }
  return change / inside;
}

void calibrate(Industry& m, std::optional<double> alpha, std::optional<double> elasticity,
               const std::string& elasticity_of) {
  m.alpha = 1;  // the types so far are relative to it
  const bool observed = m.offers.front().share.has_value();
  if (alpha) set_alpha(m, *alpha);
  if (observed && alpha)
    require("market", invert_shares(m), "demand.alpha: the observed shares are not reached at ", *alpha,
            ", expected a smaller value or less spread of price sensitivity");
  if (elasticity) reach_elasticity(m, *elasticity, elasticity_of);
  if (observed) {
    if (!m.elasticity) m.elasticity = elasticity_at(m, observed_prices(m), elasticity_of);
    imply_costs(m);
  }
}

std::vector<ProductSection> read_products(const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  const std::vector<std::string> text = {"name", "firm", "tier", "channel", "nest", "serve"},
                                 numbers = {"price", "share", "value", "cost", "quality"},
                                 free = {"source", "date", "evidence", "note"};
  std::vector<std::string> all = text;
  all.insert(all.end(), numbers.begin(), numbers.end());
  all.push_back("fixed");
  Problems problems;
  for (const auto& column : table.header)
    if (std::find(all.begin(), all.end(), column) == all.end() &&
        std::find(free.begin(), free.end(), column) == free.end())
      problems.push_back(table.origin + ":1: unknown column '" + column + "'" + suggest(column, all));
  throw_if_any("market", problems);
  std::vector<ProductSection> rows;
  for (size_t i = 0; i < table.rows.size(); ++i) {
    Json row = Json::object();
    for (const auto& column : table.header) {
      const std::string& cell = table.text(i, column);
      if (cell.empty() || std::find(free.begin(), free.end(), column) != free.end()) continue;
      if (column == "fixed") {
        require("market", cell == "0" || cell == "1" || cell == "true" || cell == "false", table.origin, ":",
                table.lines[i], ": fixed is '", cell, "', expected 0, 1, true or false");
        row[column] = cell == "1" || cell == "true";
      } else if (std::find(numbers.begin(), numbers.end(), column) != numbers.end()) {
        row[column] = table.number(i, column);
      } else {
        row[column] = cell;
      }
    }
    const Document document{.root = row, .origin = table.origin + ":" + std::to_string(table.lines[i]), .where = {}};
    rows.push_back(read_config<ProductSection>(document, ""));
  }
  return rows;
}

}  // namespace ingot::market
