#include "ingot/engine/train.h"

#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "engine/tiny_task.h"
#include "ingot/base/error.h"
#include "ingot/engine/checkpoint.h"
#include "ingot/engine/run_folder.h"
#include "ingot/engine/train_config.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/formats/metrics_log.h"
#include "ingot/formats/tfevents.h"
#include "ingot/torch/compat.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

Document recipe(const std::string& more = "", const std::string& train = "steps = 24\nbatch_size = 8") {
  return parse_toml("[model]\nname = \"tiny\"\n[train]\nthreads = 1\nlog_every = 1\neval_every = 6\n" + train +
                        "\n[optimizer]\nname = \"adam\"\nlr = 0.01\n" + more,
                    "tiny.toml");
}

TrainOptions in(const fs::path& folder) { return {.run_folder = folder, .quiet = true, .use_home_folder = false}; }

// sha256 of every file of the newest checkpoint but state.json, which holds times.
std::map<std::string, std::string> hashes(const fs::path& run) {
  std::map<std::string, std::string> result;
  const auto checkpoint = newest_checkpoint(run / "checkpoints");
  for (const auto& file : checkpoint->manifest.files)
    if (file.name != "state.json") result[file.name] = file.sha256;
  return result;
}

std::vector<int64_t> steps_of(const fs::path& run, const std::string& event) {
  std::vector<int64_t> steps;
  for (const auto& line : read_metrics(run))
    if (line["event"] == event) steps.push_back(line["step"]);
  return steps;
}

TEST(Train, LeavesTheWholeRunFolder) {
  const TempFolder run;
  const auto result = train_task(recipe(), in(run.path()), tiny());
  EXPECT_EQ(result.status, "finished");
  EXPECT_EQ(result.step, 24);
  for (const char* name :
       {"recipe.toml", "run.json", "metrics.jsonl", "model_card.md", "checkpoints/LATEST", "checkpoints/BEST", "lock"})
    EXPECT_TRUE(fs::exists(run / name)) << name;
  const auto& train = result.record["train"];
  EXPECT_EQ(train["steps"], 24);
  EXPECT_EQ(train["units"], 24 * 8);
  EXPECT_LT(result.record["eval"]["validation"]["loss"].get<double>(), 0.5);
  EXPECT_EQ(result.record["model"]["parameters"], 16);
  const auto steps = steps_of(run.path(), "train");
  ASSERT_EQ(steps.size(), 24u);
  EXPECT_EQ(steps.back(), 24);
  EXPECT_EQ(steps_of(run.path(), "eval"), (std::vector<int64_t>{6, 12, 18, 24}));
  // The written recipe reads back to the same run.
  const TempFolder again;
  train_task(read_toml(run / "recipe.toml"), in(again.path()), tiny());
  EXPECT_EQ(hashes(run.path()), hashes(again.path()));
}

TEST(Train, SettlesPrecisionForTheDevice) {
  const auto precision = [](const std::string& asked) {
    return read_train_config(recipe("", "steps = 1\ndevice = \"cpu\"\nprecision = \"" + asked + "\"")).train.precision;
  };
  EXPECT_EQ(precision("auto"), has_bf16_units(at::kCPU) ? Precision::Bf16 : Precision::Fp32);
  EXPECT_EQ(precision("fp32"), Precision::Fp32);
  EXPECT_EQ(precision("bf16"), Precision::Bf16);
}

