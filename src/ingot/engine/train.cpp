#include "ingot/engine/train.h"

#include <cmath>

#include <fmt/format.h>
#include <torch/torch.h>

#include "ingot/base/clock.h"
#include "ingot/base/error.h"
#include "ingot/base/log.h"
#include "ingot/base/progress.h"
#include "ingot/base/text_table.h"
#include "ingot/engine/batch_source.h"
#include "ingot/engine/checkpoint.h"
#include "ingot/engine/run_folder.h"
#include "ingot/engine/run_record.h"
#include "ingot/engine/run_registry.h"
#include "ingot/engine/stop_signal.h"
#include "ingot/engine/train_step.h"
#include "ingot/engine/trainer.h"
#include "ingot/formats/metrics_log.h"
#include "ingot/models/registry.h"
#include "ingot/torch/compat.h"
#include "ingot/torch/module_state.h"
#include "ingot/torch/safetensors.h"

namespace ingot {
namespace {

constexpr char kRng[] = "rng/";

std::string family_of(const Document& recipe) {
  const auto model = recipe.root.find("model");
  require("recipe", model != recipe.root.end() && model->is_object() && model->value("name", Json()).is_string(),
          recipe.origin, ": model.name is missing, expected the name of a family, as in [model] name = \"gpt\"");
  return model->at("name");
}

std::string default_name(const Document& recipe) {
  const std::string family = family_of(recipe);
  const std::string stem = fs::path(recipe.origin).stem().string();
  return stem.empty() || stem == "recipe" ? family : family + "-" + stem;
}

class Run {
 public:
  Run(const Document& recipe, const TrainOptions& options, const MakeTask& make);
  TrainResult go();

 private:
  void begin();
  void resume();
  void restore(const Checkpoint& checkpoint);
  void step();
  void on_non_finite(const StepOutcome& outcome, const StepWindow& window);
  void log(const StepOutcome& outcome, double lr_factor);
  void evaluate();
  void save();
  void illustrate();
  void write_record(const std::string& status, const std::string& error = "");
  bool evaluation_due() const;
  bool save_due() const;
  bool out_of_patience() const;
  double factor() const { return schedule_factor(config_.schedule, state_.step, total_) * state_.lr_scale; }
  std::string note() const;
  fs::path checkpoints() const { return folder_->checkpoints(); }

  const Document& recipe_;
  const TrainOptions& options_;
  TrainConfig config_;
  std::unique_ptr<Task> task_;
  at::Device device_{at::kCPU};
  std::optional<Ceiling> ceiling_;
  std::string family_;
  Json resolved_;
  std::string config_hash_;
  std::optional<RunFolder> folder_;
  std::optional<TrainStep> step_;
  std::optional<Ema> ema_;
  std::optional<BatchSource> batches_;
  std::optional<MetricsLog> metrics_;
  std::optional<Progress> progress_;

