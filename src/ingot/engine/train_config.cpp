#include "ingot/engine/train_config.h"

#include <algorithm>
#include <cmath>

#include "ingot/base/file.h"
#include "ingot/torch/compat.h"

namespace ingot {
namespace {

// Sections that a recipe may have. A family's own ones are read by its make function.
const std::vector<std::string> kSections = {"model",      "data",       "train", "optimizer", "schedule",
                                            "checkpoint", "early_stop", "ema",   "tokenizer", "generate"};

// Keys that change no result.
constexpr const char* kBookkeeping[] = {"train.name", "train.log_every", "train.usd_per_hour", "checkpoint."};

bool is_bookkeeping(const std::string& key) {
  return std::any_of(std::begin(kBookkeeping), std::end(kBookkeeping),
                     [&](const std::string& prefix) { return key.starts_with(prefix); });
}

void flatten(const Json& value, const std::string& path, std::vector<std::pair<std::string, std::string>>& out) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, item] : value.items()) flatten(item, path.empty() ? key : path + "." + key, out);
  } else {
    out.emplace_back(path, value.dump());
  }
}

template <typename T>
void need(Problems& problems, bool ok, const char* field, const T& got, const char* rule) {
  if (!ok) problems.push_back(detail::join_parts(field, ": got ", got, ", expected ", rule));
}

}  // namespace

Problems TrainSection::validate() const {
  Problems p;
  if (steps == 0 && epochs == 0) p.push_back("steps: got neither steps nor epochs, expected one of them above 0");
  if (steps != 0 && epochs != 0) p.push_back("steps: got both steps and epochs, expected one of them");
  need(p, steps >= 0, "steps", steps, "more than 0");
  need(p, epochs >= 0 && std::isfinite(epochs), "epochs", epochs, "a finite number above 0");
  need(p, batch_size > 0, "batch_size", batch_size, "1 or more");
  need(p, accumulate > 0, "accumulate", accumulate, "1 or more");
  need(p, threads >= 0 && threads <= 1024, "threads", threads, "0 (all cores) to 1024");
  need(p, clip_grad_norm >= 0 && std::isfinite(clip_grad_norm), "clip_grad_norm", clip_grad_norm, "0 (off) or more");
  need(p, max_non_finite >= 0, "max_non_finite", max_non_finite, "0 or more");
  need(p, log_every >= 0, "log_every", log_every, "0 (200 times a run) or more");
  need(p, eval_every >= 0, "eval_every", eval_every, "0 (by epoch) or more");
  need(p, eval_limit >= 0, "eval_limit", eval_limit, "0 (all) or more");
  need(p, usd_per_hour >= 0 && std::isfinite(usd_per_hour), "usd_per_hour", usd_per_hour, "0 or more");
  return p;
}

Problems CheckpointSection::validate() const {
  Problems p;
  need(p, every >= 0, "every", every, "0 (with each evaluation) or more");
  need(p, keep >= 1, "keep", keep, "1 or more");
  return p;
}

Problems EmaSection::validate() const {
  Problems p;
  need(p, decay >= 0 && decay < 1, "decay", decay, "0 (off) to below 1, as in 0.999");
  return p;
}

Problems EarlyStopSection::validate() const {
  Problems p;
  need(p, patience >= 0, "patience", patience, "0 (off) or more evaluations");
  need(p, min_delta >= 0 && std::isfinite(min_delta), "min_delta", min_delta, "0 or more");
  return p;
}

TrainConfig read_train_config(const Document& recipe) {
  check_sections(recipe, kSections);
  TrainConfig config = {.train = read_config<TrainSection>(recipe, "train"),
                        .schedule = read_config<ScheduleConfig>(recipe, "schedule"),
                        .checkpoint = read_config<CheckpointSection>(recipe, "checkpoint"),
                        .ema = read_config<EmaSection>(recipe, "ema"),
                        .early_stop = read_config<EarlyStopSection>(recipe, "early_stop"),
                        .optimizers = {}};
  if (auto& train = config.train; train.precision == Precision::Auto)
    train.precision = has_bf16_units(resolve_device(train.device).type()) ? Precision::Bf16 : Precision::Fp32;
  return config;
}

