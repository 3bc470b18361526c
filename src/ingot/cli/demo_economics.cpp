// From measured small runs to months and money for larger ones. Every figure keeps its basis.
#include <algorithm>
#include <cmath>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/cli/demo.h"
#include "ingot/formats/metrics_log.h"
#include "ingot/plan/cost/hardware.h"
#include "ingot/plan/cost/optimal_size.h"
#include "ingot/plan/cost/scale_up.h"

namespace ingot::cli {
namespace {

// Of Besiroglu et al. 2024, table 1 ("our estimate"): a handful of small runs cannot tell both exponents.
constexpr double kAlpha = 0.3478, kBeta = 0.3658;
constexpr double kConfidence = 0.8;
constexpr double kSecondsPerYear = 31557600;

// Every evaluation of a run under a constant learning rate is a point (N, D, loss).
std::vector<cost::ScalingPoint> points_of(const fs::path& run_folder) {
  const auto record = read_json(run_folder / "run.json");
  const double params = record.at("model").at("parameters").get<double>();
  const double tokens_per_step =
      record.at("train").at("units").get<double>() / record.at("train").at("steps").get<double>();
  std::vector<cost::ScalingPoint> points;
  for (const auto& event : read_metrics(run_folder)) {
    if (event.value("event", "") == "eval" && event.contains("loss"))
      points.push_back(
          {params, tokens_per_step * event["step"].get<double>(), event["loss"].get<double>(), run_folder.string()});
  }
  return points;
}

Json interval(const cost::Interval& i) { return {{"low", i.low}, {"high", i.high}}; }
Json ranged(const cost::Ranged& r, double times = 1) {
  return {{"value", r.value * times}, {"low", r.low * times}, {"high", r.high * times}};
}

// The k-th step up: final run by the law and the catalogue, research and people by the assumptions.
Json step_up(int k, double params, const cost::ScalingFit& fit, double flops_here, const FundingConfig& f,
             const cost::HardwareCatalogue& catalogue) {
  cost::ScaleUpOptions options;
  options.factors = {std::pow(10, k) * params / fit.max_params};
  options.chip = f.chip;
  options.mfu = f.mfu;
  options.confidence = kConfidence;
  options.chips = 1;
  auto up = cost::scale_up(fit, catalogue, options, today());
  // As many chips, a power of two, as do all compute within compute_months.
  while (up.rows[0].months.value / f.rd_share > f.compute_months && options.chips < (1 << 20)) {
    options.chips *= 2;
    up = cost::scale_up(fit, catalogue, options, today());
  }
  const auto& row = up.rows[0];
  const double growth = std::pow(1.5, k - 1);
  const double prepare = f.prepare_months * growth, team = double(f.team) * growth;
  const double compute_months = row.months.value / f.rd_share;
  const double months = prepare + compute_months;
  const double people = months * team * f.usd_per_person_month;
  const Json compute = ranged(row.usd_rental, 1 / f.rd_share);
  Json total = compute;
  for (auto& [end, usd] : total.items()) usd = usd.get<double>() + people;
  return {{"times", std::pow(10, k)},
          {"params", row.params},
          {"tokens", ranged(row.tokens)},
          {"flop", ranged(row.flop)},
          {"loss", ranged(row.loss)},
          {"years_here", row.flop.value / flops_here / kSecondsPerYear},
          {"chips", options.chips},
          {"usd_final_run", ranged(row.usd_rental)},
          {"usd_compute", compute},
          {"compute_months", compute_months},
          {"prepare_months", prepare},
          {"team", team},
          {"months", months},
          {"usd_people", people},
          {"usd", total},
          {"warnings", up.warnings}};
}

}  // namespace

Problems FundingConfig::validate() const {
  Problems problems;
  const auto positive = [&](const char* name, double value) {
    if (!(value > 0)) problems.push_back(detail::join_parts(name, ": got ", value, ", expected > 0"));
  };
  positive("compute_months", compute_months);
  positive("prepare_months", prepare_months);
  positive("team", double(team));
  positive("usd_per_person_month", usd_per_person_month);
  positive("usd_per_hour_here", usd_per_hour_here);
  if (!(mfu > 0 && mfu <= 1)) problems.push_back(detail::join_parts("mfu: got ", mfu, ", expected over 0, up to 1"));
  if (!(rd_share > 0 && rd_share <= 1))
    problems.push_back(detail::join_parts("rd_share: got ", rd_share, ", expected over 0, up to 1"));
  return problems;
}

Json demo_economics(const fs::path& folder, const DemoPlan& plan, const FundingConfig& funding) {
  throw_if_any("funding", funding.validate());
  const auto catalogue = cost::HardwareCatalogue::load();
  const auto& chip = catalogue.chip(funding.chip);
  const auto price = catalogue.price(chip, cost::Contract::OnDemand);

  std::vector<cost::ScalingPoint> points;
  for (const auto& size : plan.ladder)
    for (auto& point : points_of(folder / "runs" / size.name)) points.push_back(std::move(point));
  cost::FitOptions options;
  options.alpha = kAlpha;
  options.beta = kBeta;
  options.bootstrap = 400;
  options.confidence = kConfidence;
  const auto fit = cost::fit_scaling_law(points, options);

  const auto main = read_json(folder / "runs" / plan.main.name / "run.json");
  const auto& train = main.at("train");
  const double params = main.at("model").at("parameters"), tokens = train.at("units"), rate = train.at("units_per_s");
  const double flops_here = rate * main.at("model").at("flops_per_unit").get<double>();

  Json law = {{"A", fit.law.A}, {"B", fit.law.B}, {"E", fit.law.E}, {"alpha", kAlpha}, {"beta", kBeta}};
  law["intervals"] = {{"A", interval(fit.A)}, {"B", interval(fit.B)}, {"E", interval(fit.E)}};
  law["num_points"] = fit.num_points;
  law["rms_log_error"] = fit.rms_log_error;
  law["max_params"] = fit.max_params;
  law["max_tokens"] = fit.max_tokens;
  law["confidence"] = kConfidence;
  for (const auto& p : points) law["points"].push_back({p.params, p.tokens, p.loss});
  // The curve that the report draws: the loss of the compute-optimal model of each size, with its band.
  for (double n = params / 20; n <= params * 1100; n *= 1.6) {
    const double tokens = cost::optimal_at_params(fit.law, n).tokens;
    std::vector<double> losses;
    for (const auto& sample : fit.samples) losses.push_back(sample.loss(n, tokens));
    const auto range = cost::interval_of(losses, kConfidence);
    law["curve"].push_back({n, fit.law.loss(n, tokens), range.low, range.high});
  }
  // How the law does on the run that it was not fitted to: constant rates against a decayed one, so expect it above.
  const double forecast = fit.law.loss(params, tokens);
  law["check"] = {
      {"run", plan.main.name}, {"forecast", forecast}, {"actual", main.at("eval").at("validation").at("loss")}};

  Json estimates = Json::array();
  for (int k = 1; k <= 3; ++k) estimates.push_back(step_up(k, params, fit, flops_here, funding, catalogue));
  return {{"law", law},
          {"flops_here", flops_here},
          {"usd_run", train.at("wall_s").get<double>() / 3600 * funding.usd_per_hour_here},
          {"usd_per_million_trained", 1e6 / rate / 3600 * funding.usd_per_hour_here},
          {"funding", write_config(funding)},
          {"chip",
           {{"name", chip.name},
            {"usd_per_hour", price.median},
            {"low", price.low},
            {"high", price.high},
            {"date", price.date},
            {"source", price.source},
            {"quotes", price.num_quotes}}},
          {"estimates", estimates}};
}

}  // namespace ingot::cli