  TrainState state_;
  Json evaluations_ = Json::object();
  int64_t total_ = 0, eval_every_ = 0, log_every_ = 0;
  int64_t saved_step_ = -1;  // what the newest checkpoint holds, in every detail
  int64_t retry_step_ = -1;  // of a save that failed
  int failed_saves_ = 0;
  double session_begin_s_ = 0, wall_before_s_ = 0;
};

Run::Run(const Document& recipe, const TrainOptions& options, const MakeTask& make)
    : recipe_(recipe), options_(options), config_(read_train_config(recipe)) {
  auto& train = config_.train;
  if (train.name.empty()) train.name = default_name(recipe);
  family_ = family_of(recipe);
  // 1. The machine.
  const int threads = train.threads > 0 ? train.threads : describe_machine().cores;
  device_ = resolve_device(train.device);
  if (options.use_home_folder) ceiling_ = measured_ceiling(threads, device_.str());
  set_num_threads(threads);
  set_deterministic();
  if (train.precision == Precision::Bf16 && !has_bf16_units(device_.type()))
    log_warning("this CPU has no bf16 units, fp32 is many times faster here; train.precision = \"auto\" chooses");
  // 2. The task, and what it decides of the recipe.
  Json of_task = Json::object();
  Document recorded = recipe;
  recorded.resolved = &of_task;
  task_ =
      make(recorded, {.purpose = Purpose::Train, .batch_size = train.batch_size, .seed = train.seed, .run_folder = ""});
  read_optimizers(recipe, task_->players(), config_);
  total_ = total_steps(train, task_->batches_per_epoch());
  const int64_t epoch = steps_per_epoch(train.accumulate, task_->batches_per_epoch());
  eval_every_ = train.eval_every > 0 ? train.eval_every : epoch > 0 ? epoch : std::max<int64_t>(1, total_ / 10);
  log_every_ = train.log_every > 0 ? train.log_every : std::max<int64_t>(1, total_ / 200);
  resolved_ = resolved_recipe(recipe, of_task, config_);
  config_hash_ = config_hash(resolved_);
  // 3. The folder.
  folder_.emplace(options.run_folder.empty() ? next_run_folder(train.name) : options.run_folder);
  require("train", options.resume || !folder_->holds_a_run(), folder_->path().string(),
          " holds a run already; pass --resume to continue it, or choose another --run-folder");
}

TrainResult Run::go() {
  const StopSignal signals;
  reset_peak_memory();
  session_begin_s_ = now_s();
  // 1. Weights, optimiser, average; then the state of a run.
  torch::manual_seed(config_.train.seed);
  task_->initialise();
  task_->module().to(device_);
  step_.emplace(*task_, config_, device_);
  if (config_.ema.decay > 0) ema_.emplace(task_->module(), config_.ema.decay);
  batches_.emplace(*task_);
  options_.resume ? resume() : begin();
  if (!options_.quiet) progress_.emplace(config_.train.name, total_);

  // 2. The loop. Each pass begins with `state_.step` steps done.
  std::string status = "finished";
  try {
    for (;;) {
      if (StopSignal::received() || options_.stop_at_step == state_.step) {
        status = "interrupted";
        if (saved_step_ != state_.step) save();
        break;
      }
      if (evaluation_due()) evaluate();
      if (save_due()) save();
      if (out_of_patience()) status = "stopped_early";
      if (state_.step >= total_ || out_of_patience()) break;
      step();
    }
  } catch (const std::exception& e) {
    std::string error = e.what();
    error.resize(std::min(error.find('\n'), error.size()));
    write_record("failed", error);
    throw;
  }

  // 3. What stays.
  progress_.reset();
  write_record(status);
  const Json record = read_json(folder_->path() / "run.json");
  if (status != "interrupted") {
    illustrate();
    write_file_atomic(folder_->path() / "model_card.md", model_card(record, task_->card()));
  }
  return {folder_->path(), status, state_.step, StopSignal::received(), record};
}

void Run::begin() {
  const auto& path = folder_->path();
  state_.created = utc_timestamp();
  state_.id = sha256_hex(fs::absolute(path).string() + state_.created + std::to_string(unix_time_s())).substr(0, 8);
  state_.window_losses.assign(task_->players().size(), 0);
  // A full-size save at step 0 and room for two: a disk that is read-only or too small fails now, not in ten hours.
  fs::create_directories(checkpoints());
  uint64_t bytes = 0;
  for (const auto& state : {module_state(task_->module()), step_->optimizer_state()})
    for (const auto& [name, tensor] : state) bytes += tensor.nbytes();
  check_free_space(checkpoints(), bytes);
  task_->save_assets((path / "assets").string());
  write_file_atomic(path / "recipe.toml", to_toml(resolved_));
  metrics_.emplace(path, std::nullopt);
  write_record("running");
  save();
  if (saved_step_ != 0) fail(ErrorKind::Io, "checkpoint", "the first save failed; nothing was trained");
}

void Run::resume() {
  std::vector<std::string> rejected;
  const auto checkpoint = newest_checkpoint(checkpoints(), &rejected);
  for (const auto& line : rejected) log_warning("passed over a checkpoint: " + line);
  if (!checkpoint) {
    if (!rejected.empty())
      fail(ErrorKind::Io, "resume", "no checkpoint of ", folder_->path().string(),
           " is whole; start anew in another --run-folder");
    return begin();  // killed before the first save
  }
  const auto snapshot_state = read_json(checkpoint->folder / "state.json");
  std::string changed;
  for (const auto& [key, change] : config_changes(snapshot_state.at("recipe"), resolved_)) {
    const auto allows = [&, name = key](const std::string& allowed) {
      return allowed == "all" || allowed == name || name.starts_with(allowed + ".");
    };
    if (std::none_of(options_.allow_config_change.begin(), options_.allow_config_change.end(), allows))
      changed += "\n  " + key + ": " + change;
  }
  require("resume", changed.empty(), "the recipe differs from that of step ", checkpoint->manifest.step, ":", changed,
          "\nput it back, pass --allow-config-change KEY for what is meant to differ, or start a new run");
  require("resume", checkpoint->manifest.data_hash == task_->data_hash(), "the training data has changed: hash was ",
          checkpoint->manifest.data_hash, ", is ", task_->data_hash(), "; put it back, or start a new run");
  restore(*checkpoint);
  const int was = snapshot_state.value("threads", 0);
  if (was != num_threads())
    log_warning(fmt::format("resumed with {} threads after {}: sums round differently, so bits may differ",
                            num_threads(), was));
  metrics_.emplace(folder_->path(), state_.step);
  write_file_atomic(folder_->path() / "recipe.toml", to_toml(resolved_));
  task_->save_assets((folder_->path() / "assets").string());
  if (!options_.quiet) log_info(fmt::format("resumed {} at step {}", folder_->path().string(), state_.step));
}

void Run::restore(const Checkpoint& checkpoint) {
  const auto snapshot = load_snapshot(checkpoint);
  const std::string origin = checkpoint.model_file().string();
  load_module_state(task_->module(), snapshot.model, origin,
                    options_.allow_non_finite ? NonFinite::Allow : NonFinite::Refuse);
  if (ema_) ema_->load(snapshot.ema);
  std::map<std::string, Tensor> slots, generators;
  for (const auto& [name, tensor] : snapshot.optimizer)
    name.starts_with(kRng) ? generators[name.substr(sizeof kRng - 1)] = tensor : slots[name] = tensor;
  step_->load_optimizer_state(slots);
  set_generator_states(generators);
  Document document;
  document.root = snapshot.state;
  document.origin = (checkpoint.folder / "state.json").string();
  state_ = read_config<TrainState>(document, "counters");
  evaluations_ = snapshot.state.at("evaluations");
  wall_before_s_ = state_.wall_s;
  session_begin_s_ = now_s();
  saved_step_ = state_.step;
}

void Run::step() {
  const auto window = window_of_step(state_.step, config_.train.accumulate, task_->batches_per_epoch());
  const double begin_s = now_s(), begin_cpu_s = cpu_time_s(), lr_factor = factor();
  const auto outcome = step_->run(window, lr_factor, std::ref(*batches_));
  if (!outcome.finite) return on_non_finite(outcome, window);
  if (ema_) ema_->update(task_->module());
  const double seconds = now_s() - begin_s;
  batches_->step_took(seconds);
  state_.step_s += seconds;
  state_.step_cpu_s += cpu_time_s() - begin_cpu_s;
  state_.step += 1;
  state_.micro_batches = window.first + window.count;
  state_.units += outcome.weight;
  state_.empty += outcome.weight == 0;
  state_.window_weight += outcome.weight;
  size_t player = 0;
  if (outcome.weight > 0)
    for (const auto& p : task_->players()) state_.window_losses[player++] += outcome.losses.at(p.name) * outcome.weight;
  if (state_.step % log_every_ == 0 || state_.step == total_) log(outcome, lr_factor);
  if (progress_) progress_->update(state_.step, note());
}

// Loss and norm were judged before the optimiser stepped: the weights are still those of the step before.
void Run::on_non_finite(const StepOutcome& outcome, const StepWindow& window) {
  const auto& train = config_.train;
  const int64_t at_step = state_.step + 1;
  metrics_->write({{"event", "non_finite"},
                   {"step", at_step},
                   {"problem", outcome.problem},
                   {"policy", enum_name(train.non_finite)},
                   {"first_micro_batch", window.first},
                   {"micro_batches", window.count}});
  const std::string where = fmt::format("step {}: {} (micro-batches {} to {})", at_step, outcome.problem, window.first,
                                        window.first + window.count - 1);
  const bool budget_left = state_.skipped + state_.rollbacks < train.max_non_finite;
  if (train.non_finite == NonFinitePolicy::Stop || !budget_left)
    fail(ErrorKind::InvalidArgument, "train", where, "; the update was not applied, step ",
         checkpoint_steps(checkpoints()).back(), " is saved; lower optimizer.lr, set train.clip_grad_norm, or ",
         budget_left ? "set train.non_finite to skip or rollback" : "raise train.max_non_finite");
  log_warning(where + (train.non_finite == NonFinitePolicy::Skip ? ": skipped" : ": back to the last checkpoint"));
  if (train.non_finite == NonFinitePolicy::Skip) {
    state_.step += 1;
    state_.skipped += 1;
    state_.micro_batches = window.first + window.count;
    return;
  }
  const auto checkpoint = newest_checkpoint(checkpoints());
  if (!checkpoint) fail(ErrorKind::Io, "train", where, "; there is no whole checkpoint to go back to");
  const auto rollbacks = state_.rollbacks;
  const double lr_scale = state_.lr_scale;
  restore(*checkpoint);
  state_.rollbacks = rollbacks + 1;
  state_.lr_scale = lr_scale / 2;
  metrics_->rewind(state_.step);
}

void Run::log(const StepOutcome& outcome, double lr_factor) {
  Json event = {{"event", "train"}, {"step", state_.step}};
  const auto players = task_->players();
  if (state_.window_weight > 0) {
    state_.last_loss = 0;
    for (size_t i = 0; i < players.size(); ++i) {
      const double loss = state_.window_losses[i] / state_.window_weight;
      event[players.size() == 1 ? "loss" : "loss_" + players[i].name] = loss;
      state_.last_loss += loss;
    }
    if (players.size() > 1) event["loss"] = state_.last_loss;
  }
  state_.window_losses.assign(players.size(), 0);
  state_.window_weight = 0;
  event["lr"] = config_.optimizers.at(players.front().name).lr * lr_factor;
  event["grad_norm"] = outcome.grad_norm;
  event["units"] = state_.units;
  event["units_per_s"] = state_.step_s > 0 ? state_.units / state_.step_s : 0;
  if (const auto share = mfu(*task_, config_, state_, ceiling_)) event["mfu"] = *share;
  event["wall_s"] = wall_before_s_ + now_s() - session_begin_s_;
  metrics_->write(std::move(event));
}

bool Run::evaluation_due() const {
  return state_.step > 0 && state_.step != state_.evaluated_step &&
         (state_.step % eval_every_ == 0 || state_.step == total_);
}

bool Run::save_due() const {
  if (saved_step_ == state_.step || state_.step == 0) return false;
  if (state_.step == retry_step_ || state_.step == total_ || out_of_patience()) return true;
  if (config_.checkpoint.keep_best && state_.best_step == state_.step) return true;
  return state_.step % (config_.checkpoint.every > 0 ? config_.checkpoint.every : eval_every_) == 0;
}

bool Run::out_of_patience() const {
  return config_.early_stop.patience > 0 && state_.stale_evaluations >= config_.early_stop.patience;
}

void Run::evaluate() {
  const auto generators = generator_states();  // evaluation draws must not move training's
  Json metrics;
  {
    const EmaScope average(task_->module(), ema_ ? &*ema_ : nullptr);
    metrics = task_->evaluate("validation", config_.train.eval_limit);
  }
  set_generator_states(generators);
  state_.evaluated_step = state_.step;
  saved_step_ = -1;
  if (!metrics.is_object() || metrics.empty()) return;  // no validation data
  evaluations_["validation"] = metrics;
  const auto objective = task_->objective();
  INGOT_INVARIANT(metrics.contains(objective.metric), "evaluate() gave no ", objective.metric);
  const double value = metrics[objective.metric].is_number() ? metrics[objective.metric].get<double>() : NAN;
  const double gain = !state_.best ? INFINITY : objective.lower_is_better ? *state_.best - value : value - *state_.best;
  if (std::isfinite(value) && gain > config_.early_stop.min_delta) {
    state_.best = value;
    state_.best_step = state_.step;
    state_.stale_evaluations = 0;
  } else {
    state_.stale_evaluations += 1;
  }
  Json event = {{"event", "eval"}, {"step", state_.step}, {"split", "validation"}};
  std::string line = fmt::format("step {}  validation", state_.step);
  for (const auto& [key, metric] : metrics.items()) {
    event[key] = metric;
    if (metric.is_number_float()) line += fmt::format("  {} {:.4f}", key, metric.get<double>());
  }
  metrics_->write(std::move(event));
  if (progress_) progress_->print(line);
}

void Run::save() {
  state_.wall_s = wall_before_s_ + now_s() - session_begin_s_;
  const double begin_s = now_s();
  Snapshot snapshot{.step = state_.step,
                    .model = module_state(task_->module()),
                    .ema = ema_ ? ema_->state() : std::map<std::string, Tensor>(),
                    .optimizer = step_->optimizer_state(),
                    .state = {{"counters", write_config(state_)},
                              {"evaluations", evaluations_},
                              {"threads", num_threads()},
                              {"recipe", resolved_}},
                    .config_hash = config_hash_,
                    .data_hash = task_->data_hash()};
  for (const auto& [name, state] : generator_states()) snapshot.optimizer[kRng + name] = state;
  try {
    save_checkpoint(checkpoints(), snapshot);
    saved_step_ = state_.step;
    failed_saves_ = 0;
    if (config_.checkpoint.keep_best && state_.best && state_.best_step == state_.step)
      mark_best(checkpoints(), state_.step);
    prune_checkpoints(checkpoints(), config_.checkpoint.keep);
  } catch (const Error& e) {
    // The run goes on with the old checkpoint and tries again, each time after twice as many steps.
    retry_step_ = state_.step + (int64_t{1} << std::min(failed_saves_++, 20));
    metrics_->write({{"event", "save_failed"}, {"step", state_.step}, {"problem", e.what()}});
    if (state_.step == 0 || state_.step >= total_ || out_of_patience() || StopSignal::received() ||
        options_.stop_at_step == state_.step)
      throw;
    log_warning(fmt::format("{}; training goes on, the next try is at step {}", e.what(), retry_step_));
    return;
  }
  metrics_->write({{"event", "checkpoint"}, {"step", state_.step}, {"seconds", now_s() - begin_s}});
  write_record("running");
}

// Pictures are of the checkpoint that is evaluated and served, the best one, whose weights the module keeps.
void Run::illustrate() {
  const auto pictures = folder_->path() / "pictures";
  fs::create_directories(pictures);
  const auto weights = find_checkpoint(folder_->path(), "best").weights_file();
  load_module_state(task_->module(), load_tensors(weights), weights.string());
  const torch::NoGradGuard no_grad;
  task_->module().eval();
  task_->illustrate(pictures.string());
  if (fs::is_empty(pictures)) fs::remove(pictures);
}

void Run::write_record(const std::string& status, const std::string& error) {
  state_.wall_s = wall_before_s_ + now_s() - session_begin_s_;
  const Json record = run_record({*task_, config_, state_, evaluations_, ceiling_, family_, config_.train.name, status,
                                  error, config_hash_, task_->data_hash(), device_.str()});
  try {
    write_json(folder_->path() / "run.json", record);
    if (options_.use_home_folder) register_run(folder_->path(), record);
  } catch (const Error& e) {
    log_warning(std::string("the run record is not kept: ") + e.what());
  }
}

std::string Run::note() const {
  const double rate = state_.step_s > 0 ? state_.units / state_.step_s : 0;
  double loss = state_.last_loss;
  if (state_.window_weight > 0) {
    loss = 0;
    for (const double sum : state_.window_losses) loss += sum / state_.window_weight;
  }
  std::string text = fmt::format("loss {:.4f}  {} {}s/s", loss, si(rate), task_->unit());
  if (const auto share = mfu(*task_, config_, state_, ceiling_)) text += fmt::format("  MFU {:.0f}%", 100 * *share);
  if (config_.train.usd_per_hour > 0) {
    const double hours = (wall_before_s_ + now_s() - session_begin_s_) / 3600;
    text += fmt::format("  ${:.4f}", hours * config_.train.usd_per_hour);
  }
  return text;
}

}  // namespace

TrainResult train_task(const Document& recipe, const TrainOptions& options, const MakeTask& make) {
  Run run(recipe, options, make);
  return run.go();
}

TrainResult train(const Document& recipe, const TrainOptions& options) {
  return train_task(recipe, options, make_task);
}

}  // namespace ingot
