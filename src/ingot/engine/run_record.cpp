#include "ingot/engine/run_record.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "ingot/base/clock.h"
#include "ingot/base/text_table.h"
#include "ingot/base/version.h"
#include "ingot/torch/compat.h"
#include "ingot/torch/module_state.h"

namespace ingot {

std::optional<double> mfu(const Task& task, const TrainConfig& config, const TrainState& state,
                          const std::optional<Ceiling>& ceiling) {
  if (!ceiling || state.step_s <= 0) return {};
  const double peak = 1e9 * (config.train.precision == Precision::Bf16 ? ceiling->gflops_bf16 : ceiling->gflops_fp32);
  if (peak <= 0) return {};
  return task.train_flops_per_unit() * state.units / state.step_s / peak;
}

Json run_record(const RecordInputs& in) {
  const auto& state = in.state;
  const double rate = state.step_s > 0 ? state.units / state.step_s : 0;
  Json record = {{"id", state.id}, {"name", in.name}, {"status", in.status}, {"created", state.created}};
  if (in.status != "running") record["finished"] = utc_timestamp();
  if (!in.error.empty()) record["error"] = in.error;
  record["model"] = {{"family", in.family},
                     {"parameters", count_parameters(in.task.module())},
                     {"flops_per_unit", in.task.train_flops_per_unit()}};
  if (const auto trained = count_parameters(in.task.module(), true); trained != record["model"]["parameters"])
    record["model"]["trained_parameters"] = trained;
  const Json card = in.task.card();
  for (const auto& [key, value] : card.items())
    if (!record["model"].contains(key)) record["model"][key] = value;
  Json& train = record["train"];
  train = {{"steps", state.step},           {"units", state.units},
           {"unit", in.task.unit()},        {"units_per_s", rate},
           {"cpu_s", state.step_cpu_s},     {"step_s", state.step_s},
           {"wall_s", state.wall_s},        {"peak_memory_bytes", peak_memory_bytes()},
           {"final_loss", state.last_loss}, {"skipped_steps", state.skipped},
           {"rollbacks", state.rollbacks},  {"empty_steps", state.empty}};
  if (in.task.unit() == "token") train["tokens_per_s"] = rate;
  if (const auto share = mfu(in.task, in.config, state, in.ceiling)) train["mfu"] = *share;
  if (in.config.train.usd_per_hour > 0) train["usd"] = state.wall_s / 3600 * in.config.train.usd_per_hour;
  record["eval"] = in.evaluations;
  if (state.best)
    record["eval"]["best"] = {
        {"step", state.best_step}, {"metric", in.task.objective().metric}, {"value", *state.best}};
  record["machine"] = to_json(describe_machine());
  if (in.ceiling) record["machine"]["ceiling"] = to_json(*in.ceiling);
  record["versions"] = {{"ingot", version()}, {"torch", torch_version()}};
  record["config_hash"] = in.config_hash;
  record["data_hash"] = in.data_hash;
  record["seed"] = in.config.train.seed;
  record["threads"] = num_threads();
  record["device"] = in.device;
  record["precision"] = enum_name(in.config.train.precision);
  return record;
}

std::string model_card(const Json& record, const Json& task_card) {
  const auto& train = record.at("train");
  std::string text = fmt::format("# {}\n\n", record.at("name").get<std::string>());
  const auto row = [&](const std::string& key, const std::string& value) {
    text += fmt::format("| {} | {} |\n", key, value);
  };
  const auto plain = [](const Json& value) {
    return value.is_string()         ? value.get<std::string>()
           : value.is_number_float() ? fmt::format("{:.6g}", value.get<double>())
                                     : value.dump();
  };
  text += "| model | |\n| --- | --- |\n";
  row("family", record.at("model").at("family").get<std::string>());
  row("parameters", grouped(record.at("model").at("parameters").get<int64_t>()));
  if (const auto trained = record.at("model").value("trained_parameters", Json()); trained.is_number())
    row("of which train", grouped(trained.get<int64_t>()));
  for (const auto& [key, value] : task_card.items())
    if (key != "parameters") row(key, plain(value));
  text += "\n| training | |\n| --- | --- |\n";
  row("status", record.at("status").get<std::string>());
  row("steps", grouped(train.at("steps").get<int64_t>()));
  row(train.at("unit").get<std::string>() + "s", grouped(int64_t(train.at("units").get<double>())));
  row("loss at the end", plain(train.at("final_loss")));
  row("time", fmt::format("{}, {:.1f} CPU s in steps", format_duration(train.at("wall_s").get<double>()),
                          train.at("cpu_s").get<double>()));
  row("machine", fmt::format("{}, {} threads, {}, {}", record.at("machine").at("cpu").get<std::string>(),
                             record.at("threads").get<int>(), record.at("device").get<std::string>(),
                             record.at("precision").get<std::string>()));
  if (train.contains("mfu")) row("MFU", fmt::format("{:.1f} %", 100 * train.at("mfu").get<double>()));
  if (train.contains("usd")) row("cost", fmt::format("${:.4f}", train.at("usd").get<double>()));
  row("seed", record.at("seed").dump());
  row("data", record.at("data_hash").get<std::string>());
  row("recipe", record.at("config_hash").get<std::string>());
  row("written by", "ingot " + record.at("versions").at("ingot").get<std::string>() + ", LibTorch " +
                        record.at("versions").at("torch").get<std::string>());
  text += "\n| evaluation | |\n| --- | --- |\n";
  for (const auto& [split, metrics] : record.at("eval").items()) {
    std::string values;
    for (const auto& [key, value] : metrics.items())
      if (value.is_primitive()) values += (values.empty() ? "" : ", ") + key + " " + plain(value);
    row(split, values);
  }
  return text +
         "\nLimits: measured on the data named above and nothing else; not tested for bias, safety or other domains.\n";
}

}  // namespace ingot