TEST(Train, ResumesBitForBit) {
  const std::string more = "[ema]\ndecay = 0.9\n[schedule]\nname = \"cosine\"\nwarmup = 3\n";
  const TempFolder whole;
  train_task(recipe(more), in(whole.path()), tiny());
  // Interrupted at step 0, between checkpoints, on an evaluation, one before the end; twice in a row; at the end.
  const TempFolder parts;
  for (const int64_t stop : {0, 1, 7, 7, 12, 23}) {
    auto options = in(parts.path());
    options.resume = true;
    options.stop_at_step = stop;
    torch::randn({100});  // whatever the process drew before must not matter
    EXPECT_EQ(train_task(recipe(more), options, tiny()).status, "interrupted");
  }
  auto options = in(parts.path());
  options.resume = true;
  EXPECT_EQ(train_task(recipe(more), options, tiny()).status, "finished");
  EXPECT_EQ(train_task(recipe(more), options, tiny()).step, 24);  // nothing left to do
  EXPECT_EQ(hashes(whole.path()), hashes(parts.path()));
  EXPECT_EQ(hashes(whole.path()).size(), 3u);  // model, ema, optimizer

  // The logs are those of one run, but for times.
  const auto plain = [](const fs::path& run) {
    std::string text;
    for (auto line : read_metrics(run)) {
      if (line["event"] == "checkpoint") continue;
      for (const char* key : {"wall_s", "units_per_s"}) line.erase(key);
      text += line.dump() + "\n";
    }
    return text;
  };
  EXPECT_EQ(plain(whole.path()), plain(parts.path()));
}

TEST(Train, RepairsLogsThatACrashCut) {
  const TempFolder run;
  auto options = in(run.path());
  options.stop_at_step = 9;
  train_task(recipe(), options, tiny());
  std::ofstream(run / "metrics.jsonl", std::ios::app)
      << "{\"event\":\"train\",\"step\":10,\"loss\":1}\n{\"event\":\"train\",\"st";  // steps that no checkpoint holds
  options.stop_at_step = {};
  options.resume = true;
  train_task(recipe(), options, tiny());
  std::vector<int64_t> expected(24);
  for (size_t i = 0; i < 24; ++i) expected[i] = int64_t(i) + 1;
  EXPECT_EQ(steps_of(run.path(), "train"), expected);
  std::vector<int64_t> scalars;
  for (const auto& entry : fs::directory_iterator(run.path()))
    if (entry.path().filename().string().starts_with("events.out.tfevents."))
      for (const auto& event : read_tfevents(entry.path()))
        if (event.tag == "train/loss") scalars.push_back(event.step);
  EXPECT_EQ(scalars, expected);
}

TEST(Train, EvaluationCadenceDoesNotMoveTheWeights) {
  const TempFolder often, seldom;
  train_task(recipe("", "steps = 12\nbatch_size = 8"), in(often.path()), tiny());
  auto document = recipe("", "steps = 12\nbatch_size = 8");
  document.set("train.eval_every=12");
  train_task(document, in(seldom.path()), tiny());
  EXPECT_EQ(hashes(often.path()), hashes(seldom.path()));
}

// Sums of losses over summed weights: micro-batches of any size are one large batch, the ragged last one included.
TEST(Train, AccumulationEqualsOneLargeBatch) {
  const auto weights = [](int64_t batch, int64_t accumulate) {
    const TempFolder run;
    train_task(recipe("", "epochs = 3\nclip_grad_norm = 0.5\nbatch_size = " + std::to_string(batch) +
                              "\naccumulate = " + std::to_string(accumulate)),
               in(run.path()), tiny({.rows = 42, .noise = false}));
    const auto tensors = load_tensors(newest_checkpoint(run / "checkpoints")->model_file());
    return torch::cat({tensors.at("a").flatten(), tensors.at("b").flatten()});
  };
  const auto large = weights(16, 1);  // windows of 16, 16 and 10 rows
  for (const auto& [batch, accumulate] : {std::pair{4, 4}, {2, 8}, {1, 16}, {8, 2}})
    EXPECT_LT((weights(batch, accumulate) - large).abs().max().item<double>(), 1e-6) << batch << " x " << accumulate;
}

