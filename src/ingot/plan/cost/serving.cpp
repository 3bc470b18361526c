#include "ingot/plan/cost/serving.h"

#include <algorithm>
#include <cmath>

#include "ingot/plan/cost/flops.h"

namespace ingot::cost {
namespace {

// FLOP/s at which the weights multiply: int4 and int8 weights on a chip without an int8 rate are widened first.
double matmul_peak(const Chip& chip, Dtype weights) {
  if (weights == Dtype::Fp8 && chip.fp8_flops) return *chip.fp8_flops;
  if (weights == Dtype::Int8 && chip.int8_flops) return *chip.int8_flops;
  return chip.peak_flops(weights == Dtype::Fp32 ? Dtype::Fp32 : Dtype::Bf16);
}

double bandwidth_between(const Chip& chip, int64_t chips) {
  return (chips <= chip.chips_per_node ? chip.link_bandwidth * 0.7 : chip.nic_bandwidth * 0.9);  // as in training
}

// Two all-reduces a layer of one activation vector a token, and their latency.
double comm_time(const Architecture& m, const Chip& chip, int64_t chips, double tokens, const ServeTarget& target) {
  if (chips == 1) return 0;
  const double n = double(chips), bytes = 2 * tokens * double(m.width);
  const double latency = 1e-6 * (chips <= chip.chips_per_node ? target.link_latency_us : target.nic_latency_us);
  return 2 * double(m.layers) * (2 * bytes * (n - 1) / n / bandwidth_between(chip, chips) + latency);
}

bool can_join(const Chip& chip, int64_t chips) {
  return chips == 1 || (chip.link_bandwidth > 0 && (chips <= chip.chips_per_node || chip.nic_bandwidth > 0));
}

}  // namespace

Problems ServeTarget::validate() const {
  Problems problems;
  const auto rule = [&](bool holds, const auto&... parts) {
    if (!holds) problems.push_back(detail::join_parts(parts...));
  };
  rule(input_tokens >= 0, "input_tokens is ", input_tokens, ", expected >= 0");
  rule(output_tokens > 0, "output_tokens is ", output_tokens, ", expected > 0");
  rule(cached_share >= 0 && cached_share <= 1, "cached_share is ", cached_share, ", expected a share in [0, 1]");
  rule(compute > 0 && compute <= 1, "compute is ", compute, ", expected a share in (0, 1]");
  rule(memory > 0 && memory <= 1, "memory is ", memory, ", expected a share in (0, 1]");
  rule(link_latency_us >= 0 && nic_latency_us >= 0, "latencies are ", link_latency_us, " and ", nic_latency_us,
       ", expected >= 0");
  rule(cache_read_gb_per_s > 0, "cache_read_gb_per_s is ", cache_read_gb_per_s, ", expected > 0");
  rule(cache_usd_per_gb_hour >= 0 && cache_hold_hours >= 0, "cache prices are ", cache_usd_per_gb_hour, " and ",
       cache_hold_hours, ", expected >= 0");
  rule(utilisation >= 0 && utilisation <= 1, "utilisation is ", utilisation, ", expected a share in [0, 1]");
  rule(utilisation == 0 || load.empty(), "utilisation and load are both given, expected one");
  rule(min_tokens_per_s >= 0 && max_first_token_s >= 0, "the SLO is ", min_tokens_per_s, " and ", max_first_token_s,
       ", expected >= 0");
  if (chips) rule(*chips > 0, "chips is ", *chips, ", expected > 0");
  if (batch) rule(*batch > 0, "batch is ", *batch, ", expected > 0");
  if (decode_tokens_per_s)
    rule(*decode_tokens_per_s > 0, "decode_tokens_per_s is ", *decode_tokens_per_s, ", expected > 0");
  if (prefill_tokens_per_s)
    rule(*prefill_tokens_per_s > 0, "prefill_tokens_per_s is ", *prefill_tokens_per_s, ", expected > 0");
  return problems;
}

ServePlan read_serve_plan(const Document& document, const FactsFolder& folder) {
  check_sections(document, {"model", "cluster", "serve", "prices"});
  ServePlan plan;
  const Cluster cluster = read_config<Cluster>(document, "cluster", Cluster{.chips = 1});
  plan.chip = cluster.chip;
  plan.model = read_architecture(document, folder);
  plan.target = read_config<ServeTarget>(document, "serve");
  plan.prices = read_config<Prices>(document, "prices");
  return plan;
}

double weight_bytes(const Architecture& model, Dtype dtype) { return count_parameters(model).total * bytes_of(dtype); }

double weight_bytes_read(const Architecture& model, Dtype dtype, double batch) {
  const Architecture m = model.resolved();
  const ParameterCount n = count_parameters(m);
  double read =
      n.total - n.experts - (m.tied ? 0 : double(m.vocab * m.width));  // of a separate embedding only rows are read
  if (m.experts > 0) {
    const double untouched = std::pow(1 - double(m.experts_per_token) / double(m.experts), batch);
    read += n.experts * (1 - untouched);
  }
  return read * bytes_of(dtype);
}

DecodeTime decode_time(const Architecture& model, const Chip& chip, int64_t chips, double batch, double context,
                       const ServeTarget& target) {
  const Architecture m = model.resolved();
  require("serve", can_join(chip, chips), "chips is ", chips, ", expected ",
          chip.link_bandwidth > 0 ? chip.chips_per_node : 1, " or fewer of ", chip.id,
          ", which has no catalogued link beyond");
  const double n = double(chips);
  DecodeTime time;
  time.compute = batch * token_flops(m, context).forward() / (n * matmul_peak(chip, target.weights) * target.compute);
  const double bytes =
      weight_bytes_read(m, target.weights, batch) + batch * context * kv_bytes_per_token(m, bytes_of(target.cache));
  time.memory = bytes / (n * chip.memory_bandwidth * target.memory);
  time.comm = comm_time(m, chip, chips, batch, target);
  return time;
}

double prefill_time(const Architecture& model, const Chip& chip, int64_t chips, double tokens, double cached,
                    const ServeTarget& target) {
  const Architecture m = model.resolved();
  const double n = double(chips);
  double seconds = 0;
  if (tokens > 0) {
    // A token at position i meets i keys: on average those cached and half of the new ones. Logits are needed once.
    TokenFlops flops = token_flops(m, cached + tokens / 2);
    flops.logits = 0;
    const double compute = tokens * flops.forward() / (n * matmul_peak(chip, target.weights) * target.compute);
    const double memory = weight_bytes_read(m, target.weights, tokens) / (n * chip.memory_bandwidth * target.memory);
    seconds = std::max(compute, memory) + comm_time(m, chip, chips, tokens, target);
  }
  return seconds + cached * kv_bytes_per_token(m, bytes_of(target.cache)) / (n * target.cache_read_gb_per_s * 1e9);
}

double decode_floor(const Architecture& model, const Chip& chip, int64_t chips, Dtype weights) {
  return weight_bytes(model, weights) / (double(chips) * chip.memory_bandwidth);
}

int64_t largest_batch(const Architecture& model, const Chip& chip, int64_t chips, double context,
                      const ServeTarget& target) {
  const double room = 0.9 * double(chips) * chip.memory_bytes - weight_bytes(model, target.weights);
  return room <= 0 ? 0 : int64_t(room / (context * kv_bytes_per_token(model, bytes_of(target.cache))));
}

ServingCost serving_cost(const ServePlan& plan, const HardwareCatalogue& catalogue, const std::string& day) {
  const ServeTarget& target = plan.target;
  throw_if_any("serve", target.validate());
  throw_if_any("prices", plan.prices.validate());
  const Architecture m = plan.model.resolved();
  const Chip& chip = catalogue.chip(plan.chip);
  ServingCost cost;
  cost.parameters = count_parameters(m);
  cost.weight_bytes = weight_bytes(m, target.weights);
  cost.kv_bytes_per_token = kv_bytes_per_token(m, bytes_of(target.cache));

  std::string price_source = "given";
  if (plan.prices.rental_usd_per_hour) {
    cost.usd_per_chip_hour = *plan.prices.rental_usd_per_hour;
  } else {
    const Price price = catalogue.price(chip, plan.prices.contract);
    cost.usd_per_chip_hour = price.median;
    price_source = price.date + ": " + price.source;
    if (is_stale(price.date, day))
      cost.warnings.push_back("the newest " + enum_name(plan.prices.contract) + " quote of " + chip.id + " is of " +
                              price.date + ", over 12 months old");
  }
  std::string utilisation_source = "given";
  if (target.utilisation > 0) {
    cost.utilisation = target.utilisation;
  } else if (!target.load.empty()) {
    cost.utilisation = fleet_utilisation(target.load, target.headroom, target.autoscaled);
    utilisation_source = "hourly load profile, " + std::to_string(target.load.size()) + " hours";
  } else {
    utilisation_source = "flat load (give --load or --utilisation)";
  }
  if (target.decode_tokens_per_s || target.prefill_tokens_per_s) cost.throughput_basis = Basis::Measured;

  // 1. Every batch on every replica size that holds the model.
  const double cached = target.input_tokens * target.cached_share, fresh = target.input_tokens - cached;
  const double context = target.input_tokens + target.output_tokens / 2,
               longest = target.input_tokens + target.output_tokens;
  std::vector<int64_t> sizes;
  if (target.chips)
    sizes = {*target.chips};
  else
    for (int64_t n = 1; n <= std::max<int64_t>(chip.chips_per_node, 8) * 4 && n <= 64; n *= 2) sizes.push_back(n);
  std::vector<ServePoint> points;
  int64_t fits = 0;
  for (const int64_t n : sizes) {
    if (!can_join(chip, n)) continue;
    const int64_t most = largest_batch(m, chip, n, longest, target);
    fits = std::max(fits, most);
    std::vector<int64_t> batches;
    if (target.batch)
      batches = {*target.batch};
    else {
      for (double b = 1; b < double(most) && b < 8192; b *= std::sqrt(2.0)) batches.push_back(std::llround(b));
      if (most >= 1) batches.push_back(std::min<int64_t>(most, 8192));
    }
    for (const int64_t b : batches) {
      if (b > most) continue;
      ServePoint point{.chips = n, .batch = b};
      point.decode = decode_time(m, chip, n, double(b), context, target);
      double step = point.decode.total();
      if (target.decode_tokens_per_s) step = double(b) / (*target.decode_tokens_per_s * double(n));
      double prefill = prefill_time(m, chip, n, fresh, 0, target);
      if (cached > 0) prefill = prefill_time(m, chip, n, fresh, cached, target);
      if (target.prefill_tokens_per_s) prefill = fresh / (*target.prefill_tokens_per_s * double(n));
      const double cached_s = prefill_time(m, chip, n, 0, cached, target);
      // Chip-seconds of a request: its share of decode steps, and its prefill alone.
      const double decode_s = target.output_tokens * step / double(b),
                   rate = double(n) * cost.usd_per_chip_hour / 3600 / cost.utilisation;
      const double storage =
          cached * cost.kv_bytes_per_token / 1e9 * target.cache_usd_per_gb_hour * target.cache_hold_hours;
      point.first_token_s = prefill + step;
      // Prefills of the other requests interrupt a stream once each while it lasts, unless they run elsewhere.
      const double interruption = target.disaggregated ? 0 : double(b) * prefill / target.output_tokens;
      point.user_tokens_per_s = 1 / (step + interruption);
      point.chip_output_tokens_per_s = target.output_tokens / ((decode_s + prefill) * double(n));
      point.usd_per_m_output = 1e6 * rate * decode_s / target.output_tokens;
      if (fresh > 0)
        point.usd_per_m_input =
            1e6 * rate * std::max(0.0, prefill - (target.prefill_tokens_per_s ? 0 : cached_s)) / fresh;
      if (cached > 0) point.usd_per_m_cached = 1e6 * (rate * cached_s + storage) / cached;
      point.usd_per_request = rate * (decode_s + prefill) + storage;
      point.memory_share =
          (cost.weight_bytes + double(b) * longest * cost.kv_bytes_per_token) / (double(n) * chip.memory_bytes);
      points.push_back(point);
    }
  }
  if (points.empty()) {
    const int64_t most_chips = sizes.back();
    if (fits > 0)
      fail(ErrorKind::InvalidArgument, "serve", "batch is ", target.batch.value_or(0), ", expected <= ", fits, " at ",
           longest, " tokens a request; use more chips or a smaller cache dtype");
    fail(ErrorKind::InvalidArgument, "serve", "weights and one request need ",
         std::ceil((cost.weight_bytes + longest * cost.kv_bytes_per_token) / 0x1p30),
         " GiB, expected <= ", std::floor(0.9 * double(most_chips) * chip.memory_bytes / 0x1p30), " GiB (90 % of ",
         most_chips, " x ", chip.id, "); use more chips, or --weights fp8 or int4");
  }

  // 2. Pareto front: walking from the fastest stream, keep what is cheaper than everything faster.
  std::sort(points.begin(), points.end(), [](const ServePoint& a, const ServePoint& b) {
    return a.user_tokens_per_s != b.user_tokens_per_s ? a.user_tokens_per_s > b.user_tokens_per_s
                                                      : a.usd_per_request < b.usd_per_request;
  });
  for (const auto& point : points)
    if (cost.front.empty() || point.usd_per_request < cost.front.back().usd_per_request) cost.front.push_back(point);

  // 3. Price floor: the cheapest point within the SLO.
  for (const auto& point : points)
    if (point.user_tokens_per_s >= target.min_tokens_per_s &&
        (target.max_first_token_s == 0 || point.first_token_s <= target.max_first_token_s) &&
        (!cost.floor || point.usd_per_request < cost.floor->usd_per_request))
      cost.floor = point;
  if (!cost.floor) {
    double fastest = 0, soonest = INFINITY;
    for (const auto& point : points)
      fastest = std::max(fastest, point.user_tokens_per_s), soonest = std::min(soonest, point.first_token_s);
    fail(ErrorKind::InvalidArgument, "serve", "the SLO is ", target.min_tokens_per_s, " tokens/s",
         target.max_first_token_s > 0 ? detail::join_parts(" and ", target.max_first_token_s, " s to the first token")
                                      : "",
         ", expected <= ", fastest, " tokens/s and >= ", soonest, " s, the best that ", chip.id,
         " reaches; use a faster chip, fp8 weights or a smaller model");
  }

  const auto line = [&](const char* key, const char* label, const char* unit, double value, Basis basis,
                        const std::string& source) {
    cost.lines.push_back({key, label, unit, {value, basis, source}, {}});
  };
  const ServePoint& p = *cost.floor;
  const std::string roofline =
      cost.throughput_basis == Basis::Measured ? "given throughput" : "roofline (Pope 2022), docs/cost-serve.md";
  line("parameters", "parameters", "", cost.parameters.total, Basis::Predicted, "counted from the architecture");
  line("weights_gib", "weights", "GiB", cost.weight_bytes / 0x1p30, Basis::Predicted,
       "parameters x " + enum_name(target.weights));
  line("kv_bytes_per_token", "KV cache", "B/token", cost.kv_bytes_per_token, Basis::Predicted,
       "2 L kv_heads head_dim, or the MLA latent");
  line("usd_per_chip_hour", "chip price", "$/chip-hour", cost.usd_per_chip_hour,
       plan.prices.rental_usd_per_hour ? Basis::Assumed : Basis::Catalogued, price_source);
  line("utilisation", "utilisation", "", cost.utilisation, target.load.empty() ? Basis::Assumed : Basis::Predicted,
       utilisation_source);
  line("chips", "chips a replica", "", double(p.chips), Basis::Predicted, "cheapest within the SLO");
  line("batch", "requests in flight", "", double(p.batch), Basis::Predicted, "cheapest within the SLO");
  line("user_tokens_per_s", "speed of a stream", "tokens/s", p.user_tokens_per_s, cost.throughput_basis, roofline);
  line("first_token_s", "time to first token", "s", p.first_token_s, cost.throughput_basis, roofline);
  line("chip_output_tokens_per_s", "output of a busy chip", "tokens/s", p.chip_output_tokens_per_s,
       cost.throughput_basis, roofline);
  line("usd_per_m_input", "input", "$/M tokens", p.usd_per_m_input, cost.throughput_basis,
       "prefill chip-time / utilisation");
  if (cached > 0)
    line("usd_per_m_cached", "cached input", "$/M tokens", p.usd_per_m_cached, cost.throughput_basis,
         "cache read and storage");
  line("usd_per_m_output", "output", "$/M tokens", p.usd_per_m_output, cost.throughput_basis,
       "decode chip-time / utilisation");
  line("usd_per_request", "a request", "$", p.usd_per_request, cost.throughput_basis, "price floor at this SLO");
  return cost;
}

}  // namespace ingot::cost
