#include <algorithm>
#include <numeric>

#include <torch/torch.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/engine/run_record.h"
#include "ingot/engine/run_registry.h"
#include "ingot/engine/train_step.h"
#include "ingot/engine/trainer.h"
#include "ingot/models/registry.h"
#include "ingot/torch/compat.h"
#include "ingot/torch/module_state.h"

namespace ingot {
namespace {

constexpr double kAssumedMfu = 0.25;   // small models on CPUs reach 0.1 to 0.5
constexpr double kMeasureLimitS = 20;  // steps predicted to be longer are not tried

// MFU of the newest finished run of this family on this CPU and precision.
std::optional<double> mfu_seen(const std::string& family, const std::string& precision, const Machine& machine) {
  for (const auto& run : registered_runs()) {
    const auto& r = run.record;
    if (r.value("status", "") == "finished" && r.contains("train") && r["train"].contains("mfu") &&
        r["model"].value("family", "") == family && r.value("precision", "") == precision &&
        r["machine"].value("cpu", "") == machine.cpu && r["train"]["mfu"].is_number())
      return r["train"]["mfu"].get<double>();
  }
  return {};
}

uint64_t bytes_of(const std::map<std::string, Tensor>& tensors) {
  return std::accumulate(tensors.begin(), tensors.end(), uint64_t{0},
                         [](uint64_t sum, const auto& item) { return sum + item.second.nbytes(); });
}

}  // namespace

Json dry_run_task(const Document& recipe, const MakeTask& make) {
  auto config = read_train_config(recipe);
  const auto machine = describe_machine();
  const int threads = config.train.threads > 0 ? config.train.threads : machine.cores;
  const auto device = resolve_device(config.train.device);
  const auto ceiling = measured_ceiling(threads, device.str());
  set_num_threads(threads);
  Json of_task = Json::object();
  Document recorded = recipe;
  recorded.resolved = &of_task;
  auto task = make(recorded, {Purpose::Train, config.train.batch_size, config.train.seed, ""});
  read_optimizers(recipe, task->players(), config);
  const int64_t steps = total_steps(config.train, task->batches_per_epoch());

  // 1. Sizes. Memory is what stands during a step, without activations; these are in the measured peak.
  torch::manual_seed(config.train.seed);
  task->initialise();
  task->module().to(device);
  TrainStep step(*task, config, device);
  const auto window = window_of_step(0, config.train.accumulate, task->batches_per_epoch());
  double units = 0;
  for (int64_t i = 0; i < window.count; ++i) units += task->train_batch(window.first + i).weight;
  const uint64_t weights = bytes_of(module_state(task->module()));
  uint64_t gradients = 0;
  for (const auto& value : task->module().parameters()) gradients += value.requires_grad() ? value.nbytes() : 0;
  const uint64_t slots = bytes_of(step.optimizer_state());

  // 2. Work and speed.
  const std::string precision = enum_name(config.train.precision);
  const double peak = 1e9 * (config.train.precision == Precision::Bf16 ? ceiling.gflops_bf16 : ceiling.gflops_fp32);
  const double step_flops = task->train_flops_per_unit() * units;
  const std::string family = recipe.root.at("model").value("name", "");
  const auto seen = mfu_seen(family, precision, machine);
  double share = seen.value_or(kAssumedMfu);
  double step_s = step_flops / (peak * share);
  std::string method = seen ? "the MFU of the newest finished run of this family on this machine"
                            : "an assumed MFU of this machine's measured matrix-product ceiling";
  Json memory = {{"weights", weights}, {"gradients", gradients}, {"optimizer", slots}};
  if (step_s < kMeasureLimitS) {
    reset_peak_memory();
    std::vector<double> seconds;
    const double begin = now_s();
    for (int64_t i = 0; i < 6 && (i < 2 || now_s() - begin < kMeasureLimitS); ++i) {
      const double step_begin = now_s();
      step.run(window_of_step(std::min(i, steps - 1), config.train.accumulate, task->batches_per_epoch()), 0,
               [&](int64_t index) { return task->train_batch(index); });
      if (i > 0) seconds.push_back(now_s() - step_begin);  // the first one warms up
    }
    std::sort(seconds.begin(), seconds.end());
    step_s = seconds[seconds.size() / 2];
    share = step_flops / step_s / peak;
    method = "the median of " + std::to_string(seconds.size()) + " real steps";
    memory["peak_of_process"] = peak_memory_bytes();
  }
  const double total_s = step_s * double(steps);
  Json result = {{"recipe", resolved_recipe(recipe, of_task, config)},
                 {"model", {{"family", family}, {"parameters", count_parameters(task->module())}}},
                 {"steps", steps},
                 {"unit", task->unit()},
                 {"units_per_step", units},
                 {"units", units * double(steps)},
                 {"flops", step_flops * double(steps)},
                 {"memory_bytes", memory},
                 {"machine", to_json(machine)},
                 {"ceiling", to_json(ceiling)},
                 {"predicted",
                  {{"method", method},
                   {"seconds_per_step", step_s},
                   {"units_per_s", units / step_s},
                   {"mfu", share},
                   {"seconds", total_s}}}};
  if (const auto trained = count_parameters(task->module(), true); trained != result["model"]["parameters"])
    result["model"]["trained_parameters"] = trained;
  const Json card = task->card();
  for (const auto& [key, value] : card.items())
    if (!result["model"].contains(key)) result["model"][key] = value;
  if (config.train.usd_per_hour > 0) result["predicted"]["usd"] = total_s / 3600 * config.train.usd_per_hour;
  return result;
}

Json dry_run(const Document& recipe) { return dry_run_task(recipe, make_task); }

}  // namespace ingot
