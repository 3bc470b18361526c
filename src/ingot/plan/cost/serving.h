// What a model costs to serve: decode and prefill by roofline, batch and parallelism by search, price by utilisation.
// Follows Pope et al. 2022 (arXiv 2211.05102) and the inference economics of Erdil 2025 (arXiv 2506.04645).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingot/plan/cost/load_profile.h"
#include "ingot/plan/cost/money.h"
#include "ingot/plan/cost/training.h"

namespace ingot::cost {

// [serve].
struct ServeTarget {
  double input_tokens = 2000, output_tokens = 500;  // of a request
  double cached_share = 0;                          // of the input, whose KV is kept from an earlier request
  Dtype weights = Dtype::Bf16, cache = Dtype::Bf16;
  double compute = 0.7;              // of peak in prefill and batched decode
  double memory = 0.9;               // of memory bandwidth when weights and cache are read
  double link_latency_us = 8;        // an all-reduce inside a node, beyond its bytes (NCCL ring of 8: 5 to 15 us)
  double nic_latency_us = 25;        // one between nodes
  double cache_read_gb_per_s = 20;   // storage that holds cached prefixes, per chip
  double cache_usd_per_gb_hour = 0;  // and its price
  double cache_hold_hours = 1;       // how long a prefix is kept for one hit
  bool disaggregated = false;        // prefill on chips of its own, so that it does not slow decoding
  double min_tokens_per_s = 0;       // SLO: speed of a user's stream
  double max_first_token_s = 0;      // SLO: time to the first token; 0: none
  double utilisation = 0;            // of the fleet over a day; 0: from the load profile
  std::vector<double> load;          // hourly load, any unit; empty and no utilisation: flat
  double headroom = 0.1;             // capacity above the peak hour
  double autoscaled = 0;             // share of idle capacity that is given back hourly
  std::optional<double> decode_tokens_per_s, prefill_tokens_per_s;  // measured, a chip, instead of predicted
  std::optional<int64_t> chips, batch;                              // absent: searched

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor& v) {
    v("input_tokens", self.input_tokens, "input tokens of a request");
    v("output_tokens", self.output_tokens, "output tokens of a request");
    v("cached_share", self.cached_share, "share of input tokens whose KV is already cached");
    v("weights", self.weights, "bf16, fp8, int8 or int4 weights");
    v("cache", self.cache, "dtype of the KV cache");
    v("compute", self.compute, "share of peak FLOP/s");
    v("memory", self.memory, "share of memory bandwidth");
    v("link_latency_us", self.link_latency_us, "latency of an all-reduce inside a node");
    v("nic_latency_us", self.nic_latency_us, "latency of an all-reduce between nodes");
    v("cache_read_gb_per_s", self.cache_read_gb_per_s, "bandwidth a chip from the store of cached prefixes");
    v("cache_usd_per_gb_hour", self.cache_usd_per_gb_hour, "price of that store");
    v("cache_hold_hours", self.cache_hold_hours, "hours that a prefix is kept for one hit");
    v("disaggregated", self.disaggregated, "prefill runs on chips of its own");
    v("min_tokens_per_s", self.min_tokens_per_s, "SLO: tokens/s of a user's stream");
    v("max_first_token_s", self.max_first_token_s, "SLO: seconds to the first token; 0: none");
    v("utilisation", self.utilisation, "share of capacity that is sold; 0: from load");
    v("load", self.load, "hourly load profile, any unit");
    v("headroom", self.headroom, "capacity above the peak hour");
    v("autoscaled", self.autoscaled, "share of idle capacity given back every hour");
    v("decode_tokens_per_s", self.decode_tokens_per_s, "measured output tokens/s a chip, instead of predicted");
    v("prefill_tokens_per_s", self.prefill_tokens_per_s, "measured uncached input tokens/s a chip");
    v("chips", self.chips, "chips a replica; absent: searched");
    v("batch", self.batch, "requests decoded together; absent: searched");
  }
  Problems validate() const;
};

struct ServePlan {
  Architecture model;
  std::string chip;
  ServeTarget target;
  Prices prices;
};
// Sections model, cluster (chip), serve, prices.
ServePlan read_serve_plan(const Document& document, const FactsFolder& folder = {});

// Bytes of weights that a decode step of `batch` tokens reads: dense ones once, and the experts that at least one token
// visits, E (1 - (1 - k/E)^batch) of E in expectation.
double weight_bytes(const Architecture& model, Dtype dtype);
double weight_bytes_read(const Architecture& model, Dtype dtype, double batch);

// Seconds of one decode step (a token for each of `batch` requests at `context`) on `chips` chips with tensor
// parallelism.
struct DecodeTime {
  double compute = 0, memory = 0, comm = 0;
  double total() const { return std::max(compute, memory) + comm; }
};
DecodeTime decode_time(const Architecture& model, const Chip& chip, int64_t chips, double batch, double context,
                       const ServeTarget& target = {});
// Seconds until `tokens` uncached tokens behind `cached` cached ones are in the cache.
double prefill_time(const Architecture& model, const Chip& chip, int64_t chips, double tokens, double cached = 0,
                    const ServeTarget& target = {});
// bytes / bandwidth of one stream: nothing decodes faster.
double decode_floor(const Architecture& model, const Chip& chip, int64_t chips, Dtype weights = Dtype::Bf16);
// Requests whose weights and cache fit together; 0: not even the weights.
int64_t largest_batch(const Architecture& model, const Chip& chip, int64_t chips, double context,
                      const ServeTarget& target = {});

// One way to serve: a replica of `chips` chips with `batch` requests in flight.
struct ServePoint {
  int64_t chips = 0, batch = 0;
  double user_tokens_per_s = 0;  // speed of one stream
  double first_token_s = 0;
  double chip_output_tokens_per_s = 0;  // of a fully loaded chip, all work of the request included
  double usd_per_m_output = 0, usd_per_m_input = 0, usd_per_m_cached = 0;  // at the fleet's utilisation
  double usd_per_request = 0;
  double memory_share = 0;
  DecodeTime decode;
};

struct ServingCost {
  ParameterCount parameters;
  double weight_bytes = 0, kv_bytes_per_token = 0;
  double usd_per_chip_hour = 0;
  double utilisation = 1;
  Basis throughput_basis = Basis::Predicted;
  std::vector<ServePoint> front;    // Pareto: nothing is both faster for the user and cheaper; fastest first
  std::optional<ServePoint> floor;  // cheapest point that meets the SLO
  std::vector<Line> lines;          // of the floor, else of the cheapest point
  std::vector<std::string> warnings;
};
// Throws InvalidArgument when the weights fit nowhere or no point meets the SLO, with the best that is reachable.
ServingCost serving_cost(const ServePlan& plan, const HardwareCatalogue& catalogue, const std::string& day);

}  // namespace ingot::cost
