#include "ingot/plan/cost/training.h"

#include <algorithm>
#include <cmath>

#include "ingot/plan/cost/flops.h"

namespace ingot::cost {
namespace {

// Spread of the throughput by its origin: our step times err by 2 % on Megatron's table and 5 % on LLaMA's hours; other
// chips and software stacks are further away; a measured run repeats within a few percent.
double speed_spread(const TrainingCost& cost, const Chip& chip) {
  if (cost.throughput_basis == Basis::Measured) return 0.03;
  if (cost.throughput_basis == Basis::Assumed) return 0.05;
  return chip.measured_bf16_flops ? 0.08 : 0.15;
}

// Quotes span p10 to p90 of what a buyer pays.
double price_spread(const Price& price) { return std::max(0.15, std::log(price.high / price.low) / (2 * 1.2816)); }

int64_t batch_sequences(const TrainTarget& target, int64_t seq_len) {
  if (target.global_batch) return *target.global_batch;
  return int64_t(1) << std::max<int64_t>(0, std::llround(std::log2(target.batch_tokens / double(seq_len))));
}

}  // namespace

Problems TrainTarget::validate() const {
  Problems problems;
  const auto rule = [&](bool holds, const auto&... parts) {
    if (!holds) problems.push_back(detail::join_parts(parts...));
  };
  rule(tokens > 0, "tokens is ", tokens, ", expected > 0");
  rule(batch_tokens > 0, "batch_tokens is ", batch_tokens, ", expected > 0");
  if (global_batch) rule(*global_batch > 0, "global_batch is ", *global_batch, ", expected > 0");
  if (params) rule(*params > 0, "params is ", *params, ", expected > 0");
  if (active_params)
    rule(params && *active_params > 0 && *active_params <= *params, "active_params is ", *active_params,
         ", expected > 0 and <= params");
  if (flop) rule(*flop > 0, "flop is ", *flop, ", expected > 0");
  if (mfu) rule(*mfu > 0 && *mfu <= 1, "mfu is ", *mfu, ", expected a share in (0, 1]");
  if (tokens_per_s_per_chip)
    rule(*tokens_per_s_per_chip > 0, "tokens_per_s_per_chip is ", *tokens_per_s_per_chip, ", expected > 0");
  if (tflops_per_chip) rule(*tflops_per_chip > 0, "tflops_per_chip is ", *tflops_per_chip, ", expected > 0");
  rule(bool(mfu) + bool(tokens_per_s_per_chip) + bool(tflops_per_chip) + !run.empty() <= 1,
       "more than one of mfu, tokens_per_s_per_chip, tflops_per_chip and run is given, expected one throughput");
  rule(extra_chip_hours >= 0, "extra_chip_hours is ", extra_chip_hours, ", expected >= 0");
  return problems;
}

Problems Cluster::validate() const {
  Problems problems;
  if (chip.empty()) problems.emplace_back("chip is missing, expected a name from `ingot cost hardware`");
  if (chips <= 0) problems.push_back(detail::join_parts("chips is ", chips, ", expected > 0"));
  return problems;
}

TrainPlan read_train_plan(const Document& document, const FactsFolder& folder) {
  check_sections(document, {"model", "train", "cluster", "efficiency", "failures", "prices", "uncertainty"});
  TrainPlan plan;
  plan.target = read_config<TrainTarget>(document, "train");
  plan.cluster = read_config<Cluster>(document, "cluster");
  if (document.root.contains("model")) plan.model = read_architecture(document, folder);
  require("cost", plan.model || plan.target.params || plan.target.flop,
          "the model is missing, expected --model NAME, a [model] section, --params N or --flop F");
  plan.efficiency = read_config<Efficiency>(document, "efficiency");
  plan.failures = read_config<Failures>(document, "failures");
  plan.prices = read_config<Prices>(document, "prices");
  plan.uncertainty = read_config<Uncertainty>(document, "uncertainty");
  return plan;
}

TrainingCost training_cost(const TrainPlan& plan, const HardwareCatalogue& catalogue, const std::string& day) {
  const TrainTarget& target = plan.target;
  throw_if_any("train", target.validate());
  throw_if_any("cluster", plan.cluster.validate());
  throw_if_any("prices", plan.prices.validate());
  throw_if_any("uncertainty", plan.uncertainty.validate());
  const Chip& chip = catalogue.chip(plan.cluster.chip);
  const double chips = double(plan.cluster.chips), peak = chip.peak_flops(Dtype::Bf16);
  TrainingCost cost;

  const auto line = [&](const char* key, const char* label, const char* unit, double value, Basis basis,
                        const std::string& source, std::optional<Quantiles> range = {}) {
    cost.lines.push_back({key, label, unit, {value, basis, source}, range});
  };

  // 1. FLOPs.
  double flop_per_token = 0;
  if (plan.model) {
    cost.parameters = count_parameters(*plan.model);
    flop_per_token = token_flops(*plan.model, double(plan.model->seq_len)).training();
    cost.flop_6nd = six_nd(cost.parameters->active, target.tokens);
    line("parameters", "parameters", "", cost.parameters->total, Basis::Predicted, "counted from the architecture");
    if (cost.parameters->active != cost.parameters->total)
      line("active_parameters", "active parameters", "", cost.parameters->active, Basis::Predicted,
           "counted from the architecture");
  } else if (target.params) {
    cost.flop_6nd = six_nd(target.active_params.value_or(*target.params), target.tokens);
    flop_per_token = cost.flop_6nd / target.tokens;
    line("parameters", "parameters", "", *target.params, Basis::Assumed, "given");
  }
  if (target.flop) flop_per_token = *target.flop / target.tokens;
  cost.flop = flop_per_token * target.tokens;
  line("tokens", "tokens", "", target.tokens, Basis::Assumed, "given");
  line("flop", "training FLOP", "", cost.flop, target.flop ? Basis::Assumed : Basis::Predicted,
       target.flop  ? "given"
       : plan.model ? "3 x forward matmuls (Chowdhery 2022, app. B)"
                    : "6ND (Kaplan 2020, eq. 2.2)");
  if (plan.model || target.params)
    line("flop_6nd", "training FLOP, 6ND", "", cost.flop_6nd, Basis::Predicted, "6ND (Kaplan 2020, eq. 2.2)");

  // 2. Layout and memory.
  if (plan.model) {
    const int64_t batch = batch_sequences(target, plan.model->seq_len);
    const LayoutLimits& limits = plan.cluster.limits;
    const bool given = target.mfu || target.tokens_per_s_per_chip || target.tflops_per_chip || !target.run.empty();
    const LayoutSearch search = search_layouts(*plan.model, chip, plan.cluster.chips, batch, limits, plan.efficiency);
    if (!search.best && (!given || search.too_big)) fail(ErrorKind::InvalidArgument, "cost", search.why);
    cost.layout = search.best;
    if (!search.best) cost.warnings.push_back("memory is not checked: " + search.why);
  }
  if (cost.layout) {
    cost.memory = training_memory(*plan.model, *cost.layout);
    const auto gib = [](double bytes) { return bytes / 0x1p30; };
    const std::string source = "Korthikanti 2022, eq. 1-5; 18 bytes a parameter";
    line("memory_weights_gib", "memory: weights", "GiB/chip", gib(cost.memory->weights), Basis::Predicted, source);
    line("memory_gradients_gib", "memory: gradients", "GiB/chip", gib(cost.memory->gradients), Basis::Predicted,
         source);
    line("memory_optimizer_gib", "memory: optimizer", "GiB/chip", gib(cost.memory->optimizer), Basis::Predicted,
         source);
    line("memory_activations_gib", "memory: activations", "GiB/chip", gib(cost.memory->activations), Basis::Predicted,
         source);
    line("memory_gib", "memory in all", "GiB/chip", gib(cost.memory->total()), Basis::Predicted, source);
  }

  // 3. Throughput: measured beats given beats predicted.
  std::string throughput_source;
  if (!target.run.empty()) {
    const RunSummary run = read_run(target.run);
    require("cost", run.mfu.has_value(), run.path, " has no train.mfu, expected a run that measured its utilisation");
    cost.throughput_basis = Basis::Measured;
    cost.mfu = *run.mfu;
    throughput_source = run.path;
    if (run.tokens_per_s)
      line("measured_tokens_per_s", "tokens/s of that run", "", *run.tokens_per_s, Basis::Measured, run.path);
    if (run.peak_memory_bytes)
      line("measured_memory_gib", "peak memory of that run", "GiB", *run.peak_memory_bytes / 0x1p30, Basis::Measured,
           run.path);
    if (run.machine.find(chip.id) == std::string::npos && chip.name.find(run.machine) == std::string::npos)
      cost.warnings.push_back("the utilisation was measured on " +
                              (run.machine.empty() ? "another machine" : run.machine) + " and is applied to " +
                              chip.id);
  } else if (target.mfu || target.tokens_per_s_per_chip || target.tflops_per_chip) {
    cost.throughput_basis = Basis::Assumed;
    cost.mfu = target.mfu               ? *target.mfu
               : target.tflops_per_chip ? *target.tflops_per_chip * 1e12 / peak
                                        : *target.tokens_per_s_per_chip * flop_per_token / peak;
    throughput_source = target.mfu ? "given mfu" : target.tflops_per_chip ? "given TFLOP/s" : "given tokens/s";
  } else {
    require("cost", plan.model.has_value(),
            "throughput is missing, expected --mfu, --tokens-per-s-per-chip, --tflops-per-chip or "
            "--run when the architecture is unknown");
    cost.step = step_time(*plan.model, *cost.layout, chip, plan.efficiency);
    cost.mfu = cost.step->mfu;
    cost.hfu = cost.step->hfu;
    throughput_source = "step time model, docs/cost-train.md";
    line("step_s", "step time", "s", cost.step->total, Basis::Predicted, throughput_source);
  }
  require("cost", cost.mfu <= 1, "utilisation is ", cost.mfu, " of ", chip.id, "'s ", peak / 1e12,
          " TFLOP/s, expected <= 1; check the throughput");
  cost.tokens_per_s = cost.mfu * peak * chips / flop_per_token;
  line("tokens_per_s", "tokens/s, all chips", "", cost.tokens_per_s, cost.throughput_basis, throughput_source);
  line("mfu", "MFU", "", cost.mfu, cost.throughput_basis, throughput_source);
  if (cost.step) line("hfu", "HFU", "", cost.hfu, Basis::Predicted, throughput_source);

  // 4. Time.
  cost.goodput = goodput(plan.failures, chips);
  const double ideal_s = target.tokens / cost.tokens_per_s;
  cost.wall_s = ideal_s / cost.goodput.share;
  cost.chip_hours = cost.wall_s * chips / 3600 + target.extra_chip_hours;
  if (cost.goodput.mtbf_s > 0) {
    line("mtbf_h", "time between failures", "h", cost.goodput.mtbf_s / 3600, Basis::Catalogued,
         "Llama 3.1: 50,677 chip-hours (arXiv 2407.21783, 3.3.4), unless given");
    line("checkpoint_interval_s", "checkpoint every", "s", cost.goodput.daly_interval_s, Basis::Predicted,
         "Daly 2006, eq. 37");
    line("checkpoint_interval_young_s", "checkpoint every, first order", "s", cost.goodput.young_interval_s,
         Basis::Predicted, "Young 1974");
    line("goodput", "goodput", "", cost.goodput.share, Basis::Predicted, "1 / (1 + d/t + (t/2 + R)/M)");
  }

  // 5. Prices.
  cost.power_w = power_of(chip, plan.prices);
  const auto priced = [&](std::optional<double> given, Contract contract, double& spread, std::string& source) {
    if (given) {
      source = "given";
      spread = plan.uncertainty.price.value_or(0);
      return *given;
    }
    const Price price = catalogue.price(chip, contract);
    spread = plan.uncertainty.price.value_or(price_spread(price));
    source = price.date + ", " + std::to_string(price.num_quotes) + (price.num_quotes == 1 ? " quote: " : " quotes: ") +
             price.source;
    if (is_stale(price.date, day))
      cost.warnings.push_back("the newest " + enum_name(contract) + " quote of " + chip.id + " is of " + price.date +
                              ", over 12 months old");
    return price.median;
  };
  double rental_spread = 0, purchase_spread = 0;
  std::string rental_source, purchase_source;
  const bool rents = plan.prices.reports(AccountingBasis::Rental),
             amortises = plan.prices.reports(AccountingBasis::Amortised),
             buys = plan.prices.reports(AccountingBasis::Capex), powers = plan.prices.reports(AccountingBasis::Energy);
  if (rents)
    cost.rental_usd_per_hour =
        priced(plan.prices.rental_usd_per_hour, plan.prices.contract, rental_spread, rental_source);
  if (amortises || buys)
    cost.purchase_usd = priced(plan.prices.purchase_usd, Contract::Purchase, purchase_spread, purchase_source);

  // 6. The same arithmetic for the point and for every draw.
  struct Draw {
    double speed = 1, mtbf = 1, rental = 1, purchase = 1, power = 1, electricity = 1, final_share = 0;
  };
  struct Result {
    double wall_s, chip_hours, rental, amortised, capex, research;
    Energy energy;
  };
  const auto evaluate = [&](const Draw& draw) {
    Failures failures = plan.failures;
    failures.mtbf_chip_hours *= draw.mtbf;
    Prices prices = plan.prices;
    prices.usd_per_kwh *= draw.electricity;
    Result r{};
    r.wall_s = ideal_s / draw.speed / goodput(failures, chips).share;
    r.chip_hours = r.wall_s * chips / 3600 + target.extra_chip_hours / draw.speed;
    r.rental = r.chip_hours * cost.rental_usd_per_hour * draw.rental;
    r.amortised =
        r.chip_hours * owned_hour(cost.purchase_usd * draw.purchase, cost.power_w * draw.power, prices).usd_per_hour;
    r.capex = chips * cost.purchase_usd * draw.purchase * prices.server_multiplier;
    r.energy = energy_of(r.chip_hours, cost.power_w * draw.power, prices);
    r.research = r.rental / draw.final_share;
    return r;
  };
  const Result point = evaluate({.final_share = plan.prices.rd_share});
  cost.energy = point.energy;
  cost.usd_rental = point.rental, cost.usd_amortised = point.amortised, cost.usd_capex = point.capex;
  cost.usd_energy = point.energy.usd, cost.usd_research = point.research;

  const double speed = plan.uncertainty.speed.value_or(speed_spread(cost, chip));
  std::vector<Result> results;
  for (int64_t i = 0; i < plan.uncertainty.draws; ++i) {
    Rng rng(plan.uncertainty.seed, uint64_t(i));
    Draw draw;
    draw.speed = lognormal(rng, speed);
    draw.mtbf = lognormal(rng, plan.uncertainty.mtbf);
    draw.rental = lognormal(rng, rental_spread);
    draw.purchase = lognormal(rng, purchase_spread);
    draw.power = lognormal(rng, plan.uncertainty.power);
    draw.electricity = lognormal(rng, plan.uncertainty.electricity);
    draw.final_share = final_run_share(rng, plan.prices.rd_share);
    results.push_back(evaluate(draw));
  }
  const auto range = [&](auto&& get) {
    std::vector<double> values;
    values.reserve(results.size());
    for (const auto& r : results) values.push_back(get(r));
    return quantiles_of(std::move(values));
  };
  cost.wall_s_range = range([](const Result& r) { return r.wall_s; });
  cost.chip_hours_range = range([](const Result& r) { return r.chip_hours; });
  cost.mwh_range = range([](const Result& r) { return r.energy.mwh; });
  cost.tonnes_co2_range = range([](const Result& r) { return r.energy.tonnes_co2; });
  cost.usd_rental_range = range([](const Result& r) { return r.rental; });
  cost.usd_amortised_range = range([](const Result& r) { return r.amortised; });
  cost.usd_capex_range = range([](const Result& r) { return r.capex; });
  cost.usd_energy_range = range([](const Result& r) { return r.energy.usd; });
  cost.usd_research_range = range([](const Result& r) { return r.research; });

  const auto days = [](Quantiles q) { return Quantiles{q.p10 / 86400, q.p50 / 86400, q.p90 / 86400}; };
  const std::string from_time = "tokens / throughput / goodput";
  line("wall_days", "wall time", "days", cost.wall_s / 86400, cost.throughput_basis, from_time,
       days(cost.wall_s_range));
  line("chip_hours", "chip-hours", "", cost.chip_hours, cost.throughput_basis, from_time, cost.chip_hours_range);
  line("energy_mwh", "energy", "MWh", cost.energy.mwh, cost.throughput_basis,
       std::string(plan.prices.power_w ? "given" : "TDP x server") + " power x PUE " +
           std::to_string(plan.prices.pue).substr(0, 4),
       cost.mwh_range);
  line("tonnes_co2", "CO2", "t", cost.energy.tonnes_co2, cost.throughput_basis, "energy x grid intensity",
       cost.tonnes_co2_range);
  if (rents)
    line("rental_usd_per_hour", "rental price", "$/chip-hour", cost.rental_usd_per_hour,
         plan.prices.rental_usd_per_hour ? Basis::Assumed : Basis::Catalogued, rental_source);
  if (amortises || buys)
    line("purchase_usd", "purchase price", "$/chip", cost.purchase_usd,
         plan.prices.purchase_usd ? Basis::Assumed : Basis::Catalogued, purchase_source);
  const Basis basis = cost.throughput_basis == Basis::Measured ? Basis::Predicted : cost.throughput_basis;
  if (rents)
    line("usd_rental", "rental, $", "$", cost.usd_rental, basis, "chip-hours x rental price", cost.usd_rental_range);
  if (amortises)
    line("usd_amortised", "amortised capex + energy, $", "$", cost.usd_amortised, basis,
         "annuity over " + std::to_string(plan.prices.life_years).substr(0, 3) + " years + electricity",
         cost.usd_amortised_range);
  if (buys)
    line("usd_capex", "cash capex, $", "$", cost.usd_capex, basis, "chips x price x server multiplier",
         cost.usd_capex_range);
  if (powers)
    line("usd_energy", "marginal energy, $", "$", cost.usd_energy, basis, "energy x electricity price",
         cost.usd_energy_range);
  if (rents)
    line("usd_research", "all R&D compute at rental, $", "$", cost.usd_research, Basis::Assumed,
         "final run is 10-30 % of R&D compute (Epoch AI 2025)", cost.usd_research_range);
  return cost;
}

}  // namespace ingot::cost
