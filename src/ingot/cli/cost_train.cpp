// `ingot cost train` and `ingot cost models`.
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ingot/base/error.h"
#include "ingot/cli/commands.h"
#include "ingot/cli/cost.h"
#include "ingot/plan/cost/flops.h"
#include "ingot/plan/cost/training.h"

namespace ingot::cli {
namespace {

constexpr PlanFlag kTrainFlags[] = {
    {"--model", "model.name", "architecture: a name of `ingot cost models`, or a recipe of ours (.toml)"},
    {"--layers", "model.layers", "transformer blocks"},
    {"--width", "model.width", "size of the residual stream"},
    {"--heads", "model.heads", "attention heads"},
    {"--kv-heads", "model.kv_heads", "key and value heads"},
    {"--ffn", "model.ffn", "hidden size of the feed-forward layer"},
    {"--vocab", "model.vocab", "vocabulary size"},
    {"--seq-len", "model.seq_len", "tokens in a training sequence"},
    {"--experts", "model.experts", "experts a layer"},
    {"--experts-per-token", "model.experts_per_token", "routed experts that a token visits"},
    {"--expert-ffn", "model.expert_ffn", "hidden size of one expert"},
    {"--params", "train.params", "parameters, when the architecture is unknown"},
    {"--active-params", "train.active_params", "parameters that a token visits"},
    {"--flop", "train.flop", "FLOP of the whole run, when it is published"},
    {"--tokens", "train.tokens", "tokens seen in training"},
    {"--batch-tokens", "train.batch_tokens", "tokens a step"},
    {"--global-batch", "train.global_batch", "sequences a step, instead of --batch-tokens"},
    {"--mfu", "train.mfu", "model FLOPs utilisation, instead of predicting it"},
    {"--tokens-per-s-per-chip", "train.tokens_per_s_per_chip", "throughput, instead of predicting it"},
    {"--tflops-per-chip", "train.tflops_per_chip", "achieved TFLOP/s a chip, instead of predicting it"},
    {"--run", "train.run", "run folder whose measured utilisation is used"},
    {"--extra-chip-hours", "train.extra_chip_hours", "chip-hours besides the run"},
    {"--chip", "cluster.chip", "chip: a name of `ingot cost hardware`"},
    {"--chips", "cluster.chips", "number of chips"},
    {"--tensor", "cluster.tensor", "tensor-parallel chips (default: searched)"},
    {"--pipeline", "cluster.pipeline", "pipeline stages (default: searched)"},
    {"--expert-parallel", "cluster.expert", "ranks that experts are spread over"},
    {"--microbatch", "cluster.microbatch", "sequences of a microbatch (default: searched)"},
    {"--recompute", "cluster.recompute", "none, selective or full (default: searched)"},
    {"--mtbf-chip-hours", "failures.mtbf_chip_hours", "chip-hours between failures; 0: nothing fails"},
    {"--rental-usd-per-hour", "prices.rental_usd_per_hour", "rental of a chip-hour (default: the catalogue's)"},
    {"--purchase-usd", "prices.purchase_usd", "price of a chip (default: the catalogue's)"},
    {"--contract", "prices.contract", "on-demand, one-year or three-year"},
    {"--power-w", "prices.power_w", "watts a chip with its share of the server"},
    {"--pue", "prices.pue", "power usage effectiveness"},
    {"--usd-per-kwh", "prices.usd_per_kwh", "price of electricity"},
    {"--kg-co2-per-kwh", "prices.kg_co2_per_kwh", "carbon intensity of the grid"},
    {"--seed", "uncertainty.seed", "seed of the Monte Carlo draws"},
};

struct TrainFlags : CostFlags {
  PlanFlags plan;
  std::vector<std::string> bases;
};

int run_train(const TrainFlags& flags) {
  Document document = flags.plan.document(kTrainFlags);
  if (!flags.bases.empty()) document.set("prices.bases=" + Json(flags.bases).dump());
  const auto plan = cost::read_train_plan(document, flags.facts_folder());
  const auto catalogue = cost::HardwareCatalogue::load(flags.facts_folder());
  const auto result = cost::training_cost(plan, catalogue, flags.day());

  Json json = {{"figures", figures_json(result.lines)}};
  std::vector<std::string> notes;
  if (result.layout) {
    const auto& l = *result.layout;
    notes.push_back(
        fmt::format("layout: tensor {} x pipeline {} x data {}{}, microbatch {} of {} sequences a step, interleave {}, "
                    "recompute {}",
                    l.tensor, l.pipeline, l.data, l.expert > 1 ? fmt::format(", experts over {}", l.expert) : "",
                    l.microbatch, l.global_batch, l.interleave, enum_name(l.recompute)));
    json["layout"] = {{"tensor", l.tensor},
                      {"pipeline", l.pipeline},
                      {"data", l.data},
                      {"expert", l.expert},
                      {"microbatch", l.microbatch},
                      {"global_batch", l.global_batch},
                      {"interleave", l.interleave},
                      {"recompute", enum_name(l.recompute)},
                      {"zero", enum_name(l.zero)}};
  }
  if (result.step) {
    const auto& s = *result.step;
    const auto share = [&](double seconds) { return fmt::format("{:.1f}", 100 * seconds / s.total); };
    notes.push_back(
        fmt::format("step time, %: matmul {}, attention {}, elementwise {}, tensor comm {}, expert comm {}, recompute "
                    "{}, logits {}, "
                    "pipeline comm {}, bubble {}, data comm {}, optimizer {}",
                    share(s.matmul), share(s.attention), share(s.elementwise), share(s.tensor_comm),
                    share(s.expert_comm), share(s.recompute), share(s.logits), share(s.pipeline_comm), share(s.bubble),
                    share(s.data_comm), share(s.optimizer)));
    json["step_s"] = {
        {"matmul", s.matmul},           {"attention", s.attention},         {"elementwise", s.elementwise},
        {"tensor_comm", s.tensor_comm}, {"expert_comm", s.expert_comm},     {"recompute", s.recompute},
        {"logits", s.logits},           {"pipeline_comm", s.pipeline_comm}, {"bubble", s.bubble},
        {"data_comm", s.data_comm},     {"optimizer", s.optimizer},         {"total", s.total}};
  }
  for (const auto& warning : result.warnings) notes.push_back("warning: " + warning);
  json["warnings"] = result.warnings;
  print_result(flags, figures_table(result.lines), json, notes);
  return 0;
}

struct ModelFlags : CostFlags {
  std::string filter;
};

int list_models(const ModelFlags& flags) {
  const CsvTable t = cost::read_facts("architectures.csv", flags.facts_folder());
  TextTable table({"model", "layers", "width", "heads", "kv", "ffn", "vocab", "seq len", "experts", "params", "active",
                   "TFLOP/token", "KV B/token", "source"});
  Json rows = Json::array();
  const auto models = cost::all_architectures(flags.facts_folder());
  for (size_t i = 0; i < models.size(); ++i) {
    const auto m = models[i].resolved();
    if (m.name.find(flags.filter) == std::string::npos) continue;
    const auto n = cost::count_parameters(m);
    const double flops = cost::token_flops(m, double(m.seq_len)).training(), kv = cost::kv_bytes_per_token(m);
    table.add({m.name, std::to_string(m.layers), std::to_string(m.width), std::to_string(m.heads),
               std::to_string(m.kv_heads), std::to_string(m.ffn), std::to_string(m.vocab), std::to_string(m.seq_len),
               m.experts ? fmt::format("{} of {}", m.experts_per_token, m.experts) : "", si(n.total), si(n.active),
               number(flops / 1e12, 3), fmt::format("{:.0f}", kv), t.text(i, "source")});
    rows.push_back({{"model", m.name},
                    {"layers", m.layers},
                    {"width", m.width},
                    {"heads", m.heads},
                    {"kv_heads", m.kv_heads},
                    {"ffn", m.ffn},
                    {"vocab", m.vocab},
                    {"seq_len", m.seq_len},
                    {"experts", m.experts},
                    {"experts_per_token", m.experts_per_token},
                    {"params", n.total},
                    {"active_params", n.active},
                    {"training_flop_per_token", flops},
                    {"kv_bytes_per_token", kv},
                    {"date", t.text(i, "date")},
                    {"source", t.text(i, "source")}});
  }
  if (rows.empty()) cost::find_architecture(flags.filter, flags.facts_folder());  // throws with near names
  print_result(flags, table, rows);
  return 0;
}

}  // namespace

void add_cost_train(CLI::App& cost) {
  {
    auto flags = std::make_shared<TrainFlags>();
    auto* command = add_command(cost, "train", "FLOPs, memory, time, energy and dollars of a training run",
                                "ingot cost train --model llama-65b --tokens 1.4e12 --chip A100-80GB --chips 2048\n"
                                "ingot cost train --params 37e9 --tokens 14.8e12 --chip H800 --chips 2048 --mfu 0.35\n"
                                "ingot cost train plan.toml --set cluster.chips=4096 --json");
    flags->plan.add_to(*command, "TOML with sections model, train, cluster, efficiency, failures, prices, uncertainty",
                       kTrainFlags);
    command->add_option("--bases", flags->bases, "rental, amortised, capex, energy (default: all)")->delimiter(',');
    flags->add_to(*command);
    on_run(command, [flags] { return run_train(*flags); });
  }
  {
    auto flags = std::make_shared<ModelFlags>();
    auto* command = add_command(cost, "models", "known architectures: parameters, FLOPs and cache bytes a token",
                                "ingot cost models llama");
    command->add_option("filter", flags->filter, "part of a name");
    flags->add_to(*command);
    on_run(command, [flags] { return list_models(*flags); });
  }
}

}  // namespace ingot::cli