TEST(Train, ThreadsMoveOnlyRounding) {
  const auto weights = [](int threads) {
    const TempFolder run;
    auto document = recipe();
    document.set("train.threads=" + std::to_string(threads));
    train_task(document, in(run.path()), tiny());
    return std::pair{hashes(run.path()), load_tensors(newest_checkpoint(run / "checkpoints")->model_file()).at("a")};
  };
  const auto one = weights(1), again = weights(1), two = weights(2);
  EXPECT_EQ(one.first, again.first);
  EXPECT_LT((one.second - two.second).abs().max().item<double>(), 1e-5);  // docs/train.md
}

TEST(Train, CountsNothingFromAMicroBatchWithoutLabels) {
  const TempFolder run;
  const auto result = train_task(recipe("", "steps = 5\nbatch_size = 8"), in(run.path()), tiny({.ignored_batch = 2}));
  EXPECT_EQ(result.record["train"]["units"], 4 * 8);
  EXPECT_EQ(result.record["train"]["empty_steps"], 1);
  for (const auto& [name, tensor] : load_tensors(newest_checkpoint(run / "checkpoints")->model_file()))
    EXPECT_TRUE(tensor.isfinite().all().item<bool>());
}

TEST(Train, BatchOfOneAndDataSmallerThanABatch) {
  for (const auto& [rows, batch] : {std::pair<int64_t, int64_t>{5, 1}, {3, 64}, {1, 1}}) {
    const TempFolder run;
    const auto result = train_task(recipe("", "epochs = 2\nbatch_size = " + std::to_string(batch)), in(run.path()),
                                   tiny({.rows = rows}));
    EXPECT_EQ(result.record["train"]["units"], 2 * rows);
  }
}

TEST(NonFinite, StopsBeforeTheStep) {
  const TempFolder run;
  const auto error = error_of([&] { train_task(recipe(), in(run.path()), tiny({.nan_batch = 13})); });
  EXPECT_NE(error.find("step 14: loss of model is "), std::string::npos) << error;
  EXPECT_NE(error.find("(micro-batches 13 to 13); the update was not applied, step 12 is saved"), std::string::npos);
  EXPECT_EQ(read_json(run / "run.json")["status"], "failed");
  for (const auto& [name, tensor] : load_tensors(newest_checkpoint(run / "checkpoints")->model_file()))
    EXPECT_TRUE(tensor.isfinite().all().item<bool>());
}

TEST(NonFinite, SkipsAndCounts) {
  const TempFolder run;
  const auto result = train_task(recipe("", "steps = 24\nbatch_size = 8\nnon_finite = \"skip\""), in(run.path()),
                                 tiny({.nan_batch = 13}));
  EXPECT_EQ(result.step, 24);
  EXPECT_EQ(result.record["train"]["skipped_steps"], 1);
  EXPECT_EQ(steps_of(run.path(), "non_finite"), std::vector<int64_t>{14});
}

TEST(NonFinite, RollsBackWithHalfTheRate) {
  const TempFolder run;
  auto document = recipe("", "steps = 7\nbatch_size = 8\nnon_finite = \"rollback\"");
  document.set("optimizer.name=sgd");
  document.set("optimizer.lr=1e19");  // overflows within a few steps until it was halved often enough
  document.set("train.max_non_finite=100");
  document.set("train.eval_every=1000");
  const auto result = train_task(document, in(run.path()), tiny());
  EXPECT_EQ(result.status, "finished");
  EXPECT_GT(result.record["train"]["rollbacks"], 3);
  EXPECT_EQ(steps_of(run.path(), "train").size(), 7u);  // no step twice
}

TEST(NonFinite, GivesUpWhenTheBudgetIsSpent) {
  const TempFolder run;
  auto document = recipe("", "steps = 24\nbatch_size = 8\nnon_finite = \"rollback\"\nmax_non_finite = 3");
  const auto error = error_of([&] { train_task(document, in(run.path()), tiny({.nan_batch = 13})); });
  EXPECT_NE(error.find("raise train.max_non_finite"), std::string::npos) << error;
}

