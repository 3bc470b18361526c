// Firms that learn instead of solving: they must end where the equilibrium solvers say.
//   prices: each firm in turn answers the others' last prices (Cournot's tatonnement, Gauss-Seidel), either with the
//     exact best response or by trial and error on its own profit, knowing no demand curve;
//   ladder: each firm in turn replaces its investment policy by the best response to the others' policies, a one-agent
//     dynamic program; a rest point of that is a Markov-perfect equilibrium by definition.
#pragma once

#include <cstdint>
#include <vector>

#include "ingot/plan/market/equilibrium.h"
#include "ingot/plan/market/ladder.h"

namespace ingot::market {

enum class PriceRule {
  BestResponse,  // maximises own profit at the others' prices
  Experiment,    // tries its prices a step up and down, keeps what earned more, halves the step when nothing does
};

struct PriceAgentsConfig {
  PriceRule rule = PriceRule::BestResponse;
  int max_rounds = 2000;
  double tolerance = 1e-12;  // on the largest relative price change of a round (Experiment: on the step)
};

struct PriceAgents {
  bool converged = false;
  int rounds = 0;
  double change = 0;                      // of the last round
  std::vector<double> price;              // [J]
  std::vector<std::vector<double>> path;  // price after each round, the start first
};
// `start` [J]; prices that Supply::fixed sets stay there.
PriceAgents learn_prices(const Demand& demand, const Supply& supply, const std::vector<double>& start,
                         const PriceAgentsConfig& config = {});

struct LadderAgents {
  bool converged = false;
  int rounds = 0;
  double change = 0;     // largest relative policy change of the last round
  double asymmetry = 0;  // largest difference between two firms' policies in mirrored states
  // invest[i][s]: firm i in joint state s = sum_k (w_k - 1) rungs^k, w_k the rung of firm k.
  std::vector<std::vector<double>> invest, value;
  double invest_at(const LadderConfig& config, int firm, const std::vector<int>& rungs) const;
};
// Policies start at random (config.seed). Throws InvalidArgument when rungs^firms is over 20,000.
LadderAgents learn_ladder(const LadderConfig& config, int max_rounds = 500);

}  // namespace ingot::market
