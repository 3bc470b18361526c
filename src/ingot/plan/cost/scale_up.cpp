#include "ingot/plan/cost/scale_up.h"

#include <algorithm>
#include <cmath>

namespace ingot::cost {
namespace {

constexpr double kHoursPerMonth = 730.5;

}  // namespace

Problems ScaleUpOptions::validate() const {
  Problems problems;
  const auto rule = [&](bool holds, const auto&... parts) {
    if (!holds) problems.push_back(detail::join_parts(parts...));
  };
  rule(!factors.empty(), "factors is empty, expected numbers > 0");
  for (const double f : factors) rule(f > 0, "factor is ", f, ", expected > 0");
  rule(chips > 0, "chips is ", chips, ", expected > 0");
  if (tokens_per_param) rule(*tokens_per_param > 0, "tokens_per_param is ", *tokens_per_param, ", expected > 0");
  if (mfu) rule(*mfu > 0 && *mfu <= 1, "mfu is ", *mfu, ", expected a share in (0, 1]");
  rule(confidence > 0 && confidence < 1, "confidence is ", confidence, ", expected a share in (0, 1)");
  return problems;
}

Architecture typical_architecture(double params) {
  require("cost", params > 0, "params is ", params, ", expected > 0");
  const double layers = std::max(2.0, std::round(std::cbrt(params / (12.0 * 128 * 128))));
  const double width = std::sqrt(params / (12 * layers));
  const int64_t head = width >= 2048 ? 128 : 64;
  const int64_t heads = std::max<int64_t>(1, std::llround(width / double(head)));
  Architecture m{.name = "typical",
                 .layers = int64_t(layers),
                 .width = heads * head,
                 .heads = heads,
                 .vocab = 32000,
                 .seq_len = 2048};
  return m;
}

ScaleUp scale_up(const ScalingFit& fit, const HardwareCatalogue& catalogue, const ScaleUpOptions& options,
                 const std::string& day) {
  throw_if_any("scale-up", options.validate());
  throw_if_any("prices", options.prices.validate());
  const Chip& chip = catalogue.chip(options.chip);
  const double chips = double(options.chips), peak = chip.peak_flops(Dtype::Bf16);
  ScaleUp result;
  result.base_params = fit.max_params;
  double price_spread = 0;
  if (options.prices.rental_usd_per_hour) {
    result.usd_per_chip_hour = *options.prices.rental_usd_per_hour;
    result.price_basis = Basis::Assumed;
    result.price_source = "given";
  } else {
    const Price price = catalogue.price(chip, options.prices.contract);
    result.usd_per_chip_hour = price.median;
    result.price_source = price.date + ": " + price.source;
    price_spread = std::max(0.15, std::log(price.high / price.low) / (2 * 1.2816));
    if (is_stale(price.date, day))
      result.warnings.push_back("the newest quote of " + chip.id + " is of " + price.date + ", over 12 months old");
  }
  if (fit.samples.empty())
    result.warnings.emplace_back("the law has no bootstrap samples: intervals leave out its uncertainty");
  if (!fit.sees_floor)
    result.warnings.emplace_back(
        "E is 0: these runs are too small to see the loss that no model goes below, so the "
        "losses of larger models are optimistic");
  const double share = goodput(options.failures, chips).share;

  for (const double factor : options.factors) {
    ScaleUpRow row{.factor = factor, .params = factor * fit.max_params};
    if (options.mfu) {
      row.mfu = *options.mfu;
      row.mfu_basis = Basis::Assumed;
    } else {
      const Architecture m = typical_architecture(row.params);
      const int64_t batch = std::max<int64_t>(2048, options.chips);
      const LayoutSearch search = search_layouts(m, chip, options.chips, batch, {}, options.efficiency);
      row.mfu = search.best ? step_time(m, *search.best, chip, options.efficiency).mfu : 0.35;
      if (!search.best) {
        row.mfu_basis = Basis::Assumed;
        result.warnings.push_back(detail::join_parts("utilisation at ", factor, "x is assumed 0.35: ", search.why));
      }
    }
    // The same arithmetic for the point and for every draw.
    struct Draw {
      double tokens, flop, loss, chip_hours, months, usd;
    };
    const auto evaluate = [&](const ScalingLaw& law, double speed, double price) {
      const double tokens =
          options.tokens_per_param ? *options.tokens_per_param * row.params : optimal_at_params(law, row.params).tokens;
      Draw d{.tokens = tokens, .flop = 6 * row.params * tokens, .loss = law.loss(row.params, tokens)};
      const double seconds = d.flop / (chips * peak * row.mfu * speed * share);
      d.chip_hours = seconds / 3600 * chips;
      d.months = seconds / 3600 / kHoursPerMonth;
      d.usd = d.chip_hours * result.usd_per_chip_hour * price;
      return d;
    };
    const Draw point = evaluate(fit.law, 1, 1);
    std::vector<Draw> draws;
    const size_t n = std::max<size_t>(1000, fit.samples.size());
    for (size_t i = 0; i < n; ++i) {
      Rng rng(options.seed, i);
      const double speed = lognormal(rng, row.mfu_basis == Basis::Predicted ? 0.10 : 0.05),
                   price = lognormal(rng, price_spread);
      draws.push_back(evaluate(fit.samples.empty() ? fit.law : fit.samples[i % fit.samples.size()], speed, price));
    }
    const auto ranged = [&](double Draw::*field) {
      std::vector<double> values;
      for (const auto& d : draws)
        if (std::isfinite(d.*field)) values.push_back(d.*field);
      if (values.empty()) return Ranged{point.*field, point.*field, point.*field};
      const Interval i = interval_of(std::move(values), options.confidence);
      return Ranged{point.*field, i.low, i.high};
    };
    row.tokens = ranged(&Draw::tokens), row.flop = ranged(&Draw::flop), row.loss = ranged(&Draw::loss);
    row.chip_hours = ranged(&Draw::chip_hours), row.months = ranged(&Draw::months), row.usd_rental = ranged(&Draw::usd);
    row.extrapolation = row.flop.value / fit.max_flop;
    if (row.extrapolation > 1e4)
      result.warnings.push_back(detail::join_parts("the ", factor, "x row lies ",
                                                   std::pow(10, std::round(std::log10(row.extrapolation))),
                                                   " times beyond the largest run: read it as an order of magnitude"));
    else if (row.extrapolation > 10)
      result.warnings.push_back(detail::join_parts("the ", factor, "x row extrapolates ", std::round(row.extrapolation),
                                                   " times beyond the largest run"));
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace ingot::cost
