// `ingot cost serve` and `ingot cost fleet`.
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/cost.h"
#include "ingot/plan/cost/serving.h"

namespace ingot::cli {
namespace {

constexpr PlanFlag kServeFlags[] = {
    {"--model", "model.name", "architecture: a name of `ingot cost models`, or a recipe of ours (.toml)"},
    {"--chip", "cluster.chip", "chip: a name of `ingot cost hardware`"},
    {"--chips", "serve.chips", "chips a replica (default: searched)"},
    {"--batch", "serve.batch", "requests decoded together (default: searched)"},
    {"--input-tokens", "serve.input_tokens", "input tokens of a request"},
    {"--output-tokens", "serve.output_tokens", "output tokens of a request"},
    {"--cached-share", "serve.cached_share", "share of input tokens whose KV is already cached"},
    {"--weights", "serve.weights", "bf16, fp8, int8 or int4"},
    {"--cache", "serve.cache", "dtype of the KV cache"},
    {"--min-tokens-per-s", "serve.min_tokens_per_s", "SLO: tokens/s of a user's stream"},
    {"--max-first-token-s", "serve.max_first_token_s", "SLO: seconds to the first token"},
    {"--utilisation", "serve.utilisation", "share of capacity that is sold"},
    {"--decode-tokens-per-s", "serve.decode_tokens_per_s", "measured output tokens/s a chip, instead of predicted"},
    {"--prefill-tokens-per-s", "serve.prefill_tokens_per_s", "measured input tokens/s a chip, instead of predicted"},
    {"--rental-usd-per-hour", "prices.rental_usd_per_hour", "rental of a chip-hour (default: the catalogue's)"},
    {"--contract", "prices.contract", "on-demand, one-year or three-year"},
};

struct ServeFlags : CostFlags {
  PlanFlags plan;
  std::vector<double> load;
};

Json point_json(const cost::ServePoint& p) {
  return {{"chips", p.chips},
          {"batch", p.batch},
          {"user_tokens_per_s", p.user_tokens_per_s},
          {"first_token_s", p.first_token_s},
          {"chip_output_tokens_per_s", p.chip_output_tokens_per_s},
          {"usd_per_m_output", p.usd_per_m_output},
          {"usd_per_m_input", p.usd_per_m_input},
          {"usd_per_m_cached", p.usd_per_m_cached},
          {"usd_per_request", p.usd_per_request},
          {"memory_share", p.memory_share},
          {"decode_s", {{"compute", p.decode.compute}, {"memory", p.decode.memory}, {"comm", p.decode.comm}}}};
}

int run_serve(const ServeFlags& flags) {
  Document document = flags.plan.document(kServeFlags);
  if (!flags.load.empty()) document.set("serve.load=" + Json(flags.load).dump());
  const auto plan = cost::read_serve_plan(document, flags.facts_folder());
  const auto catalogue = cost::HardwareCatalogue::load(flags.facts_folder());
  const auto result = cost::serving_cost(plan, catalogue, flags.day());

  Json front = Json::array();
  TextTable pareto({"tokens/s a user", "first token s", "chips", "batch", "$/M output", "$/M input", "$/request",
                    "memory", "bound by"});
  for (const auto& p : result.front) {
    front.push_back(point_json(p));
    const char* bound = p.decode.comm > std::max(p.decode.compute, p.decode.memory) ? "comm"
                        : p.decode.compute > p.decode.memory                        ? "compute"
                                                                                    : "memory";
    pareto.add({fmt::format("{:.1f}", p.user_tokens_per_s), fmt::format("{:.2f}", p.first_token_s),
                std::to_string(p.chips), std::to_string(p.batch), fmt::format("{:.3f}", p.usd_per_m_output),
                fmt::format("{:.3f}", p.usd_per_m_input), fmt::format("{:.5f}", p.usd_per_request),
                fmt::format("{:.0f} %", 100 * p.memory_share), bound});
  }
  Json json = {{"figures", figures_json(result.lines)},
               {"floor", point_json(*result.floor)},
               {"front", front},
               {"warnings", result.warnings}};
  if (flags.csv) {
    print_result(flags, pareto, front);
    return 0;
  }
  std::vector<std::string> notes{"", "Pareto front of speed against price:", pareto.to_string()};
  for (const auto& warning : result.warnings) notes.push_back("warning: " + warning);
  print_result(flags, figures_table(result.lines), json, notes);
  return 0;
}

struct FleetFlags : CostFlags {
  cost::ServiceDay day_;
};

int run_fleet(const FleetFlags& flags) {
  const auto cost = cost::service_day(flags.day_);
  std::vector<cost::Line> lines;
  const auto line = [&](const char* key, const char* label, const char* unit, double value, cost::Basis basis,
                        const char* source) {
    lines.push_back({key, label, unit, {value, basis, source}, {}});
  };
  using cost::Basis;
  line("prefill_nodes", "prefill nodes", "", cost.prefill_nodes, Basis::Measured,
       "input tokens / day / measured throughput");
  line("decode_nodes", "decode nodes", "", cost.decode_nodes, Basis::Measured,
       "output tokens / day / measured throughput");
  line("nodes", "nodes", "", cost.nodes, flags.day_.nodes > 0 ? Basis::Assumed : Basis::Measured,
       flags.day_.nodes > 0 ? "given" : "sum");
  line("usd_cost", "cost of the day", "$", cost.usd_cost, Basis::Predicted, "nodes x chips x 24 h x price");
  line("usd_revenue", "revenue at list prices", "$", cost.usd_revenue, Basis::Predicted, "tokens x prices");
  line("margin_percent", "margin on cost", "%", 100 * cost.margin, Basis::Predicted, "revenue / cost - 1");
  line("usd_per_m_input", "unit cost of input, cached included", "$/M tokens", cost.usd_per_m_input, Basis::Predicted,
       "prefill nodes only");
  line("usd_per_m_output", "unit cost of output", "$/M tokens", cost.usd_per_m_output, Basis::Predicted,
       "decode nodes only");
  print_result(flags, figures_table(lines), {{"figures", figures_json(lines)}});
  return 0;
}

}  // namespace

void add_cost_serve(CLI::App& cost) {
  {
    auto flags = std::make_shared<ServeFlags>();
    auto* command = add_command(
        cost, "serve", "speed and price of serving a model: Pareto front and floor at an SLO",
        "ingot cost serve --model llama-2-70b --chip A100-80GB\n"
        "ingot cost serve --model deepseek-v3 --chip H800 --weights fp8 --cached-share 0.5 --min-tokens-per-s 20\n"
        "ingot cost serve plan.toml --load 3,2,1,1,2,4,8,9,9,8,6,4 --csv");
    flags->plan.add_to(*command, "TOML with sections model, cluster, serve, prices", kServeFlags);
    command->add_option("--load", flags->load, "hourly load profile, any unit")->delimiter(',');
    flags->add_to(*command);
    on_run(command, [flags] { return run_serve(*flags); });
  }
  {
    auto flags = std::make_shared<FleetFlags>();
    auto* command =
        add_command(cost, "fleet", "nodes, cost, revenue and margin of a day of a service, from measured throughput",
                    "ingot cost fleet --cached-input-tokens 342e9 --input-tokens 266e9 --output-tokens 168e9 "
                    "--prefill-tokens-per-s 73700 --decode-tokens-per-s 14800 --usd-per-chip-hour 2 "
                    "--usd-per-m-cached 0.14 --usd-per-m-input 0.55 --usd-per-m-output 2.19");
    auto& d = flags->day_;
    command->add_option("--cached-input-tokens", d.cached_input_tokens, "input tokens a day that hit the cache");
    command->add_option("--input-tokens", d.input_tokens, "input tokens a day that miss it")->required();
    command->add_option("--output-tokens", d.output_tokens, "output tokens a day")->required();
    command->add_option("--prefill-tokens-per-s", d.prefill_tokens_per_s,
                        "measured input tokens/s a node, cached included");
    command->add_option("--decode-tokens-per-s", d.decode_tokens_per_s, "measured output tokens/s a node");
    command->add_option("--nodes", d.nodes, "average nodes in use (default: from the throughput)");
    command->add_option("--chips-per-node", d.chips_per_node, "chips a node");
    command->add_option("--usd-per-chip-hour", d.usd_per_chip_hour, "price of a chip-hour")->required();
    command->add_option("--usd-per-m-cached", d.usd_per_m_cached, "price asked for a million cached input tokens");
    command->add_option("--usd-per-m-input", d.usd_per_m_input, "price asked for a million other input tokens");
    command->add_option("--usd-per-m-output", d.usd_per_m_output, "price asked for a million output tokens");
    flags->add_to(*command);
    on_run(command, [flags] { return run_fleet(*flags); });
  }
}

}  // namespace ingot::cli