// A best step whose own save failed must not leave BEST naming a folder that pruning removed.
TEST(Checkpoints, PruningKeepsWhatBestNames) {
  const TempFolder folder;
  for (int64_t step = 1; step <= 3; ++step)
    save_checkpoint(folder.path(), {.step = step,
                                    .model = {{"w", torch::ones({2})}},
                                    .ema = {},
                                    .optimizer = {{"w.m", torch::zeros({2})}},
                                    .state = Json::object(),
                                    .config_hash = "",
                                    .data_hash = ""});
  mark_best(folder.path(), 1);
  prune_checkpoints(folder.path(), 1);
  EXPECT_EQ(checkpoint_steps(folder.path()), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(best_step(folder.path()), 1);
}

TEST(EarlyStop, StopsAfterPatienceAndKeepsTheBest) {
  const TempFolder run;
  const auto result = train_task(recipe("[early_stop]\npatience = 2\n", "steps = 60\nbatch_size = 8"), in(run.path()),
                                 tiny({.validation = {3, 1, 2, 2, 0}}));
  EXPECT_EQ(result.status, "stopped_early");
  EXPECT_EQ(result.step, 24);
  EXPECT_EQ(result.record["eval"]["best"]["step"], 12);
  EXPECT_EQ(find_checkpoint(run.path(), "best").manifest.step, 12);
  EXPECT_EQ(read_file(run / "pictures" / "seen.txt"), "12");  // pictures are of the best, not of the last weights
}

TEST(Players, StepInTurnWithTheOthersFrozen) {
  const TempFolder run;
  auto document = recipe("[optimizer.discriminator]\nlr = 0.02\n");
  const auto result = train_task(document, in(run.path()), tiny({.two_players = true}));
  EXPECT_EQ(result.step, 24);
  const auto line = read_metrics(run.path()).at(1);  // after the checkpoint of step 0
  EXPECT_TRUE(line.contains("loss_discriminator") && line.contains("loss_generator")) << line.dump();
  EXPECT_EQ(line["lr"], 0.02);
  const auto error = error_of([&] {
    const TempFolder other;
    train_task(recipe("[optimizer.generater]\nlr = 0.02\n"), in(other.path()), tiny({.two_players = true}));
  });
  EXPECT_NE(error.find("did you mean 'generator'?"), std::string::npos) << error;
}

TEST(Checkpoints, KeepTheNewestAndTheBest) {
  const TempFolder run;
  train_task(recipe("[checkpoint]\nkeep = 2\n", "steps = 36\nbatch_size = 8"), in(run.path()),
             tiny({.validation = {3, 1, 2, 2, 2, 2}}));
  EXPECT_EQ(checkpoint_steps(run / "checkpoints"), (std::vector<int64_t>{12, 30, 36}));
}

TEST(Resume, FallsBackBehindADamagedCheckpoint) {
  const TempFolder whole, run;
  train_task(recipe(), in(whole.path()), tiny());
  auto options = in(run.path());
  options.stop_at_step = 18;
  train_task(recipe(), options, tiny());
  const auto model = run / "checkpoints" / "step-00000018" / "model.safetensors";
  fs::resize_file(model, fs::file_size(model) - 1);
  options.stop_at_step = {};
  options.resume = true;
  train_task(recipe(), options, tiny());
  EXPECT_EQ(hashes(whole.path()), hashes(run.path()));
}

class Refusal : public testing::Test {
 protected:
  void SetUp() override {
    auto options = in(run_.path());
    options.stop_at_step = 6;
    train_task(recipe(), options, tiny());
    resume_ = in(run_.path());
    resume_.resume = true;
  }
  TempFolder run_;
  TrainOptions resume_;
};

TEST_F(Refusal, OfASecondRunInOneFolder) {
  EXPECT_NE(error_of([&] { train_task(recipe(), in(run_.path()), tiny()); }).find("holds a run already; pass --resume"),
            std::string::npos);
}

TEST_F(Refusal, OfASecondTrainer) {
  const RunFolder held(run_.path());
  const auto error = error_of([&] { train_task(recipe(), resume_, tiny()); });
  EXPECT_NE(error.find("is in use by process " + std::to_string(getpid())), std::string::npos) << error;
}

TEST_F(Refusal, OfAChangedRecipeUnlessAllowed) {
  auto document = recipe();
  document.set("optimizer.lr=0.02");
  document.set("train.log_every=2");  // changes no result
  const auto error = error_of([&] { train_task(document, resume_, tiny()); });
  EXPECT_NE(error.find("differs from that of step 6:\n  optimizer.lr: 0.01 -> 0.02\n"), std::string::npos) << error;
  resume_.allow_config_change = {"optimizer"};
  EXPECT_EQ(train_task(document, resume_, tiny()).status, "finished");
}

TEST_F(Refusal, OfChangedData) {
  const auto error = error_of([&] { train_task(recipe(), resume_, tiny({.data_hash = "other"})); });
  EXPECT_NE(error.find("the training data has changed"), std::string::npos) << error;
}

TEST_F(Refusal, OfNonFiniteWeightsUnlessAllowed) {
  const auto folder = run_ / "checkpoints" / "step-00000006";
  auto tensors = load_tensors(folder / "model.safetensors");
  tensors["a"].view(-1)[3] = NAN;
  write_tensors(folder / "model.safetensors", tensors);
  auto manifest = open_checkpoint(run_ / "checkpoints" / "step-00000000").manifest;
  manifest.step = 6;
  for (auto& file : manifest.files) file = checksum_file(folder / file.name);
  write_file_atomic(folder / "MANIFEST.json", to_text(manifest));
  const auto error = error_of([&] { train_task(recipe(), resume_, tiny()); });
  EXPECT_NE(error.find("tensor a holds NaN or infinity; pass --allow-nonfinite"), std::string::npos) << error;
}

TEST(Refusal2, OfRecipesThatCannotTrain) {
  const TempFolder run;
  const auto error = [&](const std::string& train, const std::string& more = "") {
    return error_of([&] { train_task(recipe(more, train), in(run.path()), tiny()); });
  };
  EXPECT_NE(error("steps = 0").find("tiny.toml:7:1: train.steps: got neither steps nor epochs"), std::string::npos)
      << error("steps = 0");
  EXPECT_NE(error("steps = 5\nbatch_size = 0").find("tiny.toml:8:1: train.batch_size: got 0, expected 1 or more"),
            std::string::npos);
  EXPECT_NE(error("steps = 5\nbatchsize = 2").find("unknown key; did you mean 'batch_size'?"), std::string::npos);
  EXPECT_NE(error("steps = 5", "[shedule]\n").find("unknown section; did you mean 'schedule'?"), std::string::npos);
  for (const char* lr : {"0", "-1", "inf", "nan"}) {
    auto document = recipe();
    document.set(std::string("optimizer.lr=") + lr);
    const auto text = error_of([&] { train_task(document, in(run.path()), tiny()); });
    EXPECT_NE(text.find("--set: optimizer.lr: got"), std::string::npos) << text;
  }
}

TEST(Signals, EndTheStepSaveAndSayWhich) {
  const TempFolder run;
  auto options = in(run.path());
  // The signal arrives from inside the run: at the first evaluation.
  struct Raising : TinyTask {
    using TinyTask::TinyTask;
    Json evaluate(const std::string& split, int64_t limit) override {
      std::raise(SIGTERM);
      return TinyTask::evaluate(split, limit);
    }
  };
  const auto result = train_task(recipe(), options, [](const Document&, const TaskOptions& task) {
    return std::make_unique<Raising>(TinyOptions{}, task);
  });
  EXPECT_EQ(result.status, "interrupted");
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_EQ(newest_checkpoint(run / "checkpoints")->manifest.step, result.step);
}

}  // namespace
}  // namespace ingot
