// How much of a fleet's capacity is sold, from an hourly load profile.
#pragma once

#include <vector>

namespace ingot::cost {

// Mean load over the capacity that is paid for. Capacity is the peak hour plus `headroom`; a share `autoscaled` of what
// is idle in an hour is given back. Requires positive load in at least one hour.
double fleet_utilisation(const std::vector<double>& hourly_load, double headroom = 0, double autoscaled = 0);

// A day of a service from its token counts and measured throughput a node (DeepSeek, open-infra-index, 2025-03-01).
struct ServiceDay {
  double cached_input_tokens = 0, input_tokens = 0, output_tokens = 0;  // a day; input without the cached
  double prefill_tokens_per_s = 0, decode_tokens_per_s = 0;             // a node; prefill counts cached tokens too
  double chips_per_node = 8, usd_per_chip_hour = 0;
  double usd_per_m_cached = 0, usd_per_m_input = 0, usd_per_m_output = 0;  // prices asked
  double nodes = 0;                                                        // average in use; 0: from the throughput
};
struct ServiceDayCost {
  double prefill_nodes = 0, decode_nodes = 0, nodes = 0;
  double usd_cost = 0, usd_revenue = 0, margin = 0;  // (revenue - cost) / cost
  double usd_per_m_input = 0, usd_per_m_output = 0;  // unit cost of all input (cached included) and of output
};
ServiceDayCost service_day(const ServiceDay& day);

}  // namespace ingot::cost