void read_optimizers(const Document& recipe, const std::vector<Player>& players, TrainConfig& config) {
  std::vector<std::string> names;
  for (const auto& player : players) names.push_back(player.name);
  Document shared = recipe;  // [optimizer] without the tables of single players
  Json own = Json::object();
  if (const auto found = recipe.root.find("optimizer"); found != recipe.root.end() && found->is_object()) {
    shared.root["optimizer"] = Json::object();
    for (const auto& [key, value] : found->items()) {
      if (!value.is_object()) {
        shared.root["optimizer"][key] = value;
        continue;
      }
      require("recipe", std::find(names.begin(), names.end(), key) != names.end(), recipe.at("optimizer." + key),
              ": unknown player", suggest(key, names));
      own[key] = value;
    }
  }
  const auto common = read_config<OptimizerConfig>(shared, "optimizer");
  for (const auto& name : names) {
    Document document = recipe;
    document.root["optimizer." + name] = own.value(name, Json::object());
    config.optimizers[name] = read_config<OptimizerConfig>(document, "optimizer." + name, common);
  }
}

Json resolved_recipe(const Document& recipe, const Json& of_task, const TrainConfig& config) {
  Json resolved = recipe.root;
  resolved.update(of_task);
  resolved["train"] = write_config(config.train);
  if (config.optimizers.size() == 1) {
    resolved["optimizer"] = write_config(config.optimizers.begin()->second);
  } else {
    resolved["optimizer"] = Json::object();
    for (const auto& [player, optimizer] : config.optimizers) resolved["optimizer"][player] = write_config(optimizer);
  }
  resolved["schedule"] = write_config(config.schedule);
  resolved["checkpoint"] = write_config(config.checkpoint);
  resolved["ema"] = write_config(config.ema);
  resolved["early_stop"] = write_config(config.early_stop);
  return resolved;
}

std::string config_hash(const Json& resolved) {
  std::vector<std::pair<std::string, std::string>> keys;
  flatten(resolved, "", keys);
  std::sort(keys.begin(), keys.end());
  std::string text;
  for (const auto& [key, value] : keys)
    if (!is_bookkeeping(key)) text += key + "=" + value + "\n";
  return sha256_hex(text);
}

std::vector<std::pair<std::string, std::string>> config_changes(const Json& before, const Json& after) {
  std::vector<std::pair<std::string, std::string>> old_keys, new_keys, changes;
  flatten(before, "", old_keys);
  flatten(after, "", new_keys);
  const auto find = [](const auto& keys, const std::string& name) {
    const auto at = std::find_if(keys.begin(), keys.end(), [&](const auto& item) { return item.first == name; });
    return at == keys.end() ? std::string("(absent)") : at->second;
  };
  for (const auto& [key, value] : old_keys)
    if (const auto now = find(new_keys, key); now != value && !is_bookkeeping(key))
      changes.emplace_back(key, value + " -> " + now);
  for (const auto& [key, value] : new_keys)
    if (find(old_keys, key) == "(absent)" && !is_bookkeeping(key)) changes.emplace_back(key, "(absent) -> " + value);
  return changes;
}

int64_t steps_per_epoch(int64_t accumulate, int64_t batches_per_epoch) {
  return (batches_per_epoch + accumulate - 1) / accumulate;
}

StepWindow window_of_step(int64_t step, int64_t accumulate, int64_t batches_per_epoch) {
  if (batches_per_epoch == 0) return {step * accumulate, accumulate};
  const int64_t per_epoch = steps_per_epoch(accumulate, batches_per_epoch);
  const int64_t epoch = step / per_epoch, begin = step % per_epoch * accumulate;
  return {epoch * batches_per_epoch + begin, std::min(accumulate, batches_per_epoch - begin)};
}

int64_t total_steps(const TrainSection& train, int64_t batches_per_epoch) {
  if (train.steps > 0) return train.steps;
  require("recipe", batches_per_epoch > 0, "train.epochs is ", train.epochs,
          ", but this task samples without epochs; give train.steps");
  const double steps = train.epochs * double(steps_per_epoch(train.accumulate, batches_per_epoch));
  return std::max<int64_t>(1, int64_t(std::ceil(steps - 1e-9)));
}

}  // namespace ingot
