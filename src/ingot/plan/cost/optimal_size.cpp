#include "ingot/plan/cost/optimal_size.h"

#include <cmath>

#include "ingot/base/error.h"
#include "ingot/plan/cost/minimize.h"

namespace ingot::cost {
namespace {

double ratio(const ScalingLaw& law) {
  return std::pow(law.alpha * law.A / (law.beta * law.B), 1 / (law.alpha + law.beta));
}

void check_loss(const ScalingLaw& law, double loss) {
  require("scaling", loss > law.E, "loss is ", loss, ", expected > E = ", law.E,
          ", which no model of this law goes below");
}

}  // namespace

OptimalSize compute_optimal(const ScalingLaw& law, double flop) {
  require("scaling", flop > 0, "flop is ", flop, ", expected > 0");
  const double n = ratio(law) * std::pow(flop / 6, law.beta / (law.alpha + law.beta)), d = flop / (6 * n);
  return {n, d, flop, law.loss(n, d)};
}

OptimalSize budget_for_loss(const ScalingLaw& law, double loss) {
  check_loss(law, loss);
  // At the optimum both terms fall with (C/6)^-gamma, so their sum is a power law of C.
  const double gamma = law.alpha * law.beta / (law.alpha + law.beta), g = ratio(law);
  const double k = law.A * std::pow(g, -law.alpha) + law.B * std::pow(g, law.beta);
  return compute_optimal(law, 6 * std::pow(k / (loss - law.E), 1 / gamma));
}

OptimalSize optimal_at_params(const ScalingLaw& law, double params) {
  require("scaling", params > 0, "params is ", params, ", expected > 0");
  return compute_optimal(law, 6 * std::pow(params / ratio(law), (law.alpha + law.beta) / law.beta));
}

LifetimeOptimal lifetime_optimal(const ScalingLaw& law, double loss, double inference_tokens, double train_rate,
                                 double serve_rate) {
  check_loss(law, loss);
  require("scaling", inference_tokens >= 0, "inference_tokens is ", inference_tokens, ", expected >= 0");
  require("scaling", train_rate > 0 && serve_rate >= 0, "rates are ", train_rate, " and ", serve_rate,
          ", expected > 0");
  const auto tokens = [&](double n) {
    return std::pow(law.B / (loss - law.E - law.A / std::pow(n, law.alpha)), 1 / law.beta);
  };
  const auto cost = [&](double log_n) {
    const double n = std::exp(log_n);
    return std::log(train_rate * 6 * n * tokens(n) + serve_rate * 2 * n * inference_tokens);
  };
  const OptimalSize best_training = budget_for_loss(law, loss);
  // Serving only makes smaller models better; below n_min no number of tokens reaches the loss.
  const double log_min = std::log(law.A / (loss - law.E)) / law.alpha;
  const double n = std::exp(minimize_golden(cost, log_min + 1e-9, std::log(best_training.params)));
  const double d = tokens(n);
  LifetimeOptimal result{.size = {n, d, 6 * n * d, law.loss(n, d)}, .compute_optimal = best_training};
  result.train_cost = train_rate * 6 * n * d;
  result.serve_cost = serve_rate * 2 * n * inference_tokens;
  result.compute_optimal_cost =
      train_rate * best_training.flop + serve_rate * 2 * best_training.params * inference_tokens;
  return result;
}

}  // namespace ingot::cost
