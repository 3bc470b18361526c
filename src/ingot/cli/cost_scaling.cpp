// `ingot cost scaling`, `ingot cost scale-up` and `ingot cost actual`.
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/cost.h"
#include "ingot/plan/cost/scale_up.h"

namespace ingot::cli {
namespace {

// Where the law comes from: a CSV, run folders, a published fit, or the built-in Chinchilla points.
struct LawFlags : CostFlags {
  std::string csv_file, law;
  std::vector<std::string> runs;
  int drop_highest = 0, bootstrap = 300;
  uint64_t seed = 0;
  double delta = 1e-3, confidence = 0.8;
  bool fix_exponents = false;

  void add_law(CLI::App& command) {
    command.add_option("--points", csv_file, "CSV with columns params, loss and tokens (or training_flop)")
        ->check(CLI::ExistingFile);
    command.add_option("--runs", runs, "run folders, or folders of run folders");
    command.add_option("--law", law, "a published fit instead: part of a name in facts/scaling_laws.csv");
    command.add_option("--drop-highest", drop_highest, "leave out the points of the k highest losses");
    command.add_option("--bootstrap", bootstrap, "resamples behind the intervals");
    command.add_option("--seed", seed, "seed of the resamples");
    command.add_option("--delta", delta, "Huber delta on the log loss");
    command.add_option("--confidence", confidence, "share of the resamples inside an interval");
    command.add_flag("--fix-exponents", fix_exponents,
                     "hold alpha and beta at Besiroglu's 0.3478 and 0.3658: for few runs");
  }
  std::string source;  // filled by fit()
  cost::ScalingFit fit() {
    require("scaling", int(!csv_file.empty()) + int(!runs.empty()) + int(!law.empty()) <= 1,
            "more than one of --points, --runs and --law is given, expected one");
    cost::FitOptions options{.huber_delta = delta,
                             .drop_highest = drop_highest,
                             .bootstrap = bootstrap,
                             .confidence = confidence,
                             .seed = seed};
    if (fix_exponents) options.alpha = 0.3478, options.beta = 0.3658;
    if (!law.empty()) {
      source = "facts/scaling_laws.csv: " + law;
      cost::ScalingFit fit;
      fit.law = cost::published_law(law, facts_folder());
      fit.max_params = 16e9, fit.max_flop = 3e22;  // the largest runs of Hoffmann et al. 2022
      return fit;
    }
    if (!runs.empty()) {
      const auto points = cost::scaling_points(cost::read_runs(runs));
      source = fmt::format("{} finished runs", points.size());
      return cost::fit_scaling_law(points, options);
    }
    if (!csv_file.empty()) {
      source = csv_file;
      return cost::fit_scaling_law(cost::read_scaling_points(read_csv(csv_file)), options);
    }
    source = "facts/chinchilla_points.csv (Hoffmann et al. 2022, fig. 4)";
    if (options.drop_highest == 0) options.drop_highest = 5;
    return cost::fit_scaling_law(cost::read_scaling_points(cost::read_facts("chinchilla_points.csv", facts_folder())),
                                 options);
  }
};

int run_fit(LawFlags& flags) {
  const auto fit = flags.fit();
  TextTable table({"parameter", "value", "low", "high"});
  Json law = Json::object(), intervals = Json::object();
  const auto row = [&](const char* name, double value, cost::Interval i) {
    const bool known = !fit.samples.empty();
    table.add({name, fmt::format("{:.6g}", value), known ? fmt::format("{:.4g}", i.low) : "",
               known ? fmt::format("{:.4g}", i.high) : ""});
    law[name] = value;
    if (known) intervals[name] = {i.low, i.high};
  };
  row("E", fit.law.E, fit.E), row("A", fit.law.A, fit.A), row("alpha", fit.law.alpha, fit.alpha);
  row("B", fit.law.B, fit.B), row("beta", fit.law.beta, fit.beta);
  const Json json = {{"law", law},
                     {"intervals", intervals},
                     {"confidence", flags.confidence},
                     {"objective", fit.objective},
                     {"gradient_norm", fit.gradient_norm},
                     {"rms_log_error", fit.rms_log_error},
                     {"points", fit.num_points},
                     {"resamples", fit.samples.size()},
                     {"max_params", fit.max_params},
                     {"max_flop", fit.max_flop},
                     {"source", flags.source}};
  std::vector<std::string> notes{fmt::format("loss = E + A / N^alpha + B / D^beta, from {}", flags.source)};
  if (fit.num_points)
    notes.push_back(
        fmt::format("{} points, Huber objective {:.10e}, rms log error {:.4f}, {} descents to {} distinct optima",
                    fit.num_points, fit.objective, fit.rms_log_error, fit.num_starts, fit.num_distinct_optima));
  if (!fit.sees_floor)
    notes.emplace_back("warning: E is 0: these points are too small to see the loss that no model goes below");
  if (int(fit.samples.size()) < flags.bootstrap && flags.law.empty())
    notes.push_back(fmt::format("warning: only {} of {} resamples determine the law: read the intervals as too narrow",
                                fit.samples.size(), flags.bootstrap));
  print_result(flags, table, json, notes);
  return 0;
}

struct OptimalFlags : LawFlags {
  std::optional<double> flop, loss, params;
  double inference_tokens = 0, train_usd_per_pflop = 0, serve_usd_per_pflop = 0;
};

int run_optimal(OptimalFlags& flags) {
  require("scaling", int(flags.flop.has_value()) + int(flags.loss.has_value()) + int(flags.params.has_value()) == 1,
          "the target is missing or given twice, expected one of --flop, --loss and --params");
  const auto fit = flags.fit();
  const auto solve = [&](const cost::ScalingLaw& law) {
    return flags.flop   ? cost::compute_optimal(law, *flags.flop)
           : flags.loss ? cost::budget_for_loss(law, *flags.loss)
                        : cost::optimal_at_params(law, *flags.params);
  };
  TextTable table({"", "params", "tokens", "tokens/param", "FLOP", "loss"});
  Json rows = Json::array();
  const auto add = [&](const std::string& name, const cost::OptimalSize& s) {
    table.add({name, si(s.params), si(s.tokens), fmt::format("{:.3g}", s.tokens / s.params),
               fmt::format("{:.4g}", s.flop), fmt::format("{:.4f}", s.loss)});
    rows.push_back({{"name", name}, {"params", s.params}, {"tokens", s.tokens}, {"flop", s.flop}, {"loss", s.loss}});
  };
  const auto best = solve(fit.law);
  add("compute-optimal", best);
  if (!fit.samples.empty()) {
    std::vector<double> n, d, c, l;
    for (const auto& law : fit.samples) {
      if (flags.loss && *flags.loss <= law.E) continue;  // such a law cannot reach the target at any price
      const auto s = solve(law);
      n.push_back(s.params), d.push_back(s.tokens), c.push_back(s.flop), l.push_back(s.loss);
    }
    if (!n.empty()) {
      const auto i = [&](std::vector<double> v) { return cost::interval_of(std::move(v), flags.confidence); };
      const auto in = i(n), id = i(d), ic = i(c), il = i(l);
      add(fmt::format("  low ({:.0f} %)", 100 * flags.confidence), {in.low, id.low, ic.low, il.low});
      add(fmt::format("  high ({:.0f} %)", 100 * flags.confidence), {in.high, id.high, ic.high, il.high});
    }
  }
  Json json = {{"rows", rows}, {"source", flags.source}};
  std::vector<std::string> notes{"law from " + flags.source};
  if (flags.inference_tokens > 0) {
    const bool money = flags.train_usd_per_pflop > 0 || flags.serve_usd_per_pflop > 0;
    require("scaling", !money || (flags.train_usd_per_pflop > 0 && flags.serve_usd_per_pflop > 0),
            "one of --train-usd-per-pflop and --serve-usd-per-pflop is missing, expected both or none");
    const double train = money ? flags.train_usd_per_pflop / 1e15 : 1,
                 serve = money ? flags.serve_usd_per_pflop / 1e15 : 1;
    const auto lifetime = cost::lifetime_optimal(fit.law, best.loss, flags.inference_tokens, train, serve);
    add("lifetime-optimal", lifetime.size);
    const double total = lifetime.train_cost + lifetime.serve_cost;
    notes.push_back(
        fmt::format("lifetime of {} served tokens, in {}: {:.4g} training + {:.4g} serving = {:.4g}; the "
                    "compute-optimal size costs {:.4g}",
                    si(flags.inference_tokens), money ? "$" : "FLOP", lifetime.train_cost, lifetime.serve_cost, total,
                    lifetime.compute_optimal_cost));
    json["rows"] = rows;
    json["lifetime"] = {{"unit", money ? "usd" : "flop"},
                        {"train_cost", lifetime.train_cost},
                        {"serve_cost", lifetime.serve_cost},
                        {"compute_optimal_cost", lifetime.compute_optimal_cost}};
  }
  if (fit.max_flop > 0 && best.flop > 10 * fit.max_flop)
    notes.push_back(fmt::format("warning: {:.0f} times beyond the largest point of the law", best.flop / fit.max_flop));
  print_result(flags, table, json, notes);
  return 0;
}

struct ScaleUpFlags : LawFlags {
  cost::ScaleUpOptions options;
  std::string contract = "on-demand";
};

int run_scale_up(ScaleUpFlags& flags) {
  const auto fit = flags.fit();
  flags.options.confidence = flags.confidence;
  flags.options.seed = flags.seed;
  flags.options.prices.contract = cost::parse_enum<cost::Contract>("contract", flags.contract);
  const auto catalogue = cost::HardwareCatalogue::load(flags.facts_folder());
  const auto result = cost::scale_up(fit, catalogue, flags.options, flags.day());
  TextTable table({"times", "params", "tokens", "FLOP", "loss", "MFU", "basis", "chip-hours", "months", "$ rental",
                   "$ low", "$ high", "beyond runs"});
  Json rows = Json::array();
  const auto ranged = [](const cost::Ranged& r) { return Json{{"value", r.value}, {"low", r.low}, {"high", r.high}}; };
  const auto cell = [](const cost::Ranged& r) {
    return fmt::format("{} [{}, {}]", si(r.value), si(r.low), si(r.high));
  };
  for (const auto& r : result.rows) {
    table.add({fmt::format("{:g}", r.factor), si(r.params), cell(r.tokens), fmt::format("{:.2g}", r.flop.value),
               fmt::format("{:.3f} [{:.3f}, {:.3f}]", r.loss.value, r.loss.low, r.loss.high),
               fmt::format("{:.3f}", r.mfu), std::string(to_string(r.mfu_basis)), cell(r.chip_hours), cell(r.months),
               money(r.usd_rental.value), money(r.usd_rental.low), money(r.usd_rental.high),
               fmt::format("{:.2g}x", r.extrapolation)});
    rows.push_back({{"factor", r.factor},
                    {"params", r.params},
                    {"tokens", ranged(r.tokens)},
                    {"flop", ranged(r.flop)},
                    {"loss", ranged(r.loss)},
                    {"mfu", r.mfu},
                    {"mfu_basis", to_string(r.mfu_basis)},
                    {"chip_hours", ranged(r.chip_hours)},
                    {"months", ranged(r.months)},
                    {"usd_rental", ranged(r.usd_rental)},
                    {"extrapolation", r.extrapolation}});
  }
  std::vector<std::string> notes{fmt::format(
      "law from {} (measured), largest {} parameters; {} x {} at {:.2f} $/chip-hour ({}, {}); intervals {:.0f} %",
      flags.source, si(result.base_params), flags.options.chips, flags.options.chip, result.usd_per_chip_hour,
      to_string(result.price_basis), result.price_source, 100 * flags.confidence)};
  for (const auto& warning : result.warnings) notes.push_back("warning: " + warning);
  print_result(flags, table,
               {{"rows", rows},
                {"base_params", result.base_params},
                {"usd_per_chip_hour", result.usd_per_chip_hour},
                {"price_source", result.price_source},
                {"law_source", flags.source},
                {"warnings", result.warnings}},
               notes);
  return 0;
}

struct ActualFlags : CostFlags {
  std::vector<std::string> runs;
};

int run_actual(const ActualFlags& flags) {
  const auto runs = cost::read_runs(flags.runs);
  const auto reviews = cost::review_runs(runs);
  TextTable table({"run", "params", "tokens", "quantity", "forecast", "actual", "error", "unit", "forecast from"});
  Json rows = Json::array();
  for (const auto& review : reviews) {
    const auto& run = review.run;
    const std::string n = run.params ? si(*run.params) : "", d = run.tokens ? si(*run.tokens) : "";
    if (review.rows.empty())
      table.add({run.name, n, d, "", "", "", "", "", "no forecast: no other finished run on this machine"});
    Json entries = Json::array();
    for (const auto& h : review.rows) {
      table.add({run.name, n, d, h.quantity, fmt::format("{:.4g}", h.forecast), fmt::format("{:.4g}", h.actual),
                 fmt::format("{:+.1f} %", 100 * h.error()), h.unit, h.source});
      entries.push_back({{"quantity", h.quantity},
                         {"unit", h.unit},
                         {"forecast", h.forecast},
                         {"actual", h.actual},
                         {"error", h.error()},
                         {"basis", "measured"},
                         {"source", h.source}});
    }
    const auto or_null = [](std::optional<double> v) { return v ? Json(*v) : Json(); };
    rows.push_back({{"run", run.name},
                    {"path", run.path},
                    {"machine", run.machine},
                    {"params", or_null(run.params)},
                    {"tokens", or_null(run.tokens)},
                    {"tokens_per_s", or_null(run.tokens_per_s)},
                    {"mfu", or_null(run.mfu)},
                    {"peak_memory_bytes", or_null(run.peak_memory_bytes)},
                    {"loss", or_null(run.loss)},
                    {"forecasts", entries}});
  }
  std::vector<std::string> notes;
  if (reviews.size() < runs.size())
    notes.push_back(
        fmt::format("{} of {} runs have not finished and are left out", runs.size() - reviews.size(), runs.size()));
  print_result(flags, table, rows, notes);
  return 0;
}

}  // namespace

void add_cost_scaling(CLI::App& cost) {
  CLI::App* scaling = add_command(cost, "scaling", "scaling laws: fit them, and pick sizes and budgets by them",
                                  "ingot cost scaling fit --runs runs/\ningot cost scaling optimal --flop 5.76e23");
  scaling->require_subcommand(1);
  {
    auto flags = std::make_shared<LawFlags>();
    auto* command =
        add_command(*scaling, "fit", "fit loss = E + A / N^alpha + B / D^beta",
                    "ingot cost scaling fit --bootstrap 1000\n"
                    "ingot cost scaling fit --points sweep.csv --json\ningot cost scaling fit --runs runs/");
    flags->add_law(*command);
    flags->add_to(*command);
    on_run(command, [flags] { return run_fit(*flags); });
  }
  {
    auto flags = std::make_shared<OptimalFlags>();
    auto* command =
        add_command(*scaling, "optimal", "compute-optimal and lifetime-optimal size for a budget, a loss or a size",
                    "ingot cost scaling optimal --flop 5.76e23 --law besiroglu\n"
                    "ingot cost scaling optimal --loss 2.0 --inference-tokens 1e13");
    command->add_option("--flop", flags->flop, "training budget");
    command->add_option("--loss", flags->loss, "loss to reach, nats a token");
    command->add_option("--params", flags->params, "size whose optimal budget is wanted");
    command->add_option("--inference-tokens", flags->inference_tokens, "tokens served over the model's life");
    command->add_option("--train-usd-per-pflop", flags->train_usd_per_pflop,
                        "price of 1e15 training FLOP, to count dollars");
    command->add_option("--serve-usd-per-pflop", flags->serve_usd_per_pflop, "price of 1e15 serving FLOP");
    flags->add_law(*command);
    flags->add_to(*command);
    on_run(command, [flags] { return run_optimal(*flags); });
  }
  {
    auto flags = std::make_shared<ScaleUpFlags>();
    auto* command =
        add_command(cost, "scale-up", "months and money to a model 10, 100 or 1000 times as large as your runs",
                    "ingot cost scale-up --runs runs/ --chip H100 --chips 64\n"
                    "ingot cost scale-up --law besiroglu --factors 10 --chips 2048");
    auto& o = flags->options;
    command->add_option("--factors", o.factors, "times the largest run's parameters")->delimiter(',');
    command->add_option("--chip", o.chip, "a chip of `ingot cost hardware`");
    command->add_option("--chips", o.chips, "size of the cluster");
    command->add_option("--tokens-per-param", o.tokens_per_param, "instead of the law's optimum");
    command->add_option("--mfu", o.mfu, "utilisation, instead of predicting it");
    command->add_option("--rental-usd-per-hour", o.prices.rental_usd_per_hour,
                        "rental of a chip-hour (default: the catalogue's)");
    command->add_option("--contract", flags->contract, "on-demand, one-year or three-year");
    flags->add_law(*command);
    flags->add_to(*command);
    on_run(command, [flags] { return run_scale_up(*flags); });
  }
  {
    auto flags = std::make_shared<ActualFlags>();
    auto* command =
        add_command(cost, "actual", "forecast against what happened, for finished runs", "ingot cost actual runs/");
    command->add_option("runs", flags->runs, "run folders, or folders of run folders")->required();
    flags->add_to(*command);
    on_run(command, [flags] { return run_actual(*flags); });
  }
}

}  // namespace ingot::cli
