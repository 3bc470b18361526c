// The capability race as a quality ladder with investment: Ericson & Pakes 1995, computed as Pakes & McGuire 1994, in
// the parameterisation of Borkovsky, Doraszelski & Kryukov 2012. n firms, no entry or exit. Each period:
//   prices: static logit equilibrium of the firms' qualities g(w);
//   a firm that invests x gains a rung with probability a x / (1 + a x); with probability delta the frontier moves on
//   and every firm loses one. Rungs are cut off at 1 and L.
// For many firms: oblivious equilibrium (Weintraub, Benkard & Van Roy 2008), in which a firm watches its own rung and
// the long-run average of the industry.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingot/base/error.h"

namespace ingot::market {

struct LadderConfig {
  int firms = 2;              // 2 to 4 for the Markov-perfect equilibrium, any number for the oblivious one
  int rungs = 18;             // L
  double market_size = 5;     // M
  double marginal_cost = 5;   // c
  double discount = 0.925;    // beta, in (0, 1)
  double effectiveness = 3;   // alpha: success of one unit of investment
  double depreciation = 0.7;  // delta: probability that the frontier moves on
  int knee = 5;               // w*: g(w) = 3 w - 4 up to it, 12 + log(2 - exp(16 - 3 w)) above
  double tolerance = 1e-13;   // on the relative change of values and policies
  int max_iterations = 20000;
  int starts = 1;  // multi-start: more than 1 looks for further equilibria
  uint64_t seed = 0;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("firms", self.firms, "2 to 4 for the Markov-perfect equilibrium, any number for the oblivious one");
    v("rungs", self.rungs, "rungs of the ladder");
    v("market_size", self.market_size, "consumers");
    v("marginal_cost", self.marginal_cost, "of one unit");
    v("discount", self.discount, "of one period, in (0, 1)");
    v("effectiveness", self.effectiveness, "success of one unit of investment: a x / (1 + a x)");
    v("depreciation", self.depreciation, "chance that the frontier moves on by a rung");
    v("knee", self.knee, "rung up to which quality is linear");
    v("tolerance", self.tolerance, "on the relative change of values and policies");
    v("max_iterations", self.max_iterations, "sweeps over all states");
    v("starts", self.starts, "random starts that look for further equilibria");
    v("seed", self.seed, "of the random starts");
  }
  Problems validate() const;
};

double ladder_quality(const LadderConfig& config, int rung);  // g(w)

// Values and policies over (own rung, rivals' rungs sorted). Rungs count from 1.
struct LadderEquilibrium {
  LadderConfig config;
  bool converged = false;
  int iterations = 0;
  double residual = 0;                               // largest relative Bellman and best-response residual
  std::vector<double> value, invest, profit, price;  // [state]
  int num_equilibria = 1;                            // distinct ones found from `starts` starts
  std::vector<LadderEquilibrium> others;             // the further ones, without `others` of their own
  std::vector<std::vector<int>> states;              // [state] own rung first, then the rivals' sorted
  size_t state(int own, std::vector<int> rivals) const;
  double value_at(int own, const std::vector<int>& rivals) const { return value[state(own, rivals)]; }
};
LadderEquilibrium solve_ladder(const LadderConfig& config);

// Long-run distribution over the states as one firm sees them, from the start where everybody is on `from`.
std::vector<double> ergodic(const LadderEquilibrium& equilibrium, int from = 1);

struct LadderSummary {  // long-run means over `ergodic`
  double rung = 0, invest = 0, price = 0, profit = 0, value = 0,
         lead = 0;            // lead: own rung above the best rival's, if > 0
  std::vector<double> rungs;  // [L] how often the firm is on each rung
};
LadderSummary summarize(const LadderEquilibrium& equilibrium);

// Long-run distribution over joint rungs of two firms under the equilibrium policies: [L, L] row-major.
std::vector<double> ergodic_duopoly(const LadderEquilibrium& equilibrium);

struct ObliviousEquilibrium {
  bool converged = false;
  std::string why;
  int iterations = 0;
  double residual = 0;
  std::vector<double> value, invest, profit, share_of_firms;  // [L]
};
ObliviousEquilibrium solve_oblivious(const LadderConfig& config);

// Lee & Wilde 1980: n identical firms spend x per period until one wins the prize; hazard h(x) = scale x^curvature.
struct RaceConfig {
  int firms = 2;
  double prize = 100;
  double interest = 0.05;
  double scale = 0.1, curvature = 0.5;  // curvature in (0, 1)

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("firms", self.firms, "firms in the race");
    v("prize", self.prize, "value of winning");
    v("interest", self.interest, "discount rate of one period");
    v("scale", self.scale, "hazard of one unit of spending");
    v("curvature", self.curvature, "hazard is scale x spending ^ curvature, in (0, 1)");
  }
  Problems validate() const;
};
struct Race {
  double spend = 0;          // x*, per firm and period
  double hazard = 0;         // of one firm
  double value = 0;          // of taking part
  double mean_duration = 0;  // periods until somebody wins
  double foc_residual = 0;
};
Race solve_race(const RaceConfig& config);

}  // namespace ingot::market
