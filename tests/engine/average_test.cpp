#include "ingot/engine/average.h"

#include <fstream>

#include <gtest/gtest.h>

#include "engine/tiny_task.h"
#include "ingot/engine/train.h"
#include "ingot/formats/checkpoint_folder.h"
#include "ingot/torch/safetensors.h"
#include "support/error_of.h"
#include "support/temp_folder.h"

namespace ingot {
namespace {

Document kept(int64_t keep, const std::string& more = "") {
  return parse_toml(
      "[model]\nname = \"tiny\"\n[train]\nsteps = 12\nbatch_size = 8\nthreads = 1\neval_every = 3\n"
      "[optimizer]\nname = \"adam\"\nlr = 0.05\n[checkpoint]\nkeep_best = false\nkeep = " +
          std::to_string(keep) + "\n" + more,
      "average.toml");
}

std::map<std::string, Tensor> weights_at(const fs::path& run, const std::string& which) {
  return load_tensors(find_checkpoint(run, which).weights_file());
}

TEST(Average, IsTheMeanBitForBit) {
  for (const char* ema : {"", "[ema]\ndecay = 0.5\n"}) {  // of their averages, where the run keeps them
    const TempFolder run;
    train_task(kept(3, ema), {.run_folder = run.path(), .quiet = true, .use_home_folder = false}, tiny());
    const auto result = average_checkpoints(run.path(), 2);
    EXPECT_EQ(result["steps"], Json({9, 12}));
    const auto older = weights_at(run.path(), "9"), newer = weights_at(run.path(), "12"),
               mean = weights_at(run.path(), "average");
    EXPECT_EQ(mean.size(), 3u);
    for (const char* name : {"a", "b"}) {
      EXPECT_FALSE(older.at(name).equal(newer.at(name))) << name;
      for (int64_t i = 0; i < mean.at(name).numel(); ++i) {
        const double sum = double(older.at(name).data_ptr<float>()[i]) + double(newer.at(name).data_ptr<float>()[i]);
        EXPECT_EQ(mean.at(name).data_ptr<float>()[i], float(sum / 2)) << name;
      }
    }
    EXPECT_TRUE(mean.at("seen").equal(newer.at("seen"))) << "a counter is that of the newest";
    EXPECT_EQ(find_checkpoint(run.path(), "average").manifest.step, 12);
    // Neither the newest nor the best is another because of it.
    EXPECT_EQ(find_checkpoint(run.path(), "latest").folder.filename(), step_folder_name(12));
    EXPECT_EQ(average_checkpoints(run.path(), 3)["steps"], Json({6, 9, 12})) << "the old average makes room";
  }
}

TEST(Average, RefusesWhatItCannotAverage) {
  const TempFolder run;
  train_task(kept(2), {.run_folder = run.path(), .quiet = true, .use_home_folder = false}, tiny());
  EXPECT_NE(error_of([&] {
              find_checkpoint(run.path(), "average");
            }).find("has no averaged checkpoint; make it first: ingot average "),
            std::string::npos);
  EXPECT_NE(error_of([&] { average_checkpoints(run.path(), 1); }).find("--last is 1, expected 2 or more"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              average_checkpoints(run.path(), 5);
            }).find("keeps 2 checkpoints of training, expected 5; train with checkpoint.keep = 5 or more"),
            std::string::npos);
  const auto damaged = run / "checkpoints" / step_folder_name(9) / "model.safetensors";
  std::fstream(damaged, std::ios::in | std::ios::out | std::ios::binary).seekp(-3, std::ios::end).put('\x55');
  EXPECT_NE(error_of([&] { average_checkpoints(run.path(), 2); }).find(damaged.string()), std::string::npos);
  EXPECT_FALSE(fs::exists(run / "checkpoints" / kAverageFolder));
}

}  // namespace
}  // namespace ingot
