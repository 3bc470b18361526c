#include "ingot/plan/cost/load_profile.h"

#include <algorithm>

#include "ingot/base/error.h"

namespace ingot::cost {

double fleet_utilisation(const std::vector<double>& load, double headroom, double autoscaled) {
  require("serve", !load.empty(), "load is empty, expected hourly numbers");
  require("serve", headroom >= 0, "headroom is ", headroom, ", expected >= 0");
  require("serve", autoscaled >= 0 && autoscaled <= 1, "autoscaled is ", autoscaled, ", expected a share in [0, 1]");
  double sum = 0, peak = 0;
  for (const double x : load) {
    require("serve", x >= 0, "load holds ", x, ", expected >= 0");
    sum += x, peak = std::max(peak, x);
  }
  require("serve", peak > 0, "load is 0 in every hour, expected > 0 in one");
  const double capacity = peak * (1 + headroom);
  double paid = 0;
  for (const double x : load) paid += capacity - autoscaled * (capacity - x * (1 + headroom));
  return sum / paid;
}

ServiceDayCost service_day(const ServiceDay& day) {
  constexpr double kSecondsPerDay = 86400;
  Problems problems;
  const auto positive = [&](const char* name, double value) {
    if (!(value > 0)) problems.push_back(detail::join_parts(name, " is ", value, ", expected > 0"));
  };
  positive("output_tokens", day.output_tokens), positive("usd_per_chip_hour", day.usd_per_chip_hour);
  positive("chips_per_node", day.chips_per_node);
  if (day.nodes == 0)
    positive("prefill_tokens_per_s", day.prefill_tokens_per_s),
        positive("decode_tokens_per_s", day.decode_tokens_per_s);
  for (const auto& [name, value] : {std::pair<const char*, double>{"input_tokens", day.input_tokens},
                                    {"nodes", day.nodes},
                                    {"cached_input_tokens", day.cached_input_tokens}})
    if (!(value >= 0)) problems.push_back(detail::join_parts(name, " is ", value, ", expected >= 0"));
  throw_if_any("serve", problems);

  ServiceDayCost cost;
  const double input = day.input_tokens + day.cached_input_tokens;
  if (day.prefill_tokens_per_s > 0) cost.prefill_nodes = input / kSecondsPerDay / day.prefill_tokens_per_s;
  if (day.decode_tokens_per_s > 0) cost.decode_nodes = day.output_tokens / kSecondsPerDay / day.decode_tokens_per_s;
  cost.nodes = day.nodes > 0 ? day.nodes : cost.prefill_nodes + cost.decode_nodes;
  const double node_day = day.chips_per_node * 24 * day.usd_per_chip_hour;
  cost.usd_cost = cost.nodes * node_day;
  cost.usd_revenue = (day.cached_input_tokens * day.usd_per_m_cached + day.input_tokens * day.usd_per_m_input +
                      day.output_tokens * day.usd_per_m_output) /
                     1e6;
  cost.margin = cost.usd_revenue / cost.usd_cost - 1;
  if (input > 0) cost.usd_per_m_input = cost.prefill_nodes * node_day / (input / 1e6);
  cost.usd_per_m_output = cost.decode_nodes * node_day / (day.output_tokens / 1e6);
  return cost;
}

}  // namespace ingot::cost
